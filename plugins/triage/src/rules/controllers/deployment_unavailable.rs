//! A Deployment has fewer available replicas than it wants, and nothing below it says why.
//!
//! Fires two minutes after availability was lost. Not while a rollout is under way inside of its deadline, not
//! when paused on purpose, nor while the autoscaler brings a node for a pod that is missing; any finding of a pod,
//! of a refusal or of a node below it takes its place.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::readiness::is_overdue;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::scheduling::placement::is_scaling_up;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

/// Pods that are replaced are missing for a moment.
const GRACE: Seconds = 120;
/// Where pods or events may not be read nobody sees that a node is on its way, which takes minutes.
const BLIND_GRACE: Seconds = 600;

pub(super) const RULE: Rule = Rule {
    id: "deployment-unavailable",
    subject: Subject::Controller,
    reads: &[Kind::Deployment],
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
    view.all(Kind::Deployment).iter().filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let available = object.number("/status/availableReplicas").unwrap_or_default();
    if available >= wanted || object.is_deleting() || is_rolling(object, wanted) {
        return None;
    }
    let since = object.condition("Available").and_then(|condition| condition.time("/lastTransitionTime"));
    let sees = |kind| view.is_complete(kind, object.namespace());
    let grace = if sees(Kind::Pod) && sees(Kind::Event) { GRACE } else { BLIND_GRACE };
    let lost = object.condition_is("Available", "False") && view.age(since.max(object.created()))? >= grace;
    let pods = view.pods_of(object);
    if pods.iter().any(|pod| is_scaling_up(view, pod))
        || !lost && !pods.iter().any(|pod| is_overdue(view, pod, GRACE))
    {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, object);
    draft.confidence(Confidence::Medium);
    for path in [".spec.replicas", ".status.replicas", ".status.readyReplicas", ".status.availableReplicas"] {
        draft.field(object, path);
    }
    if lost {
        draft.field(object, ".status.conditions[type=Available].message");
        draft.since(object, ".status.conditions[type=Available].lastTransitionTime");
    }
    draft.summary(format!("Deployment {} has {available} of {wanted} replicas available", object.name()));
    let target = format!("deployment/{}", object.name());
    draft.check(&["kubectl", "-n", object.namespace(), "describe", &target], "its events and ReplicaSets");
    Some(draft)
}

/// Is another rule to judge, because a rollout is under way, late or paused?
fn is_rolling(object: &Value, wanted: i64) -> bool {
    let updated = object.number("/status/updatedReplicas").unwrap_or(wanted);
    let progressing = object.condition("Progressing").map(|condition| condition.text("/reason"));
    object.flag("/spec/paused")
        || updated < wanted
        || progressing.is_some_and(|reason| reason != "NewReplicaSetAvailable")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene, crashing_pod, owned};

    fn deployment(reason: &str) -> Value {
        json!({"spec": {"replicas": 2}, "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1, "conditions": [
            {"type": "Progressing", "status": "True", "reason": reason, "lastTransitionTime": EARLIER},
            {"type": "Available", "status": "False", "message": "no minimum availability", "lastTransitionTime": EARLIER}]}})
    }

    #[test]
    fn lost_replicas_are_told_after_two_minutes() {
        let scene = Scene::new().with(Kind::Deployment, "web", deployment("NewReplicaSetAvailable"));
        scene.finds("deployment-unavailable/");
        assert!(scene.clone().at("2026-11-16T11:31:59Z").told().is_empty());
        assert_eq!(scene.at("2026-11-16T11:32:00Z").told(), ["deployment-unavailable/"]);
    }

    #[test]
    fn a_rollout_under_way_is_silent() {
        Scene::new().with(Kind::Deployment, "web", deployment("ReplicaSetUpdated")).is_silent();
        let mut full = deployment("NewReplicaSetAvailable");
        full["status"]["availableReplicas"] = json!(2);
        Scene::new().with(Kind::Deployment, "web", full).is_silent();
    }

    #[test]
    fn pods_that_wait_for_a_node_on_its_way_are_silent() {
        let set = owned(json!({"spec": {"replicas": 2}}), "Deployment", "web", "deployments-web");
        let message = "0/1 nodes are available: 1 Insufficient cpu.";
        let pending = json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": message, "lastTransitionTime": EARLIER}]}});
        let scene = Scene::new()
            .with(Kind::Deployment, "web", deployment("NewReplicaSetAvailable"))
            .with(Kind::ReplicaSet, "web-1", set)
            .with(Kind::Pod, "web-1-1", owned(pending, "ReplicaSet", "web-1", "replicasets-web-1"));
        assert_eq!(scene.told(), ["pending-unschedulable/cpu"]);
        let scene = scene.event(Kind::Pod, "web-1-1", "TriggeredScaleUp", "pod triggered scale-up");
        assert!(scene.told().is_empty(), "{:?}", scene.told());
    }

    #[test]
    fn a_pod_that_tells_why_takes_its_place() {
        let set = owned(json!({"spec": {"replicas": 2}}), "Deployment", "web", "deployments-web");
        let scene = Scene::new()
            .with(Kind::Deployment, "web", deployment("NewReplicaSetAvailable"))
            .with(Kind::ReplicaSet, "web-1", set)
            .with(
                Kind::Pod,
                "web-1-1",
                owned(crashing_pod("web"), "ReplicaSet", "web-1", "replicasets-web-1"),
            );
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }
}
