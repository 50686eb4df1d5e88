//! A node can not make the sandbox of a pod, so nothing of it starts: no address, no network plugin, no pause image,
//! no such runtime, or the runtime does not answer. Not a try that was followed by success.

use std::collections::HashMap;

use holmes_protocol::Severity;
use serde_json::Value;

use super::not_started;
use crate::decode::volume::{sandbox_cause, sandbox_class};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, event_time};

const GRACE: Seconds = 60;
/// The kubelet tries again within minutes: what it no longer says is over.
const CURRENT: Seconds = 600;
const REASONS: [&str; 3] = ["FailedCreatePodSandBox", "NetworkNotReady", "FailedCreatePodContainer"];

pub(super) const RULE: Rule = Rule {
    id: "sandbox-failed",
    subject: Subject::Pod(34),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing: Vec<(&Value, &Value)> = not_started(view)
        .filter_map(|pod| {
            let event = view.newest_event(pod, &REASONS, |_| true)?;
            (view.now - event_time(event) <= CURRENT).then_some((pod, event))
        })
        .collect();
    let mut on_node: HashMap<&str, usize> = HashMap::new();
    for (pod, _) in &failing {
        *on_node.entry(pod.text("/spec/nodeName")).or_default() += 1;
    }
    failing.iter().filter_map(|(pod, event)| judge(view, pod, event, &on_node)).collect()
}

fn judge<'a>(
    view: &View<'a>,
    pod: &'a Value,
    event: &Value,
    on_node: &HashMap<&str, usize>,
) -> Option<Draft> {
    if view.age(pod.created())? < GRACE {
        return None;
    }
    let node = pod.text("/spec/nodeName");
    let message = event.text("/message");
    let class = sandbox_class(message);
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, None);
    draft.event(event);
    draft.field(pod, ".spec.nodeName");
    let here = on_node.get(node).copied().unwrap_or_default();
    draft.computed(pod, ".spec.nodeName", format!("{here} pods on this node have no sandbox"));
    // One pod may have itself to blame, several have their node in common.
    if let (2.., Some(node)) = (here, view.node_of(pod)) {
        draft.affects(node);
    }
    draft.since(event, ".firstTimestamp");
    draft
        .summary(format!("node {node} can not make the pod's sandbox ({class}): {}", sandbox_cause(message)));
    draft.check(&["kubectl", "describe", "node", node], "the node's network and runtime");
    let selector = format!("spec.nodeName={node}");
    draft.check(
        &["kubectl", "-n", "kube-system", "get", "pods", "-o", "wide", "--field-selector", &selector],
        "the network plugin's pod on the node",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    const NO_ADDRESS: &str = "Failed to create pod sandbox: plugin type=\"azure-vnet\" failed (add): no IP addresses available in range";

    fn creating() -> Value {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        pod
    }

    #[test]
    fn the_plugins_answer_is_the_class() {
        let scene = Scene::new().with(Kind::Pod, "a-1", creating());
        scene
            .clone()
            .event(Kind::Pod, "a-1", "FailedCreatePodSandBox", NO_ADDRESS)
            .finds("sandbox-failed/ip-exhausted");
        let cni = "network is not ready: container runtime network not ready: cni config uninitialized";
        assert_eq!(scene.event(Kind::Pod, "a-1", "NetworkNotReady", cni).told(), ["sandbox-failed/cni"]);
    }

    #[test]
    fn a_try_that_success_followed_or_that_is_over_is_silent() {
        let scene = Scene::new().with(Kind::Pod, "a-1", healthy_pod("a"));
        scene.event(Kind::Pod, "a-1", "FailedCreatePodSandBox", NO_ADDRESS).is_silent();
        let mut young = creating();
        young["metadata"]["creationTimestamp"] = json!("2026-11-16T11:59:01Z");
        let scene = Scene::new().with(Kind::Pod, "a-1", young);
        scene.event_at(Kind::Pod, "a-1", "FailedCreatePodSandBox", NO_ADDRESS, NOW).is_silent();
    }
}
