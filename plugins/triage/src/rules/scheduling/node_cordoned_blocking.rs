//! Pods wait because every node that they may use is cordoned.
//!
//! Fires when a pod is unschedulable, past the grace of `pending-unschedulable`, and of the nodes that its
//! selector, affinity, tolerations and bound volumes allow none is open, at least one being cordoned. Not for a
//! cordon that nobody waits for.

use std::collections::BTreeMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::placement::{Demands, is_ailing, placed_volumes, reaches, unschedulable};
use crate::decode::scheduler::reasons;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Nodes and pods that a finding names, beside the count.
const SAMPLES: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "node-cordoned-blocking",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Pod],
    explains: &[Effect::Rule("pending-unschedulable")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut waiting: BTreeMap<Vec<&str>, Vec<&Value>> = BTreeMap::new();
    for (pod, condition) in unschedulable(view) {
        let said = reasons(condition.text("/message")).iter().any(|reason| reason.class == "cordoned");
        let nodes = if said { closed_nodes(view, pod) } else { Vec::new() };
        if !nodes.is_empty() {
            waiting.entry(nodes).or_default().push(pod);
        }
    }
    waiting.into_iter().filter_map(|(nodes, pods)| judge(view, &nodes, &pods)).collect()
}

/// The cordoned nodes of the pod, when they are all that it may use.
fn closed_nodes<'a>(view: &View<'a>, pod: &Value) -> Vec<&'a str> {
    let demands = Demands::of(pod);
    let disks = placed_volumes(view, pod);
    let allowed = view.all(Kind::Node).iter().filter(|node| {
        demands.select(node)
            && demands.untolerated(node).is_empty()
            && disks.iter().all(|(_, disk)| reaches(disk, node))
    });
    let (closed, open): (Vec<&Value>, Vec<&Value>) =
        allowed.filter(|node| !is_ailing(node)).partition(|node| demands.is_shut_out(node));
    if open.is_empty() { closed.into_iter().map(Value::name).collect() } else { Vec::new() }
}

fn judge(view: &View<'_>, names: &[&str], pods: &[&Value]) -> Option<Draft> {
    let nodes: Vec<&Value> =
        names.iter().filter_map(|name| view.find(Kind::Node, "", name).found()).collect();
    let (root, pod) = (nodes.first()?, pods.first()?);
    let mut draft = Draft::new(RULE.id, "", Severity::Error, root);
    draft.finding.count = u32::try_from(pods.len()).unwrap_or(u32::MAX);
    for node in nodes.iter().take(SAMPLES) {
        draft.field(node, ".spec.unschedulable");
        draft.affects(node);
        draft.fix(&["kubectl", "uncordon", node.name()], "lets pods on the node again", "low");
        let cordon = ".spec.taints[key=node.kubernetes.io/unschedulable].timeAdded";
        draft.since(node, cordon);
        if let Some(event) = view.newest_event(node, &["NodeNotSchedulable"], |_| true) {
            draft.event(event);
        }
    }
    for node in &nodes {
        draft.takes_down.insert(node.key());
    }
    draft.field(pod, ".status.conditions[type=PodScheduled].message");
    pods.iter().take(SAMPLES).for_each(|pod| draft.affects(pod));
    draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    draft.summary(format!(
        "{} pods can run only on cordoned nodes: {}",
        pods.len(),
        names.iter().take(SAMPLES).copied().collect::<Vec<_>>().join(", ")
    ));
    draft.check(&["kubectl", "describe", "node", root.name()], "who cordoned it, and since when");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene};

    fn node(cordoned: bool) -> Value {
        let mut node = json!({"spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        if cordoned {
            node["spec"]["taints"] =
                json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
        }
        node
    }

    fn pending() -> Value {
        json!({"spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": EARLIER,
             "message": "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available"}]}})
    }

    #[test]
    fn a_cordon_blocks_only_who_waits_for_it() {
        let scene = Scene::new().with(Kind::Node, "n1", node(true));
        scene.is_silent();
        let finding = scene.with(Kind::Pod, "a-1", pending()).finds("node-cordoned-blocking/");
        assert_eq!(finding.symptoms[0].rule, "pending-unschedulable");
        assert_eq!(finding.fixes[0].argv, ["kubectl", "uncordon", "n1"]);
    }

    #[test]
    fn an_open_node_beside_it_is_the_scheduler_s_business() {
        let mut pod = pending();
        pod["status"]["conditions"][0]["message"] =
            json!("0/2 nodes are available: 1 node(s) were unschedulable, 1 Insufficient cpu.");
        let scene = Scene::new().with(Kind::Node, "n1", node(true)).with(Kind::Node, "n2", node(false));
        assert_eq!(scene.with(Kind::Pod, "a-1", pod).told(), ["pending-unschedulable/cpu"]);
    }

    #[test]
    fn the_last_node_of_the_volumes_zone_counts() {
        let mut pod = pending();
        pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
        let zone = |mut node: Value, zone: &str| {
            node["metadata"]["labels"] = json!({"zone": zone});
            node
        };
        let disk = json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["z1"]}]}]}}}});
        let scene = Scene::new()
            .with(Kind::Node, "n1", zone(node(true), "z1"))
            .with(Kind::Node, "n2", zone(node(false), "z2"))
            .with(
                Kind::PersistentVolumeClaim,
                "data",
                json!({"spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}}),
            )
            .with(Kind::PersistentVolume, "pv", disk)
            .with(Kind::Pod, "a-1", pod);
        assert_eq!(scene.told(), ["node-cordoned-blocking/"]);
    }
}
