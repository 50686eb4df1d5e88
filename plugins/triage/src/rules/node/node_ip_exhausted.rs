//! A node has no addresses left for pods.
//!
//! Fires on sandboxes that fail for lack of an address, on `CIDRNotAvailable` or `CIDRAssignmentFailed`, and on
//! a node without `podCIDR` while others have one. Not where no node has one: not every network plugin uses it.

use std::collections::BTreeMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::condition::settled;
use crate::containers::{Container, containers};
use crate::decode::volume::{sandbox_cause, sandbox_class};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, event_time};

const SAMPLES: usize = 3;
/// A sandbox is tried again within seconds; an older complaint was overcome.
const CURRENT: Seconds = 600;

pub(super) const RULE: Rule = Rule {
    id: "node-ip-exhausted",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Pod, Kind::Event],
    explains: &[Effect::Rule("sandbox-failed"), Effect::Rule("node-network-unavailable")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut complaints: BTreeMap<&str, Vec<(&Value, &Value)>> = BTreeMap::new();
    let pending = view.all(Kind::Pod).iter().filter(|pod| {
        pod.text("/status/phase") == "Pending"
            && !pod.is_deleting()
            && !containers(pod).iter().any(Container::has_started)
    });
    for pod in pending {
        let is_about_addresses = |message: &str| sandbox_class(message) == "ip-exhausted";
        let event = view.newest_event(pod, &["FailedCreatePodSandBox"], is_about_addresses);
        if let Some(event) = event.filter(|event| view.now - event_time(event) <= CURRENT) {
            complaints.entry(pod.text("/spec/nodeName")).or_default().push((pod, event));
        }
    }
    let others_have = view.all(Kind::Node).iter().any(has_range);
    settled(view)
        .filter_map(|node| {
            let pods = complaints.get(node.name()).map_or(&[][..], Vec::as_slice);
            judge(view, node, pods, others_have)
        })
        .collect()
}

fn has_range(node: &Value) -> bool {
    !node.text("/spec/podCIDR").is_empty()
}

fn judge<'a>(
    view: &View<'a>,
    node: &'a Value,
    pods: &[(&'a Value, &'a Value)],
    others_have: bool,
) -> Option<Draft> {
    let refused = view.newest_event(node, &["CIDRNotAvailable", "CIDRAssignmentFailed"], |_| true);
    let lacks = others_have && !has_range(node);
    let refused = refused.filter(|_| !has_range(node));
    if pods.is_empty() && refused.is_none() && !lacks {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Error, node);
    for (pod, event) in pods.iter().take(SAMPLES) {
        draft.affects(pod);
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    if let Some(event) = refused {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    if pods.is_empty() {
        draft.field(node, ".metadata.name");
        draft.computed(node, ".spec.podCIDR", node.text("/spec/podCIDR"));
    } else {
        draft.field(node, ".status.allocatable.pods");
    }
    let why = match (pods.first(), refused) {
        (Some(&(_, event)), _) | (None, Some(event)) => sandbox_cause(event.text("/message")),
        (None, None) => "it has no podCIDR, other nodes have one",
    };
    draft.summary(format!("node {} has no addresses for pods: {why}", node.name()));
    draft.check(&["kubectl", "describe", "node", node.name()], "its range and how many pods it holds");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene};

    fn node(range: &str) -> Value {
        json!({"spec": {"podCIDR": range}, "status": {"allocatable": {"pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}})
    }

    #[test]
    fn a_sandbox_without_an_address_is_the_nodes_failure() {
        let pod = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"nodeName": "n1"}, "status": {"phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}],
            "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]}});
        let scene = Scene::new().with(Kind::Node, "n1", node("")).with(Kind::Pod, "a-1", pod);
        let message = |text: &str| scene.clone().event(Kind::Pod, "a-1", "FailedCreatePodSandBox", text);
        let finding = message("plugin type=\"azure-vnet\" failed (add): no IP addresses available in range")
            .finds("node-ip-exhausted/");
        assert_eq!(finding.symptoms[0].rule, "sandbox-failed");
        let told = message("plugin type=\"azure-vnet\" failed (add): connection refused").told();
        assert!(!told.contains(&"node-ip-exhausted/".to_owned()), "{told:?}");
    }

    #[test]
    fn a_range_is_missed_only_where_others_have_one() {
        let scene = Scene::new().with(Kind::Node, "n1", node("")).with(Kind::Node, "n2", node(""));
        scene.is_silent();
        let scene = scene.with(Kind::Node, "n3", node("10.244.3.0/24"));
        assert_eq!(scene.told(), ["node-ip-exhausted/", "node-ip-exhausted/"]);
    }

    #[test]
    fn the_controller_says_that_no_range_is_left() {
        let scene = Scene::new().with(Kind::Node, "n1", node(""));
        let message = "Node n1 status is now: CIDRNotAvailable";
        scene.event(Kind::Node, "n1", "CIDRNotAvailable", message).finds("node-ip-exhausted/");
        let has = Scene::new().with(Kind::Node, "n1", node("10.244.3.0/24"));
        has.event(Kind::Node, "n1", "CIDRNotAvailable", message).is_silent();
    }
}
