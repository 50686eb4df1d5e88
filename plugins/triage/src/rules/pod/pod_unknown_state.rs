//! A pod's state is unknown for two minutes although its node answers: its readiness, or a container that the node
//! lost track of and has not started again.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::containers::containers;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 120;

pub(super) const RULE: Rule = Rule {
    id: "pod-unknown-state",
    subject: Subject::Pod(91),
    reads: &[Kind::Pod, Kind::Node],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.all(Kind::Pod).iter();
    pods.filter(|pod| !pod.condition_is("Ready", "True"))
        .filter(|pod| {
            !matches!(pod.text("/status/phase"), "Succeeded" | "Failed" | "Pending") && !pod.is_deleting()
        })
        .filter_map(|pod| judge(view, pod))
        .collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let ready = pod.condition("Ready")?;
    let node = view.node_of(pod).filter(|node| node.condition_is("Ready", "True"))?;
    let lost = containers(pod)
        .into_iter()
        .find(|container| container.status.text("/state/terminated/reason") == "ContainerStatusUnknown");
    let is_unknown = ready.text("/status") == "Unknown";
    if !is_unknown && lost.is_none() || view.age(ready.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let container = lost.map(|container| container.name());
    let mut draft = Draft::of_pod(view, RULE.id, "", Severity::Warning, pod, container);
    if let Some(lost) = lost {
        draft.field(pod, &lost.status_path(".state.terminated.reason"));
    }
    draft.field(pod, ".status.conditions[type=Ready].status");
    draft.field(node, ".status.conditions[type=Ready].status");
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!("the state of the pod is unknown, although node {} answers", node.name()));
    draft.check(
        &["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()],
        "what the kubelet last said",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(status: &str, since: &str) -> Scene {
        let mut pod = healthy_pod("a");
        pod["status"]["conditions"][0] =
            json!({"type": "Ready", "status": status, "lastTransitionTime": since});
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        Scene::new().with(Kind::Pod, "a-1", pod).with(Kind::Node, "n1", node)
    }

    #[test]
    fn an_unknown_state_on_a_node_that_answers_is_told_after_two_minutes() {
        scene("Unknown", LATELY).finds("pod-unknown-state/");
        scene("Unknown", "2026-11-16T11:58:01Z").is_silent();
        scene("True", LATELY).is_silent();
    }

    #[test]
    fn without_the_node_nothing_is_said() {
        assert!(scene("Unknown", LATELY).forbid(Kind::Node).told().is_empty());
    }
}
