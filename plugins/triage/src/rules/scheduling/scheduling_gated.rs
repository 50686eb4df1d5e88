//! A pod waits behind a scheduling gate that nobody opens.
//!
//! Fires ten minutes after `PodScheduled=False/SchedulingGated`. The gates of batch queues (Kueue, `JobSet`,
//! Volcano and the like) close pods on purpose for as long as the queue wants: a note.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 600;
/// Words in the gate names of those who queue pods.
const QUEUES: [&str; 8] =
    ["kueue", "jobset", "volcano", "yunikorn", "codeflare", "karmada", "batch", "scheduling.x-k8s.io"];

pub(super) const RULE: Rule = Rule {
    id: "scheduling-gated",
    subject: Subject::Pod(91),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Pod).iter().filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if pod.text("/status/phase") != "Pending" || pod.is_deleting() {
        return None;
    }
    let condition = pod.condition("PodScheduled")?;
    let since = condition.time("/lastTransitionTime").or_else(|| pod.created());
    if condition.text("/reason") != "SchedulingGated" || view.age(since)? < GRACE {
        return None;
    }
    let gates: Vec<&str> = pod.items("/spec/schedulingGates").iter().map(|gate| gate.text("/name")).collect();
    let is_queue = |gate: &&str| QUEUES.iter().any(|queue| gate.contains(queue));
    let severity = if gates.iter().all(is_queue) { Severity::Note } else { Severity::Warning };
    let mut draft = Draft::of_pod(view, RULE.id, "", severity, pod, None);
    draft.parameters.extend(gates.iter().map(|gate| (*gate).to_owned()));
    draft.field(pod, ".spec.schedulingGates");
    draft.field(pod, ".status.conditions[type=PodScheduled].reason");
    draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    draft.since(pod, ".metadata.creationTimestamp");
    draft.summary(format!("pod waits behind scheduling gate {}", gates.join(", ")));
    draft.check(
        &["kubectl", "-n", pod.namespace(), "get", "pod", pod.name(), "-o", "yaml"],
        "which gates are left; their controller has to remove them",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    fn gated(gate: &str) -> Scene {
        let pod = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"schedulingGates": [{"name": gate}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates"}]}});
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn a_gate_that_nobody_opens_is_named() {
        let finding = gated("example.com/quota").finds("scheduling-gated/");
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.summary.contains("example.com/quota"));
    }

    #[test]
    fn a_queue_holds_pods_on_purpose() {
        let scene = gated("kueue.x-k8s.io/admission");
        scene.is_silent();
        assert_eq!(scene.noted(), ["scheduling-gated/"]);
    }

    #[test]
    fn ten_minutes_are_patience() {
        assert!(gated("example.com/quota").at("2026-11-16T11:39:59Z").told().is_empty());
        assert_eq!(gated("example.com/quota").at("2026-11-16T11:40:00Z").told(), ["scheduling-gated/"]);
    }
}
