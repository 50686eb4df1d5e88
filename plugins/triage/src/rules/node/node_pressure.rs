//! A node runs out of memory, disk or process ids.
//!
//! Fires two minutes after a pressure condition, or on two evictions within an hour that name the resource
//! although the condition has passed. `threshold-suspicious` when the eviction threshold is more than half of
//! the node's capacity: then the setting is wrong, not the node.

use std::collections::BTreeMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::condition::{holding, settled, stated};
use crate::decode::between;
use crate::draft::Draft;
use crate::object::{Object, Seconds, quantity};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 120;
const WINDOW: Seconds = 3600;
const REPEATED: usize = 2;

pub(super) const RULE: Rule = Rule {
    id: "node-pressure",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Pod],
    explains: &[
        Effect::Rule("evicted"),
        Effect::Rule("pending-unschedulable"),
        Effect::Class("image-pull", "disk"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let evictions = evictions(view);
    settled(view)
        .filter(|node| node.condition_is("Ready", "True"))
        .flat_map(|node| {
            ["memory", "disk", "pid"]
                .into_iter()
                .filter_map(|resource| {
                    let pods = evictions.get(&(node.name(), resource)).map_or(&[][..], Vec::as_slice);
                    judge(view, node, resource, pods)
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Pods that were evicted lately, by node and by the resource that their message names.
fn evictions<'a>(view: &View<'a>) -> BTreeMap<(&'a str, &'static str), Vec<&'a Value>> {
    let mut found: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for pod in view.all(Kind::Pod) {
        if pod.text("/status/phase") != "Failed" || pod.text("/status/reason") != "Evicted" {
            continue;
        }
        let ended =
            pod.condition("DisruptionTarget").and_then(|condition| condition.time("/lastTransitionTime"));
        let recent =
            view.age(ended.or_else(|| pod.time("/status/startTime"))).is_some_and(|age| age <= WINDOW);
        let resource =
            match between(pod.text("/status/message"), "low on resource: ", ".").unwrap_or_default() {
                "memory" => "memory",
                "ephemeral-storage" | "inodes" | "imagefs" | "nodefs" => "disk",
                "pids" => "pid",
                _ => continue,
            };
        if recent {
            found.entry((pod.text("/spec/nodeName"), resource)).or_default().push(pod);
        }
    }
    found
}

fn judge<'a>(view: &View<'a>, node: &'a Value, resource: &str, evicted: &[&'a Value]) -> Option<Draft> {
    let kind = match resource {
        "memory" => "MemoryPressure",
        "disk" => "DiskPressure",
        _ => "PIDPressure",
    };
    let holds = holding(view, node);
    let condition = holds
        .iter()
        .find(|(condition, age)| condition.text("/type") == kind && *age >= GRACE)
        .map(|(one, _)| *one);
    if condition.is_none() && evicted.len() < REPEATED {
        return None;
    }
    let suspicious =
        evicted.iter().copied().find(|pod| is_beyond_half(node, resource, pod.text("/status/message")));
    let class = if suspicious.is_some() { "threshold-suspicious" } else { resource };
    let mut draft = if let Some(condition) = condition {
        stated(RULE.id, class, Severity::Error, node, condition)
    } else {
        let mut draft = Draft::new(RULE.id, class, Severity::Error, node);
        draft.summary(format!("node {} evicted {} pods for lack of {resource}", node.name(), evicted.len()));
        draft
    };
    for pod in suspicious.iter().chain(evicted.iter().take(REPEATED)) {
        draft.affects(pod);
        draft.field(pod, ".status.message");
        draft.since(pod, ".status.conditions[type=DisruptionTarget].lastTransitionTime");
    }
    if suspicious.is_some() {
        draft.field(node, ".status.capacity");
        draft.suggest("the kubelet's eviction threshold is more than half of what the node has");
    }
    Some(draft)
}

/// `Threshold quantity: 10Gi, available: …`: is that more than half of the node's capacity?
fn is_beyond_half(node: &Value, resource: &str, message: &str) -> bool {
    let threshold = between(message, "Threshold quantity: ", ",").and_then(quantity);
    let name = if resource == "disk" { "ephemeral-storage" } else { resource };
    let capacity = quantity(node.text(&format!("/status/capacity/{name}")));
    threshold.zip(capacity).is_some_and(|(threshold, capacity)| threshold * 2 > capacity)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::condition::tests::node_with;
    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    fn evicted(threshold: &str) -> Value {
        json!({"spec": {"nodeName": "n1"}, "status": {"phase": "Failed", "reason": "Evicted", "startTime": EARLIER,
            "message": format!("The node was low on resource: memory. Threshold quantity: {threshold}, available: 90Mi.")}})
    }

    fn told(scene: &Scene) -> Vec<String> {
        scene.told().into_iter().filter(|told| told.starts_with("node-pressure")).collect()
    }

    #[test]
    fn each_pressure_has_its_class() {
        for (kind, class) in [("MemoryPressure", "memory"), ("DiskPressure", "disk"), ("PIDPressure", "pid")]
        {
            let scene = Scene::new().with(Kind::Node, "n1", node_with(kind, "True", "kubelet has it"));
            scene.finds(&format!("node-pressure/{class}"));
            Scene::new().with(Kind::Node, "n1", node_with(kind, "False", "kubelet has none")).is_silent();
            assert!(scene.clone().at("2026-11-16T11:31:59Z").told().is_empty());
            assert_eq!(scene.at("2026-11-16T11:32:00Z").told(), [format!("node-pressure/{class}")]);
        }
    }

    #[test]
    fn two_evictions_tell_of_a_pressure_that_has_passed() {
        let scene = Scene::new()
            .with(Kind::Node, "n1", node_with("MemoryPressure", "False", "has sufficient"))
            .with(Kind::Pod, "a-1", evicted("100Mi"));
        assert!(told(&scene).is_empty());
        assert_eq!(told(&scene.with(Kind::Pod, "a-2", evicted("100Mi"))), ["node-pressure/memory"]);
    }

    #[test]
    fn a_threshold_of_most_of_the_node_is_suspicious() {
        let mut node = node_with("MemoryPressure", "True", "kubelet has insufficient memory available");
        node["status"]["capacity"] = json!({"memory": "16Gi"});
        let scene = Scene::new().with(Kind::Node, "n1", node).with(Kind::Pod, "a-1", evicted("12Gi"));
        assert_eq!(told(&scene), ["node-pressure/threshold-suspicious"]);
    }
}
