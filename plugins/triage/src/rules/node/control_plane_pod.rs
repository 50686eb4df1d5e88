//! A part of the control plane that runs as a pod is not ready.
//!
//! Fires a minute after `etcd`, API server, scheduler, controller manager or their cloud counterpart stopped
//! being ready on a node that answers. Managed control planes run no pods here and can not be seen.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::controllers::readiness::is_overdue;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;
const COMPONENTS: [&str; 5] =
    ["kube-apiserver", "kube-scheduler", "kube-controller-manager", "etcd", "cloud-controller-manager"];

pub(super) const RULE: Rule = Rule {
    id: "control-plane-pod",
    subject: Subject::ControlPlane,
    reads: &[Kind::Pod, Kind::Node],
    explains: &[Effect::Rule("pending-no-scheduler"), Effect::Rule("controller-not-reconciling")],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.pods_in("kube-system").iter();
    pods.filter(|pod| COMPONENTS.contains(&component(pod)) && !pod.is_deleting())
        .filter(|pod| is_overdue(view, pod, GRACE))
        .filter_map(|pod| judge(view, pod))
        .collect()
}

fn component(pod: &Value) -> &str {
    match pod.text("/metadata/labels/component") {
        "" => pod.text("/metadata/labels/k8s-app"),
        name => name,
    }
}

/// The node is the root: the pod is a mirror of a file on it.
fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let node = view.node_of(pod).filter(|node| node.condition_is("Ready", "True"))?;
    let mut draft = Draft::new(RULE.id, component(pod), Severity::Critical, node);
    draft.parameters.push(component(pod).to_owned());
    draft.collapse = pod.key();
    draft.takes_down.insert(pod.key());
    draft.affects(pod);
    draft.field(pod, ".metadata.labels.component");
    draft.field(pod, ".status.phase");
    draft.field(pod, ".status.conditions[type=Ready].status");
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!("{} on node {} is not ready", component(pod), node.name()));
    draft.check(&["kubectl", "-n", "kube-system", "describe", "pod", pod.name()], "why it is not ready");
    draft.check(&["kubectl", "-n", "kube-system", "logs", pod.name(), "--tail=50"], "what it says");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene};

    fn cluster(ready: &str) -> Scene {
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let pod = json!({"metadata": {"namespace": "kube-system", "labels": {"component": "kube-scheduler"},
                "ownerReferences": [{"kind": "Node", "name": "n1", "uid": "nodes-n1", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "kube-scheduler"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": EARLIER}]}});
        Scene::new().with(Kind::Node, "n1", node).with(Kind::Pod, "kube-scheduler-n1", pod)
    }

    #[test]
    fn a_scheduler_that_is_not_ready_is_critical() {
        assert_eq!(cluster("False").finds("control-plane-pod/kube-scheduler").severity, Severity::Critical);
        cluster("True").is_silent();
        assert!(cluster("False").at("2026-11-16T11:30:59Z").told().is_empty());
    }

    #[test]
    fn it_explains_pods_that_nobody_looks_at() {
        let unseen = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"schedulerName": "default-scheduler"}, "status": {"phase": "Pending"}});
        let scene = cluster("False").with(Kind::Pod, "a-1", unseen);
        assert_eq!(scene.told(), ["control-plane-pod/kube-scheduler"]);
    }
}
