//! A pod stays in creation for two minutes after it was placed on a node, and no event says why. Not while an image
//! is pulled, nor while an init container runs; several on one node are the node's matter.

use holmes_protocol::{Confidence, ReadOutcome, Severity};
use serde_json::Value;

use super::not_started;
use crate::containers::{Container, containers};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 120;

pub(super) const RULE: Rule = Rule {
    id: "container-not-starting",
    subject: Subject::Pod(94),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    // Without events nobody knows whether one says why.
    if view.observations.outcome(Kind::Event) != ReadOutcome::Ok {
        return Vec::new();
    }
    not_started(view).filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let scheduled = pod.condition("PodScheduled").filter(|condition| condition.text("/status") == "True")?;
    if view.age(scheduled.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let creating = |container: &Container<'_>| {
        matches!(container.waiting_reason(), "ContainerCreating" | "PodInitializing")
    };
    let all = containers(pod);
    let waiting = all.iter().find(|container| creating(container))?;
    let told = view.events(pod).into_iter().any(|event| event.text("/type") == "Warning");
    if told || is_pulling(view, pod) || !all.iter().all(creating) {
        return None;
    }
    let node = pod.text("/spec/nodeName");
    let mut draft = Draft::of_pod(view, RULE.id, "no-event", Severity::Warning, pod, None);
    draft.confidence(Confidence::Medium);
    draft.field(pod, &waiting.status_path(".state.waiting.reason"));
    draft.field(pod, ".status.conditions[type=PodReadyToStartContainers].status");
    draft.field(pod, ".spec.nodeName");
    draft.field(pod, ".spec.volumes");
    draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    let reason = waiting.waiting_reason();
    draft.summary(format!("pod stays in {reason} on node {node} and no event says why"));
    draft.check(&["kubectl", "describe", "node", node], "whether the node starts other pods");
    Some(draft)
}

/// Is the newest word about images that one is being pulled?
fn is_pulling(view: &View<'_>, pod: &Value) -> bool {
    let newest = view.newest_event(pod, &["Pulling", "Pulled"], |_| true);
    newest.is_some_and(|event| event.text("/reason") == "Pulling")
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene() -> Scene {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn silence_is_told_after_two_minutes() {
        scene().finds("container-not-starting/no-event");
        scene().at("2026-11-16T11:31:59Z").is_silent();
        assert_eq!(scene().at("2026-11-16T11:32:00Z").told(), ["container-not-starting/no-event"]);
    }

    #[test]
    fn without_events_nobody_knows_whether_one_says_why() {
        assert!(scene().forbid(Kind::Event).told().is_empty());
    }
}
