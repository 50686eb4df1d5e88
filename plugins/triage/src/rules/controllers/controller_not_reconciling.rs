//! A controller does not act on the newest specification of an object.
//!
//! Fires when `generation` is ahead of `observedGeneration` and that is certainly no matter of moments: the
//! object was never observed for five minutes, the leader's lease is that old, or objects of three kinds are
//! behind at once (the controller manager, critical). One gap alone may be a second old. Not when paused.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 300;
const MANY: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "controller-not-reconciling",
    subject: Subject::ControlPlane,
    reads: &[Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet],
    explains: &[Effect::MissingPods],
    yields_to: &[Cause::Dependency, Cause::Rule("control-plane-pod")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let behind: Vec<&Value> = [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|object| is_behind(object))
        .collect();
    let mut kinds: Vec<&str> = behind.iter().map(|object| object.kind()).collect();
    kinds.dedup();
    let lease = view.find(Kind::Lease, "kube-system", "kube-controller-manager").found();
    let lease = lease.filter(|lease| view.age(lease.time("/spec/renewTime")) >= Some(GRACE));
    behind
        .into_iter()
        .filter(|object| {
            let never = object.number("/status/observedGeneration").unwrap_or_default() == 0;
            let old = view.age(object.created()) >= Some(GRACE);
            old && (never || lease.is_some() || kinds.len() >= MANY)
        })
        .map(|object| judge(view, object, lease, kinds.len() >= MANY))
        .collect()
}

fn is_behind(object: &Value) -> bool {
    let observed = object.number("/status/observedGeneration").unwrap_or_default();
    let generation = object.number("/metadata/generation").unwrap_or_default();
    generation > observed && !object.flag("/spec/paused") && !object.is_deleting()
}

fn judge(view: &View<'_>, object: &Value, lease: Option<&Value>, all: bool) -> Draft {
    let severity = if all { Severity::Critical } else { Severity::Error };
    let mut draft = Draft::new(RULE.id, "", severity, object);
    // One silent controller manager is one failure.
    "kube-controller-manager".clone_into(&mut draft.collapse);
    draft.field(object, ".metadata.generation");
    draft.field(object, ".status.observedGeneration");
    let observed = object.number("/status/observedGeneration").unwrap_or_default();
    draft.computed(object, ".status.observedGeneration", observed);
    if let Some(lease) = lease {
        draft.field(lease, ".spec.renewTime");
        draft.since(lease, ".spec.renewTime");
    } else if observed == 0 {
        draft.since(object, ".metadata.creationTimestamp");
    }
    for pod in view.pods_in("kube-system") {
        if pod.text("/metadata/labels/component") == "kube-controller-manager" {
            draft.depends_on.insert(pod.key());
        }
    }
    draft.summary(format!(
        "nobody acts on {} {}: generation {}, observed {observed}",
        object.kind(),
        object.name(),
        object.number("/metadata/generation").unwrap_or_default()
    ));
    draft.check(
        &["kubectl", "-n", "kube-system", "get", "lease", "kube-controller-manager", "-o", "yaml"],
        "who leads, and since when it is silent",
    );
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, JUST_NOW, NOW, Scene};

    fn object(observed: &Value) -> Value {
        json!({"metadata": {"generation": 2}, "spec": {"replicas": 0}, "status": {"observedGeneration": observed}})
    }

    #[test]
    fn an_object_that_was_never_observed_is_told_after_five_minutes() {
        let mut new = object(&Value::Null);
        new["metadata"]["creationTimestamp"] = json!(EARLIER);
        let scene = Scene::new().with(Kind::Deployment, "web", new.clone());
        scene.finds("controller-not-reconciling/");
        new["metadata"]["creationTimestamp"] = json!(JUST_NOW);
        Scene::new().with(Kind::Deployment, "web", new).is_silent();
    }

    #[test]
    fn a_gap_counts_when_the_leader_is_silent() {
        let lease = |at: &str| json!({"metadata": {"namespace": "kube-system"}, "spec": {"renewTime": at}});
        let scene = Scene::new().with(Kind::Deployment, "web", object(&json!(1)));
        scene.is_silent();
        scene.clone().with(Kind::Lease, "kube-controller-manager", lease(NOW)).is_silent();
        scene
            .with(Kind::Lease, "kube-controller-manager", lease(EARLIER))
            .finds("controller-not-reconciling/");
    }

    #[test]
    fn three_kinds_at_once_are_the_controller_manager() {
        let scene = Scene::new()
            .with(Kind::Deployment, "a", object(&json!(1)))
            .with(Kind::ReplicaSet, "b", object(&json!(1)))
            .with(Kind::DaemonSet, "c", object(&json!(1)));
        assert_eq!(scene.finds("controller-not-reconciling/").severity, Severity::Critical);
    }
}
