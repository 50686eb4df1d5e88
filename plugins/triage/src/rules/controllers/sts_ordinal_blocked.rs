//! A `StatefulSet` waits for one of its pods: the higher ordinals are not made, or the update does not go on.
//!
//! Fires when a pod is not ready past its probes' budget, the policy is `OrderedReady`, and pods are missing or
//! of an older revision. A fix of the template does not reach the broken pod before it is deleted. Not with
//! `podManagementPolicy: Parallel`.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::readiness::is_overdue;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "sts-ordinal-blocked",
    subject: Subject::Controller,
    reads: &[Kind::StatefulSet, Kind::Pod],
    explains: &[
        Effect::Rule("svc-no-ready-endpoints"),
        Effect::Rule("hpa-no-metrics"),
        Effect::Rule("hpa-maxed"),
        Effect::Rule("apiservice-unavailable"),
    ],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::StatefulSet).iter().filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let ready = object.number("/status/readyReplicas").unwrap_or_default();
    if ready >= wanted || object.is_deleting() || object.text("/spec/podManagementPolicy") == "Parallel" {
        return None;
    }
    let pods = view.children(object);
    let overdue = pods.iter().filter(|pod| is_overdue(view, pod, 0));
    let broken = overdue.min_by_key(|pod| ordinal(pod))?;
    let mut draft = Draft::new(RULE.id, "", Severity::Error, object);
    draft.confidence(Confidence::Medium);
    for path in
        [".spec.replicas", ".status.readyReplicas", ".status.currentRevision", ".status.updateRevision"]
    {
        draft.field(object, path);
    }
    draft.affects(broken);
    draft.field(broken, ".status.phase");
    draft.field(broken, ".status.conditions[type=Ready].status");
    draft.field(broken, ".metadata.labels['controller-revision-hash']");
    draft.since(broken, ".status.conditions[type=Ready].lastTransitionTime");
    draft.since(broken, ".metadata.creationTimestamp");
    draft.summary(format!(
        "StatefulSet {} has {ready} of {wanted} replicas ready, {} is not ready",
        object.name(),
        broken.name()
    ));
    let revision = broken.text("/metadata/labels/controller-revision-hash");
    if !revision.is_empty() && revision != object.text("/status/updateRevision") {
        draft.suggest("the broken pod is of an older revision: a corrected template reaches it only after it is deleted");
    }
    let namespace = object.namespace();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", broken.name()], "why it is not ready");
    Some(draft)
}

fn ordinal(pod: &Value) -> i64 {
    pod.name().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene, healthy_pod, owned};

    fn set(policy: &str) -> Value {
        json!({"spec": {"replicas": 3, "podManagementPolicy": policy, "serviceName": ""}, "status": {"readyReplicas": 0,
            "currentRevision": "db-1", "updateRevision": "db-2"}})
    }

    fn unready() -> Value {
        let mut pod = healthy_pod("db");
        pod["metadata"]["labels"]["controller-revision-hash"] = json!("db-1");
        pod["status"]["conditions"][0] =
            json!({"type": "Ready", "status": "False", "lastTransitionTime": EARLIER});
        owned(pod, "StatefulSet", "db", "statefulsets-db")
    }

    fn scene(policy: &str) -> Scene {
        Scene::new().with(Kind::StatefulSet, "db", set(policy)).with(Kind::Pod, "db-0", unready())
    }

    #[test]
    fn the_first_broken_ordinal_is_named_and_what_a_fix_needs() {
        let finding = scene("OrderedReady").finds("sts-ordinal-blocked/");
        assert!(finding.summary.contains("db-0"), "{}", finding.summary);
        assert!(finding.suggestion[0].contains("deleted"), "{:?}", finding.suggestion);
    }

    #[test]
    fn a_parallel_set_does_not_wait() {
        scene("Parallel").is_silent();
    }

    #[test]
    fn a_pod_within_its_budget_is_no_obstacle() {
        assert!(scene("OrderedReady").at("2026-11-16T11:30:59Z").told().is_empty());
        assert_eq!(scene("OrderedReady").at("2026-11-16T11:31:00Z").told(), ["sts-ordinal-blocked/"]);
    }
}
