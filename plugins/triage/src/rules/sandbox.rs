//! Pods whose network sandbox the node can not make, and pods that stay in creation without a word.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::decode::volume::sandbox_class;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{View, event_time};

const SANDBOX_GRACE: Seconds = 60;
/// A big image may take minutes; silence for five is not normal.
const SILENT_GRACE: Seconds = 300;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.all(Kind::Pod).iter();
    pods.filter(|pod| pod.text("/status/phase") == "Pending" && !pod.is_deleting() && view.node_answers(pod))
        .filter(|pod| !containers(pod).iter().any(Container::has_started))
        .filter_map(|pod| sandbox(view, pod).or_else(|| silent(view, pod)))
        .collect()
}

fn sandbox<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let event = view.newest_event(pod, &["FailedCreatePodSandBox", "NetworkNotReady"], |_| true)?;
    if view.age(pod.created())? < SANDBOX_GRACE || view.now - event_time(event) > 600 {
        return None;
    }
    let class = sandbox_class(event.text("/message"));
    let mut draft = Draft::of_pod(view, "sandbox-failed", class, Severity::Error, pod, None);
    draft.event(event);
    draft.field(pod, ".spec.nodeName");
    draft.since(event, ".firstTimestamp");
    draft.summary(format!(
        "node {} can not make the pod's sandbox ({class}): {}",
        pod.text("/spec/nodeName"),
        event.text("/message")
    ));
    draft.check(&["kubectl", "describe", "node", pod.text("/spec/nodeName")], "the node's network");
    Some(draft)
}

fn silent<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let scheduled = pod.condition("PodScheduled")?;
    let age = view.age(scheduled.time("/lastTransitionTime"))?;
    let creating =
        containers(pod).into_iter().find(|container| container.waiting_reason() == "ContainerCreating")?;
    let told = view
        .events(pod)
        .iter()
        .any(|event| event.text("/type") == "Warning" || event.text("/reason") == "Pulling");
    if age < SILENT_GRACE || told {
        return None;
    }
    let mut draft = Draft::of_pod(view, "container-not-starting", "no-event", Severity::Warning, pod, None);
    draft.confidence(Confidence::Medium);
    draft.field(pod, &creating.status_path(".state.waiting.reason"));
    draft.field(pod, ".spec.nodeName");
    draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    draft.summary(format!(
        "pod stays in ContainerCreating on node {} and no event says why",
        pod.text("/spec/nodeName")
    ));
    Some(draft)
}
