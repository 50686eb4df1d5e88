//! Pods that do not go away after their grace period.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

/// The deletion time already includes the grace period.
const GRACE: Seconds = 60;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Pod).iter().filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if view.age(pod.time("/metadata/deletionTimestamp"))? < GRACE {
        return None;
    }
    let finalizers = pod.items("/metadata/finalizers");
    let failed_kill = view.newest_event(pod, &["FailedKillPod", "FailedUnmount"], |_| true);
    let class = match () {
        () if !view.node_answers(pod) => "node-lost",
        () if !finalizers.is_empty() => "finalizer",
        () if failed_kill.is_some() => "kill-failed",
        () => "other",
    };
    let mut draft = Draft::of_pod(view, "stuck-terminating", class, Severity::Warning, pod, None);
    draft.field(pod, ".metadata.deletionTimestamp");
    draft.field(pod, ".metadata.finalizers");
    draft.field(pod, ".spec.nodeName");
    if let Some(event) = failed_kill {
        draft.event(event);
    }
    if let Some(node) = view.node_of(pod) {
        draft.field(node, ".status.conditions[type=Ready].status");
    }
    draft.since(pod, ".metadata.deletionTimestamp");
    draft.summary(format!(
        "pod on node {} is Terminating since {} ({class})",
        pod.text("/spec/nodeName"),
        pod.text("/metadata/deletionTimestamp")
    ));
    Some(draft)
}
