//! `rwo-shared`: a claim that one node can have is used by several replicas or workloads, and a pod on another
//! node than the holder's waits for it.
//!
//! Not on: users on one node; the one replica of a workload that moves (`volume-attach-failed` tells that).

use holmes_protocol::Severity;
use serde_json::Value;

use super::users::{Users, waits_for_volumes};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "rwo-shared",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim, Kind::Pod],
    explains: &[
        Effect::MissingPods,
        Effect::Rule("volume-attach-failed"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("container-not-starting"),
        Effect::Rule("pending-unschedulable"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let is_single = |claim: &&Value| {
        let modes = claim.items("/spec/accessModes");
        let single = |mode: &Value| matches!(mode.as_str(), Some("ReadWriteOnce" | "ReadWriteOncePod"));
        !modes.is_empty() && modes.iter().all(single) && claim.text("/status/phase") == "Bound"
    };
    let claims: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(is_single).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    claims.into_iter().filter_map(|claim| judge(view, claim, &users)).collect()
}

fn judge<'a>(view: &View<'a>, claim: &'a Value, users: &Users<'a>) -> Option<Draft> {
    let pods = users.of(claim);
    if pods.len() < 2 {
        return None;
    }
    let holder = *pods.iter().find(|pod| pod.text("/status/phase") == "Running" && !pod.is_deleting())?;
    let node = holder.text("/spec/nodeName");
    let old = |pod: &Value| view.age(pod.created()) >= Some(GRACE);
    let is_blocked = |pod: &&Value| {
        waits_for_volumes(pod) && pod.text("/spec/nodeName") != node && old(pod)
            || is_refused(pod) && old(pod)
    };
    let mut blocked: Vec<&Value> = pods.iter().copied().filter(is_blocked).collect();
    blocked.retain(|pod| shares(view, holder, pod));
    blocked.sort_by_key(|pod| pod.name());
    let first = *blocked.first()?;
    let mut draft = Draft::new(RULE.id, "", Severity::Error, claim);
    draft.field(claim, ".spec.accessModes");
    draft.field(holder, ".spec.nodeName");
    draft.affects(holder);
    for pod in &blocked {
        draft.takes_down.insert(pod.key());
        draft.since(pod, ".metadata.creationTimestamp");
    }
    for pod in blocked.iter().take(3) {
        draft.field(pod, ".spec.nodeName");
        draft.field(pod, ".status.phase");
        draft.affects(pod);
        draft.affects(view.top(pod));
    }
    if view.top(first).key() == view.top(holder).key() {
        draft.field(view.top(first), ".spec.replicas");
    }
    draft.summary(format!(
        "claim {} can be on one node only; pod {} has it on {node}, pod {} waits for it elsewhere",
        claim.name(),
        holder.name(),
        first.name()
    ));
    draft.suggest("give every replica a claim of its own, or use a class that offers ReadWriteMany");
    draft.check(&["kubectl", "get", "volumeattachments"], "where the volume is attached");
    Some(draft)
}

/// Does the scheduler refuse the pod because another one has the claim for itself?
fn is_refused(pod: &Value) -> bool {
    let condition = pod.condition("PodScheduled");
    condition.is_some_and(|one| {
        one.text("/status") == "False" && one.text("/message").contains("ReadWriteOncePod")
    })
}

/// Are they meant to run at the same time: replicas of one template, or two workloads?
fn shares<'a>(view: &View<'a>, holder: &'a Value, pod: &'a Value) -> bool {
    let (one, other) = (view.top(holder), view.top(pod));
    one.key() != other.key() || one.number("/spec/replicas").is_some_and(|replicas| replicas > 1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn using(mut pod: Value, node: &str) -> Value {
        pod["spec"]["nodeName"] = json!(node);
        pod["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
        owned(pod, "StatefulSet", "app", "statefulsets-app")
    }

    fn starting() -> Value {
        let status =
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
        let mut pod = pod("app", &status);
        pod["status"]["phase"] = json!("Pending");
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER});
        pod["status"]["conditions"] = json!([scheduled]);
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod
    }

    fn cluster(mode: &str, replicas: i64, node: &str) -> Scene {
        let claim =
            json!({"spec": {"accessModes": [mode], "volumeName": "disk"}, "status": {"phase": "Bound"}});
        let text = "Multi-Attach error for volume \"disk\" Volume is already used by pod(s) app-0";
        Scene::new()
            .with(
                Kind::StatefulSet,
                "app",
                json!({"spec": {"replicas": replicas}, "status": {"readyReplicas": 1}}),
            )
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(Kind::PersistentVolume, "disk", json!({"status": {"phase": "Bound"}}))
            .with(Kind::Pod, "app-0", using(healthy_pod("app"), "n1"))
            .with(Kind::Pod, "app-1", using(starting(), node))
            .event(Kind::Pod, "app-1", "FailedAttachVolume", text)
    }

    #[test]
    fn replicas_on_two_nodes_with_one_disk_are_told() {
        let finding = cluster("ReadWriteOnce", 2, "n2").finds("rwo-shared/");
        assert!(finding.symptoms.iter().any(|one| one.rule == "volume-attach-failed"));
    }

    #[test]
    fn one_node_one_replica_and_many_writers_are_another_matter() {
        for scene in [
            cluster("ReadWriteOnce", 2, "n1"),
            cluster("ReadWriteOnce", 1, "n2"),
            cluster("ReadWriteMany", 2, "n2"),
        ] {
            let told = scene.told();
            assert!(!told.contains(&"rwo-shared/".to_owned()), "{told:?}");
        }
    }

    #[test]
    fn replicas_that_run_are_silent() {
        let claim = json!({"spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "disk"}, "status": {"phase": "Bound"}});
        Scene::new()
            .with(Kind::StatefulSet, "app", json!({"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}))
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(Kind::PersistentVolume, "disk", json!({"status": {"phase": "Bound"}}))
            .with(Kind::Pod, "app-0", using(healthy_pod("app"), "n1"))
            .with(Kind::Pod, "app-1", using(healthy_pod("app"), "n1"))
            .is_silent();
    }
}
