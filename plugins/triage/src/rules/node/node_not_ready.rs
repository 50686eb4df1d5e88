//! A node is lost, or its kubelet says that it can not run pods.
//!
//! Fires a minute after `Ready` stopped being `True`; the class comes from reason and message. Critical when
//! half of the nodes are gone. Not for nodes that the autoscaler takes away, nor for nodes that just joined.

use std::collections::HashMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::condition::settled;
use super::node_problem::fault;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "node-not-ready",
    subject: Subject::Node,
    reads: &[Kind::Node],
    explains: &[Effect::Pods, Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let nodes = view.all(Kind::Node);
    let lost = nodes.iter().filter(|node| !node.condition_is("Ready", "True")).count();
    let half = lost * 2 >= nodes.len() && nodes.len() > 1;
    let severity = if half { Severity::Critical } else { Severity::Error };
    let found: Vec<(&Value, Draft)> =
        settled(view).filter_map(|node| Some((node, judge(view, node, severity)?))).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let mut pods: HashMap<&str, usize> = HashMap::new();
    for pod in view.all(Kind::Pod) {
        *pods.entry(pod.text("/spec/nodeName")).or_default() += 1;
    }
    let count = |node: &Value| pods.get(node.name()).copied().unwrap_or_default();
    found.into_iter().map(|(node, draft)| with_pods(draft, node, count(node))).collect()
}

fn judge<'a>(view: &View<'a>, node: &'a Value, severity: Severity) -> Option<Draft> {
    let ready = node.condition("Ready")?;
    if !matches!(ready.text("/status"), "False" | "Unknown")
        || view.age(ready.time("/lastTransitionTime"))? < GRACE
    {
        return None;
    }
    let message = ready.text("/message");
    let mut draft = Draft::new(RULE.id, class(ready.text("/reason"), message), severity, node);
    for field in ["status", "reason", "message", "lastHeartbeatTime"] {
        draft.field(node, &format!(".status.conditions[type=Ready].{field}"));
    }
    draft.field(node, ".spec.taints");
    if let Some(lease) = view.find(Kind::Lease, "kube-node-lease", node.name()).found() {
        draft.field(lease, ".spec.renewTime");
    }
    draft.since(node, ".status.conditions[type=Ready].lastTransitionTime");
    for problem in node.items("/status/conditions").iter().filter(|condition| fault(condition).is_some()) {
        draft.field(node, &format!(".status.conditions[type={}].message", problem.text("/type")));
    }
    draft.check(&["kubectl", "describe", "node", node.name()], "conditions and events of the node");
    draft.check(
        &["kubectl", "-n", "kube-node-lease", "get", "lease", node.name(), "-o", "yaml"],
        "when the kubelet last renewed its lease",
    );
    Some(draft)
}

fn with_pods(mut draft: Draft, node: &Value, pods: usize) -> Draft {
    let ready = node.condition("Ready");
    let told = |field| ready.map_or("", |ready| ready.text(field));
    draft.computed(node, ".metadata.name", format!("{pods} pods are assigned to the node"));
    draft.summary(format!(
        "node {} is NotReady ({}): {}; {pods} pods on it",
        node.name(),
        told("/reason"),
        told("/message")
    ));
    draft
}

fn class(reason: &str, message: &str) -> &'static str {
    let has = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
    if has(&["never posted"]) || reason == "NodeStatusNeverUpdated" {
        "never-posted"
    } else if reason == "NodeStatusUnknown" || has(&["stopped posting"]) {
        "unknown"
    } else if has(&["shutting down"]) {
        "shutdown"
    } else if has(&["container runtime network not ready", "network plugin", "NetworkReady=false", "cni"]) {
        "network"
    } else if has(&["container runtime", "PLEG", "RuntimeReady=false"]) {
        "runtime"
    } else {
        "kubelet"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LATELY, LONG_AGO, Scene, owned, pod};

    fn node(status: &str, reason: &str, message: &str) -> Value {
        json!({"status": {"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message,
            "lastTransitionTime": EARLIER}]}})
    }

    #[test]
    fn reason_and_message_tell_the_class() {
        let cases = [
            ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", "unknown"),
            ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.", "never-posted"),
            ("False", "KubeletNotReady", "container runtime is down", "runtime"),
            ("False", "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 5m ago", "runtime"),
            (
                "False",
                "KubeletNotReady",
                "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized",
                "network",
            ),
            ("False", "KubeletNotReady", "node is shutting down", "shutdown"),
            ("False", "KubeletNotReady", "CSINode is not yet initialized", "kubelet"),
        ];
        for (status, reason, message, class) in cases {
            let scene = Scene::new().with(Kind::Node, "n1", node(status, reason, message));
            scene.finds(&format!("node-not-ready/{class}"));
        }
    }

    #[test]
    fn half_of_the_nodes_is_critical() {
        let scene = Scene::new().with(Kind::Node, "n1", node("Unknown", "NodeStatusUnknown", "gone")).with(
            Kind::Node,
            "n2",
            node("True", "KubeletReady", "ready"),
        );
        assert_eq!(scene.findings()[0].severity, Severity::Critical);
        let scene = scene.with(Kind::Node, "n3", node("True", "KubeletReady", "ready"));
        assert_eq!(scene.findings()[0].severity, Severity::Error);
    }

    #[test]
    fn a_node_that_leaves_joins_or_flaps_is_silent() {
        let mut leaving = node("Unknown", "NodeStatusUnknown", "gone");
        leaving["spec"]["taints"] =
            json!([{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]);
        Scene::new().with(Kind::Node, "n1", leaving).is_silent();
        let mut young = node("False", "KubeletNotReady", "container runtime network not ready");
        young["metadata"]["creationTimestamp"] = json!("2026-11-16T11:55:01Z");
        Scene::new().with(Kind::Node, "n1", young).is_silent();
        let scene = Scene::new().with(Kind::Node, "n1", node("Unknown", "NodeStatusUnknown", "gone"));
        assert!(scene.clone().at("2026-11-16T11:30:59Z").told().is_empty());
        assert_eq!(scene.at("2026-11-16T11:31:00Z").told(), ["node-not-ready/unknown"]);
    }

    #[test]
    fn the_pods_of_a_lost_node_are_symptoms() {
        let mut lost = pod(
            "a",
            &json!({"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": LONG_AGO}}}),
        );
        lost["metadata"]["deletionTimestamp"] = json!(LATELY);
        let scene = Scene::new()
            .with(
                Kind::Node,
                "n1",
                node("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
            )
            .with(Kind::StatefulSet, "a", json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 0}}))
            .with(Kind::Pod, "a-0", owned(lost, "StatefulSet", "a", "statefulsets-a"));
        let finding = scene.findings().remove(0);
        assert_eq!(scene.told(), ["node-not-ready/unknown"]);
        assert!(finding.symptoms.iter().any(|symptom| symptom.rule == "sts-ordinal-blocked"), "{finding:#?}");
    }
}
