//! A Deployment's rollout does not get on.
//!
//! Fires on `ProgressDeadlineExceeded` (`deadline`; `old-and-new` when both revisions serve), on a surge pod
//! that is blocked while `maxUnavailable` resolves to zero and the deadline has not come (`surge-blocked`), and
//! on a rollout that is paused for an hour with replicas missing (`paused`). Not on one paused with nothing
//! missing. The pod below, where it has a finding, is the cause.

use holmes_protocol::Severity;
use serde_json::{Value, json};

use super::readiness::is_overdue;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::template;
use crate::view::View;

/// The default of `progressDeadlineSeconds`.
const DEADLINE: Seconds = 600;
const PAUSED: Seconds = 3600;

pub(super) const RULE: Rule = Rule {
    id: "rollout-stuck",
    subject: Subject::Controller,
    reads: &[Kind::Deployment],
    explains: &[
        Effect::Rule("svc-no-ready-endpoints"),
        Effect::Rule("hpa-no-metrics"),
        Effect::Rule("hpa-maxed"),
        Effect::Rule("apiservice-unavailable"),
        Effect::Rule("deployment-unavailable"),
    ],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Deployment).iter().filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let available = object.number("/status/availableReplicas").unwrap_or_default();
    if wanted == 0 || object.is_deleting() {
        return None;
    }
    let class = class(view, object, available < wanted)?;
    let mut draft = Draft::new(RULE.id, class, Severity::Error, object);
    for field in ["reason", "message"] {
        draft.field(object, &format!(".status.conditions[type=Progressing].{field}"));
    }
    for path in [".spec.replicas", ".status.replicas", ".status.updatedReplicas", ".status.availableReplicas"]
    {
        draft.field(object, path);
    }
    match class {
        "paused" => draft.field(object, ".spec.paused"),
        "surge-blocked" => draft.field(object, ".spec.strategy.rollingUpdate"),
        _ => {}
    }
    draft.since(object, ".status.conditions[type=Progressing].lastTransitionTime");
    let failing = view.pods_of(object).into_iter().find(|pod| is_overdue(view, pod, 0));
    if let Some(pod) = failing {
        draft.changed(template::changes(view, pod));
    }
    let what = if class == "paused" { "is paused" } else { "does not progress" };
    draft.summary(format!(
        "rollout of Deployment {} {what} ({class}), {available} of {wanted} replicas available",
        object.name()
    ));
    let target = format!("deployment/{}", object.name());
    let namespace = object.namespace();
    draft.check(&["kubectl", "-n", namespace, "rollout", "status", &target], "how far the rollout is");
    if class == "paused" {
        draft.fix(
            &["kubectl", "-n", namespace, "rollout", "resume", &target],
            "goes on with the rollout",
            "low",
        );
    } else {
        draft.fix(
            &["kubectl", "-n", namespace, "rollout", "undo", &target],
            "back to the revision before",
            "high",
        );
    }
    Some(draft)
}

fn class(view: &View<'_>, object: &Value, short: bool) -> Option<&'static str> {
    let progressing = object.condition("Progressing")?;
    let reason = progressing.text("/reason");
    let age = view.age(progressing.time("/lastTransitionTime"))?;
    if object.flag("/spec/paused") {
        return (short && age >= PAUSED).then_some("paused");
    }
    let sets = || view.children(object).iter();
    let serving = sets().filter(|set| set.number("/status/readyReplicas").unwrap_or_default() > 0).count();
    if reason == "ProgressDeadlineExceeded" {
        return Some(if serving >= 2 { "old-and-new" } else { "deadline" });
    }
    // Progress is stated until the deadline; hours of it hide a surge pod that can not come up.
    let newest = sets().max_by_key(|set| (revision(set), set.created(), set.name()))?;
    let number = |pointer| newest.number(pointer).unwrap_or_default();
    let blocked = number("/status/replicas") > number("/status/readyReplicas")
        && view.age(newest.created())? >= DEADLINE
        && view.children(newest).iter().any(|pod| is_overdue(view, pod, DEADLINE));
    let rolling = reason == "ReplicaSetUpdated" || reason == "NewReplicaSetCreated";
    (rolling && blocked && serving > 0 && no_pod_may_be_missing(object)).then_some("surge-blocked")
}

/// A rollback takes an old `ReplicaSet` again; the annotation counts, not the age.
fn revision(set: &Value) -> i64 {
    let annotations = set.pairs("/metadata/annotations");
    let found = annotations.iter().find(|(key, _)| *key == "deployment.kubernetes.io/revision");
    found.and_then(|(_, text)| text.parse().ok()).unwrap_or_default()
}

/// Does `maxUnavailable` resolve to zero? A percentage is rounded down, the default is 25 %.
fn no_pod_may_be_missing(object: &Value) -> bool {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let default = json!("25%");
    let value = object.pointer("/spec/strategy/rollingUpdate/maxUnavailable").unwrap_or(&default);
    let percent =
        value.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<i64>().ok());
    let allowed = percent.map(|percent| wanted * percent / 100).or_else(|| value.as_i64());
    object.text("/spec/strategy/type") != "Recreate" && allowed == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene, crashing_pod, healthy_pod, owned};

    fn deployment(reason: &str, since: &str) -> Value {
        json!({"spec": {"replicas": 2, "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}},
            "status": {"replicas": 3, "updatedReplicas": 1, "availableReplicas": 1, "conditions": [
                {"type": "Progressing", "status": if reason == "ProgressDeadlineExceeded" { "False" } else { "True" },
                 "reason": reason, "message": "told by the controller", "lastTransitionTime": since}]}})
    }

    fn set(ready: i64, at: &str) -> Value {
        let set = json!({"metadata": {"creationTimestamp": at}, "spec": {"replicas": 1},
            "status": {"replicas": 1, "readyReplicas": ready}});
        owned(set, "Deployment", "web", "deployments-web")
    }

    #[test]
    fn a_rollout_past_its_deadline_is_stuck() {
        let scene =
            Scene::new().with(Kind::Deployment, "web", deployment("ProgressDeadlineExceeded", EARLIER));
        scene.finds("rollout-stuck/deadline");
        let both = scene.with(Kind::ReplicaSet, "web-1", set(1, LONG_AGO)).with(
            Kind::ReplicaSet,
            "web-2",
            set(1, EARLIER),
        );
        both.finds("rollout-stuck/old-and-new");
        Scene::new().with(Kind::Deployment, "web", deployment("ReplicaSetUpdated", EARLIER)).is_silent();
    }

    #[test]
    fn the_pod_below_is_the_cause() {
        let pod = owned(crashing_pod("web"), "ReplicaSet", "web-2", "replicasets-web-2");
        let scene = Scene::new()
            .with(Kind::Deployment, "web", deployment("ProgressDeadlineExceeded", EARLIER))
            .with(Kind::ReplicaSet, "web-2", set(0, EARLIER))
            .with(Kind::Pod, "web-2-1", pod);
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }

    #[test]
    fn a_surge_pod_that_never_gets_ready_blocks_when_none_may_be_missing() {
        let mut waiting = healthy_pod("web");
        waiting["status"]["conditions"][0] =
            json!({"type": "Ready", "status": "False", "lastTransitionTime": EARLIER});
        waiting["status"]["containerStatuses"][0]["ready"] = json!(false);
        let scene = |most: i64| {
            let mut deployment = deployment("ReplicaSetUpdated", EARLIER);
            deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = json!(most);
            Scene::new()
                .with(Kind::Deployment, "web", deployment)
                .with(Kind::ReplicaSet, "web-1", set(1, LONG_AGO))
                .with(Kind::ReplicaSet, "web-2", set(0, EARLIER))
                .with(
                    Kind::Pod,
                    "web-2-1",
                    owned(waiting.clone(), "ReplicaSet", "web-2", "replicasets-web-2"),
                )
        };
        // The pod that is not ready is the root.
        let blocked = |scene: Scene| {
            let findings = scene.findings();
            findings
                .iter()
                .flat_map(|finding| &finding.symptoms)
                .any(|symptom| symptom.class == "surge-blocked")
        };
        assert!(blocked(scene(0)));
        assert!(!blocked(scene(1)));
    }

    #[test]
    fn a_rollback_makes_an_old_set_the_newest() {
        let set = |revision: &str| json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": revision}}});
        assert!(revision(&set("10")) > revision(&set("9")));
        assert_eq!(revision(&json!({})), 0);
    }

    #[test]
    fn a_pause_counts_after_an_hour_and_only_when_replicas_are_missing() {
        let paused = |available: i64| {
            let mut deployment = deployment("DeploymentPaused", LONG_AGO);
            deployment["status"]["conditions"][0]["status"] = json!("Unknown");
            deployment["spec"]["paused"] = json!(true);
            deployment["status"]["availableReplicas"] = json!(available);
            Scene::new().with(Kind::Deployment, "web", deployment)
        };
        paused(1).finds("rollout-stuck/paused");
        paused(2).is_silent();
        assert!(paused(1).at("2026-11-01T12:59:59Z").told().is_empty());
    }
}
