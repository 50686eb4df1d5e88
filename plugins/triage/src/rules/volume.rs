//! Volumes that are not attached or not mounted.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::decode::reference::missing;
use crate::decode::volume::class;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{View, event_time};

const GRACE: Seconds = 60;
const CURRENT: Seconds = 600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.all(Kind::Pod).iter();
    pods.filter(|pod| pod.text("/status/phase") == "Pending" && !pod.is_deleting() && view.node_answers(pod))
        .filter(|pod| !containers(pod).iter().any(Container::has_started))
        .filter_map(|pod| judge(view, pod))
        .collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let reasons = ["FailedAttachVolume", "FailedMount", "FailedMapVolume"];
    let specific = |message: &str| !message.contains("unmounted volumes=");
    let event =
        view.newest_event(pod, &reasons, specific).or_else(|| view.newest_event(pod, &reasons, |_| true))?;
    let message = event.text("/message");
    if missing(message).is_some()
        || view.age(pod.created())? < GRACE
        || view.now - event_time(event) > CURRENT
    {
        return None;
    }
    let attach = event.text("/reason") == "FailedAttachVolume";
    let rule = if attach { "volume-attach-failed" } else { "volume-mount-failed" };
    let mut draft = Draft::of_pod(view, rule, class(message), Severity::Error, pod, None);
    draft.event(event);
    draft.field(pod, ".spec.nodeName");
    draft.since(event, ".firstTimestamp");
    for volume in pod.items("/spec/volumes") {
        let claim = volume.text("/persistentVolumeClaim/claimName");
        if let Some(claim) = view.find(Kind::PersistentVolumeClaim, pod.namespace(), claim).found() {
            draft.affects(claim);
            draft.field(claim, ".spec.accessModes");
            cite_holders(view, pod, claim, &mut draft);
        }
    }
    let verb = if attach { "attached" } else { "mounted" };
    draft.summary(format!("a volume of the pod can not be {verb}: {message}"));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "the volume's events");
    draft.check(&["kubectl", "get", "volumeattachments"], "where the volume is attached");
    Some(draft)
}

/// Other pods with the same claim, on another node: they hold the disk.
fn cite_holders<'a>(view: &View<'a>, pod: &'a Value, claim: &Value, draft: &mut Draft) {
    let uses = |other: &&&Value| {
        let volumes = other.items("/spec/volumes").iter();
        volumes.into_iter().any(|volume| volume.text("/persistentVolumeClaim/claimName") == claim.name())
    };
    let pods = view.pods_in(pod.namespace()).iter();
    for other in
        pods.filter(uses).filter(|other| other.text("/spec/nodeName") != pod.text("/spec/nodeName")).take(3)
    {
        draft.field(other, ".spec.nodeName");
        draft.depends_on.insert(other.key());
    }
}
