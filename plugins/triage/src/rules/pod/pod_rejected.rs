//! The kubelet refused a pod that was placed on its node: no room, another label, a port, a device, a profile that is
//! not there, or the node goes down. The class is its reason. Not where a running pod has replaced it.

use holmes_protocol::Severity;
use serde_json::Value;

use super::{ended_at, is_made_up_for};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const WINDOW: Seconds = 24 * 3600;
const REASONS: [&str; 13] = [
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "NodeUnschedulable",
    "TaintToleration",
    "UnexpectedAdmissionError",
    "NodeShutdown",
    "Terminated",
    "AppArmor",
    "SysctlForbidden",
    "TopologyAffinityError",
    "PodOSNotSupported",
    "VolumeAttachmentLimitExceeded",
];

pub(super) const RULE: Rule = Rule {
    id: "pod-rejected",
    subject: Subject::Pod(53),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failed = view.all(Kind::Pod).iter().filter(|pod| pod.text("/status/phase") == "Failed");
    failed.filter(|pod| is_rejected(pod)).filter_map(|pod| judge(view, pod)).collect()
}

/// Did the kubelet refuse it?
pub(super) fn is_rejected(pod: &Value) -> bool {
    let reason = pod.text("/status/reason");
    reason.starts_with("OutOf") || REASONS.contains(&reason)
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if view.age(ended_at(pod))? > WINDOW || is_made_up_for(view, pod) {
        return None;
    }
    let (reason, message) = (pod.text("/status/reason"), pod.text("/status/message"));
    let class = if reason == "Terminated" { "NodeShutdown" } else { reason };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, None);
    draft.field(pod, ".status.reason");
    draft.field(pod, ".status.message");
    draft.field(pod, ".spec.nodeName");
    draft.since(pod, ".metadata.creationTimestamp");
    let node = pod.text("/spec/nodeName");
    draft.summary(format!("node {node} refused the pod ({reason}): {message}"));
    draft.check(&["kubectl", "describe", "node", node], "what the node has left, its labels and conditions");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(reason: &str, ready: i64) -> Scene {
        let pod = json!({"metadata": {"creationTimestamp": EARLIER,
                "ownerReferences": [{"kind": "ReplicaSet", "name": "a", "uid": "replicasets-a", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "app"}]},
            "status": {"phase": "Failed", "reason": reason, "message": "Pod was rejected: Node didn't have enough resource: cpu"}});
        let set = json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": ready}});
        Scene::new().with(Kind::ReplicaSet, "a", set).with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn the_kubelets_reason_is_the_class() {
        scene("OutOfcpu", 0).finds("pod-rejected/OutOfcpu");
        assert_eq!(scene("UnexpectedAdmissionError", 0).told(), ["pod-rejected/UnexpectedAdmissionError"]);
        assert_eq!(scene("Terminated", 0).told(), ["pod-rejected/NodeShutdown"]);
    }

    #[test]
    fn one_that_was_replaced_is_silent() {
        assert!(scene("OutOfcpu", 1).told().is_empty());
        assert!(scene("OutOfcpu", 0).at("2026-11-17T11:30:01Z").told().is_empty());
    }
}
