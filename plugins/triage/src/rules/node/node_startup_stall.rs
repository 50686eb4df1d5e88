//! Pods do not start on one node, while they start on others, and no event says why.
//!
//! Fires on three pods that were scheduled to one node two minutes ago or longer, still create or initialise,
//! and have no warning, when a pod of another node started in the meantime.

use std::collections::BTreeMap;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::containers;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 120;
const MANY: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "node-startup-stall",
    subject: Subject::Node,
    reads: &[Kind::Pod, Kind::Node, Kind::Event],
    explains: &[Effect::Rule("container-not-starting"), Effect::MissingPods],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut stuck: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for pod in view.all(Kind::Pod).iter().filter(|pod| is_stuck(view, pod)) {
        stuck.entry(pod.text("/spec/nodeName")).or_default().push(pod);
    }
    stuck.retain(|_, pods| pods.len() >= MANY);
    if stuck.is_empty() {
        return Vec::new();
    }
    stuck.into_iter().filter_map(|(name, pods)| judge(view, name, &pods)).collect()
}

fn is_stuck(view: &View<'_>, pod: &Value) -> bool {
    let creating = |pod: &Value| {
        containers(pod)
            .iter()
            .any(|one| matches!(one.waiting_reason(), "ContainerCreating" | "PodInitializing"))
            && !containers(pod).iter().any(crate::containers::Container::has_started)
    };
    pod.text("/status/phase") == "Pending"
        && !pod.is_deleting()
        && scheduled(pod).is_some_and(|at| view.now - at >= GRACE)
        && creating(pod)
        && !view
            .events(pod)
            .iter()
            .any(|event| event.text("/type") == "Warning" || event.text("/reason") == "Pulling")
}

fn scheduled(pod: &Value) -> Option<Seconds> {
    pod.condition("PodScheduled")?.time("/lastTransitionTime")
}

fn judge(view: &View<'_>, name: &str, pods: &[&Value]) -> Option<Draft> {
    let node = view.find(Kind::Node, "", name).found().filter(|node| node.condition_is("Ready", "True"))?;
    let began = pods.iter().filter_map(|pod| scheduled(pod)).min()?;
    let elsewhere = view.working_containers().iter().find(|container| {
        container.pod.text("/spec/nodeName") != name && container.running_since().is_some_and(|at| at > began)
    })?;
    let mut draft = Draft::new(RULE.id, "", Severity::Error, node);
    draft.confidence(Confidence::Medium);
    draft.finding.count = u32::try_from(pods.len()).unwrap_or(u32::MAX);
    for pod in pods {
        draft.takes_down.insert(pod.key());
    }
    for pod in pods.iter().take(MANY) {
        draft.affects(pod);
        if let Some(waiting) = containers(pod).iter().find(|container| !container.waiting_reason().is_empty())
        {
            draft.field(pod, &waiting.status_path(".state.waiting.reason"));
        }
        draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    }
    draft.field(elsewhere.pod, &elsewhere.status_path(".state.running.startedAt"));
    draft.summary(format!("{} pods do not start on node {name}, while others start elsewhere", pods.len()));
    draft.check(&["kubectl", "describe", "node", name], "kubelet, runtime and disk of the node");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LATELY, LONG_AGO, Scene, healthy_pod};

    fn cluster(stuck: usize) -> Scene {
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let mut started = healthy_pod("other");
        started["spec"]["nodeName"] = json!("n2");
        started["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = json!(LATELY);
        let mut scene = Scene::new().with(Kind::Node, "n1", node.clone()).with(Kind::Node, "n2", node).with(
            Kind::Pod,
            "other-1",
            started,
        );
        for number in 0..stuck {
            let pod = json!({"spec": {"nodeName": "n1"}, "status": {"phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}],
                "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]}});
            scene = scene.with(Kind::Pod, &format!("a-{number}"), pod);
        }
        scene
    }

    fn told(scene: &Scene) -> bool {
        scene.told().contains(&"node-startup-stall/".to_owned())
    }

    #[test]
    fn three_pods_that_hang_on_one_node_are_the_nodes_failure() {
        let findings = cluster(3).findings();
        assert!(told(&cluster(3)), "{findings:#?}");
        assert!(!told(&cluster(2)));
        assert!(!told(&cluster(3).at("2026-11-16T11:31:59Z")));
    }

    #[test]
    fn a_pod_that_says_why_does_not_count() {
        assert!(!told(&cluster(3).event(
            Kind::Pod,
            "a-0",
            "FailedMount",
            "timed out waiting for the condition"
        )));
    }
}
