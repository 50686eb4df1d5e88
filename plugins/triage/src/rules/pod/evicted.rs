//! A pod was put out: by the kubelet for what it or others used, or by the API for a taint or a drain. Only while its
//! controller has not made up for it, or when it happened twice or more within the hour.

use std::collections::HashMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::{ended_at, is_made_up_for};
use crate::decode::eviction;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const WINDOW: Seconds = 3600;

pub(super) const RULE: Rule = Rule {
    id: "evicted",
    subject: Subject::Pod(52),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failed = view.all(Kind::Pod).iter().filter(|pod| pod.text("/status/phase") == "Failed");
    let evicted: Vec<(&Value, &str)> = failed
        .filter_map(|pod| Some((pod, class(pod)?)))
        .filter(|(pod, _)| view.age(ended_at(pod)).is_some_and(|age| age <= WINDOW))
        .collect();
    let mut siblings: HashMap<String, usize> = HashMap::new();
    for (pod, _) in &evicted {
        *siblings.entry(view.top(pod).key()).or_default() += 1;
    }
    let again = |pod: &'_ Value, key: String| {
        siblings.get(&key).is_some_and(|count| *count > 1) || !is_made_up_for(view, pod)
    };
    let ours = evicted.iter().filter(|(pod, _)| again(pod, view.top(pod).key()));
    ours.map(|(pod, class)| draft(view, pod, class)).collect()
}

/// Who put it out, and why; none for a pod that failed otherwise.
fn class(pod: &Value) -> Option<&'static str> {
    if pod.text("/status/reason") == "Evicted" {
        return Some(eviction::class(pod.text("/status/message")));
    }
    let target = pod.condition("DisruptionTarget").filter(|target| target.text("/status") == "True")?;
    match target.text("/reason") {
        "EvictionByEvictionAPI" => Some("api"),
        "DeletionByTaintManager" => Some("taint"),
        _ => None,
    }
}

fn draft<'a>(view: &View<'a>, pod: &'a Value, class: &str) -> Draft {
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, None);
    draft.field(pod, ".status.reason");
    draft.field(pod, ".status.message");
    if matches!(class, "api" | "taint") {
        draft.field(pod, ".status.conditions[type=DisruptionTarget].reason");
    }
    draft.field(pod, ".spec.nodeName");
    if class == "emptydir-limit" {
        for (index, volume) in pod.items("/spec/volumes").iter().enumerate() {
            if volume.get("emptyDir").is_some() {
                draft.field(pod, &format!(".spec.volumes[{index}]"));
            }
        }
    }
    draft.since(pod, ".status.conditions[type=DisruptionTarget].lastTransitionTime");
    let (node, message) = (pod.text("/spec/nodeName"), pod.text("/status/message"));
    draft.summary(format!("pod was evicted from node {node} ({class}): {message}"));
    match class {
        "ephemeral-limit" | "emptydir-limit" => {
            draft.suggest("the pod writes more than its own limit allows: raise the limit, or write less");
        }
        "node-memory" | "node-disk" | "node-pid" => {
            draft
                .suggest("the node ran short: who uses more than it requests goes first, so set the request");
        }
        _ => {}
    }
    draft.check(&["kubectl", "describe", "node", node], "the node's conditions and what runs on it");
    draft
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    const MEMORY: &str = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. ";

    fn evicted(message: &str, at: &str) -> Value {
        json!({"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "name": "a", "uid": "replicasets-a", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [{"name": "app"}]},
            "status": {"phase": "Failed", "reason": "Evicted", "message": message,
                "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "lastTransitionTime": at}]}})
    }

    fn set(ready: i64) -> Value {
        json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": ready}})
    }

    fn scene(ready: i64, at: &str) -> Scene {
        Scene::new().with(Kind::ReplicaSet, "a", set(ready)).with(Kind::Pod, "a-1", evicted(MEMORY, at))
    }

    #[test]
    fn an_eviction_that_is_not_made_up_for_is_told_with_its_reason() {
        scene(0, LATELY).finds("evicted/node-memory");
        let own = "Usage of EmptyDir volume \"cache\" exceeds the limit \"100Mi\". ";
        let scene =
            Scene::new().with(Kind::ReplicaSet, "a", set(0)).with(Kind::Pod, "a-1", evicted(own, LATELY));
        assert_eq!(scene.told(), ["evicted/emptydir-limit"]);
    }

    #[test]
    fn a_leftover_of_a_satisfied_controller_is_silent_and_a_second_within_the_hour_is_not() {
        assert!(scene(1, LATELY).told().is_empty());
        let again = scene(1, LATELY).with(Kind::Pod, "a-2", evicted(MEMORY, EARLIER));
        assert_eq!(again.told(), ["evicted/node-memory"]);
        assert_eq!(again.findings()[0].count, 2);
        assert!(scene(0, LONG_AGO).told().is_empty());
    }

    #[test]
    fn a_taint_and_a_drain_are_told_apart() {
        for (reason, class) in [("DeletionByTaintManager", "taint"), ("EvictionByEvictionAPI", "api")] {
            let mut pod = evicted("", LATELY);
            pod["status"]["reason"] = json!("");
            pod["status"]["conditions"][0]["reason"] = json!(reason);
            let scene = Scene::new().with(Kind::ReplicaSet, "a", set(0)).with(Kind::Pod, "a-1", pod);
            assert_eq!(scene.told(), [format!("evicted/{class}")]);
        }
    }
}
