//! The newest complaint about a pod's volumes, and what every finding about one has in common.

use holmes_protocol::Severity;
use serde_json::Value;

use super::users::{Users, waits_for_volumes};
use crate::decode::reference::missing;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{View, claims_of, event_time};

/// The kubelet repeats itself every two minutes at the latest: an older complaint is settled.
const CURRENT: Seconds = 600;

/// Pods that are scheduled and wait for their volumes for this long, on nodes that answer.
pub(super) fn waiting<'a>(view: &View<'a>, grace: Seconds) -> Vec<&'a Value> {
    let scheduled = |pod: &Value| {
        let scheduled = pod.condition("PodScheduled").and_then(|one| one.time("/lastTransitionTime"));
        view.age(scheduled.or_else(|| pod.created()))
    };
    let pods = view.all(Kind::Pod).iter().filter(|pod| waits_for_volumes(pod));
    pods.filter(|pod| scheduled(pod) >= Some(grace) && view.node_answers(pod)).collect()
}

/// The newest current event of these reasons that names its own cause. That volumes are still not mounted is
/// said as well, and tells nothing. Missing references have a rule of their own.
pub(super) fn complaint<'a>(view: &View<'a>, pod: &Value, reasons: &[&str]) -> Option<&'a Value> {
    let specific = |message: &str| !message.contains("unmounted volumes=");
    let event =
        view.newest_event(pod, reasons, specific).or_else(|| view.newest_event(pod, reasons, |_| true))?;
    let settled = view.now - event_time(event) > CURRENT || missing(event.text("/message")).is_some();
    (!settled).then_some(event)
}

/// A finding about a pod whose volume is not there: `verb` is what does not happen to it.
pub(super) fn draft<'a>(
    view: &View<'a>,
    rule: &str,
    class: &str,
    pod: &'a Value,
    (verb, message): (&str, &str),
) -> Draft {
    let mut draft = Draft::of_pod(view, rule, class, Severity::Error, pod, None);
    draft.field(pod, ".spec.nodeName");
    for claim in claims_of(pod) {
        if let Some(claim) = view.find(Kind::PersistentVolumeClaim, pod.namespace(), &claim).found() {
            draft.affects(claim);
            draft.field(claim, ".spec.accessModes");
        }
    }
    draft.summary(format!("a volume of the pod can not be {verb}: {message}"));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "the volume's events");
    draft
}

/// The other pods with one of the pod's claims, on other nodes: they hold the disk.
pub(super) fn holders<'a>(view: &View<'a>, users: &Users<'a>, pod: &Value) -> Vec<&'a Value> {
    let node = pod.text("/spec/nodeName");
    let claims = claims_of(pod).into_iter();
    let claims =
        claims.filter_map(|name| view.find(Kind::PersistentVolumeClaim, pod.namespace(), &name).found());
    let others = claims.flat_map(|claim| users.of(claim).iter().copied());
    others
        .filter(|other| {
            let there = other.text("/spec/nodeName");
            !there.is_empty() && there != node
        })
        .collect()
}
