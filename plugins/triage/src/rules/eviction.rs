//! Pods that were evicted and that their controller has not replaced, or evicted again and again.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

const WINDOW: Seconds = 3600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let evicted: Vec<&Value> = view
        .all(Kind::Pod)
        .iter()
        .filter(|pod| pod.text("/status/phase") == "Failed" && pod.text("/status/reason") == "Evicted")
        .filter(|pod| age(view, pod).is_some_and(|age| age <= WINDOW))
        .collect();
    evicted.iter().filter_map(|pod| judge(view, pod, &evicted)).collect()
}

fn age(view: &View<'_>, pod: &Value) -> Option<Seconds> {
    let condition = pod.condition("DisruptionTarget").or_else(|| pod.condition("Ready"));
    let moment = condition.and_then(|condition| condition.time("/lastTransitionTime"));
    view.age(moment.or_else(|| pod.created()))
}

fn judge<'a>(view: &View<'a>, pod: &'a Value, evicted: &[&'a Value]) -> Option<Draft> {
    let top = view.top(pod).key();
    let siblings = evicted.iter().filter(|other| view.top(other).key() == top).count();
    let owner = view.owners(pod).first().copied();
    let wanted = owner.and_then(|owner| owner.number("/spec/replicas")).unwrap_or(1);
    let ready = owner.and_then(|owner| owner.number("/status/readyReplicas")).unwrap_or_default();
    if siblings < 2 && ready >= wanted {
        return None;
    }
    let message = pod.text("/status/message");
    let class = match message {
        text if text.contains("ephemeral local storage usage exceeds") => "ephemeral-limit",
        text if text.contains("emptyDir volume") => "emptydir-limit",
        text if text.contains("ephemeral-storage") || text.contains("inodes") => "node-disk",
        text if text.contains("memory") => "node-memory",
        text if text.contains("pids") => "node-pid",
        _ => "other",
    };
    let mut draft = Draft::of_pod(view, "evicted", class, Severity::Error, pod, None);
    draft.field(pod, ".status.reason");
    draft.field(pod, ".status.message");
    draft.field(pod, ".spec.nodeName");
    draft.since(pod, ".status.conditions[type=DisruptionTarget].lastTransitionTime");
    draft.summary(format!("pod was evicted from node {} ({class}): {message}", pod.text("/spec/nodeName")));
    Some(draft)
}
