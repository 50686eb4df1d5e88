//! `volume-attach-failed`: a pod waits because a disk can not be attached to its node: the event of the pod says
//! why, or the `VolumeAttachment` does. The class is that of the text, else `attach-error`.
//!
//! Not on: a rollout whose old pod is still letting go of a disk that one node can have.

use std::collections::HashMap;

use serde_json::Value;

use super::users::Users;
use super::volume_event::{complaint, draft, holders, waiting};
use crate::decode::volume::class;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::{View, claims_of};

const GRACE: Seconds = 120;
/// A disk is taken from a node that does not answer after six minutes.
const HANDOVER: Seconds = 360;
/// Pods that the finding shows.
const SHOWN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "volume-attach-failed",
    subject: Subject::Pod(30),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

/// Attachments of volumes to nodes that did not succeed.
type Failed<'a> = HashMap<(&'a str, &'a str), &'a Value>;

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = waiting(view, GRACE);
    if pods.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    let attachments = view.all(Kind::VolumeAttachment).iter();
    let failed: Failed<'_> = attachments
        .filter(|one| !one.flag("/status/attached") && one.pointer("/status/attachError").is_some())
        .map(|one| ((one.text("/spec/source/persistentVolumeName"), one.text("/spec/nodeName")), one))
        .collect();
    pods.into_iter().filter_map(|pod| judge(view, pod, &users, &failed)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value, users: &Users<'a>, failed: &Failed<'a>) -> Option<Draft> {
    let event = complaint(view, pod, &["FailedAttachVolume"]);
    let attachment = attachment(view, pod, failed);
    let message = match (event, attachment) {
        (Some(event), _) => event.text("/message"),
        (None, Some(attachment)) => attachment.text("/status/attachError/message"),
        (None, None) => return None,
    };
    let class = match class(message) {
        "other" => "attach-error",
        class => class,
    };
    let holders = holders(view, users, pod);
    let is_letting_go = |holder: &&Value| {
        let since = holder.time("/metadata/deletionTimestamp");
        since.is_some() && view.age(since) < Some(HANDOVER)
    };
    if matches!(class, "multi-attach" | "detach-pending") && holders.iter().any(is_letting_go) {
        return None;
    }
    let mut draft = draft(view, RULE.id, class, pod, ("attached", message));
    if let Some(event) = event {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    if let Some(attachment) = attachment {
        draft.field(attachment, ".status.attachError.message");
        draft.field(attachment, ".status.detachError.message");
        draft.since(attachment, ".metadata.creationTimestamp");
    }
    for holder in holders.into_iter().take(SHOWN) {
        draft.field(holder, ".spec.nodeName");
        draft.depends_on.insert(holder.key());
    }
    draft.check(&["kubectl", "get", "volumeattachments"], "where the volume is attached");
    Some(draft)
}

/// The failed attachment of one of the pod's volumes to its node.
fn attachment<'a>(view: &View<'a>, pod: &Value, failed: &Failed<'a>) -> Option<&'a Value> {
    claims_of(pod).into_iter().find_map(|name| {
        let claim = view.find(Kind::PersistentVolumeClaim, pod.namespace(), &name).found()?;
        failed.get(&(claim.text("/spec/volumeName"), pod.text("/spec/nodeName"))).copied()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    const MULTI: &str = "Multi-Attach error for volume \"disk\" Volume is already used by pod(s) old-1";

    fn starting(node: &str) -> Value {
        let status =
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
        let mut pod = pod("app", &status);
        pod["status"]["phase"] = json!("Pending");
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER});
        pod["status"]["conditions"] = json!([scheduled]);
        pod["spec"]["nodeName"] = json!(node);
        pod["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
        pod
    }

    fn cluster() -> Scene {
        let claim = json!({"spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "disk"}, "status": {"phase": "Bound"}});
        Scene::new()
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(Kind::PersistentVolume, "disk", json!({"status": {"phase": "Bound"}}))
            .with(Kind::Pod, "new-1", starting("n2"))
    }

    fn holder(leaving: Value) -> Value {
        let mut old = healthy_pod("old");
        old["spec"]["volumes"] = starting("n1")["spec"]["volumes"].clone();
        old["metadata"]["deletionTimestamp"] = leaving;
        old
    }

    #[test]
    fn a_disk_that_another_pod_holds_is_told_with_that_pod() {
        let scene = cluster()
            .with(Kind::Pod, "old-1", owned(holder(Value::Null), "StatefulSet", "old", "gone"))
            .event(Kind::Pod, "new-1", "FailedAttachVolume", MULTI);
        assert!(
            scene.told().contains(&"volume-attach-failed/multi-attach".to_owned())
                || scene.told() == ["rwo-shared/"]
        );
        let alone = cluster().event(Kind::Pod, "new-1", "FailedAttachVolume", MULTI);
        alone.finds("volume-attach-failed/multi-attach");
    }

    #[test]
    fn a_rollout_that_hands_over_is_given_six_minutes() {
        let scene = |left: &str| {
            cluster().with(Kind::Pod, "old-1", holder(json!(left))).event(
                Kind::Pod,
                "new-1",
                "FailedAttachVolume",
                MULTI,
            )
        };
        // The old pod that does not go is a finding of its own, and explains this one.
        let is_told = |scene: Scene| {
            let findings = serde_json::to_string(&scene.findings()).unwrap();
            findings.contains(super::RULE.id)
        };
        assert!(!is_told(scene(LATELY)));
        assert!(is_told(scene(EARLIER)));
    }

    #[test]
    fn the_attachment_itself_says_why() {
        let attachment = json!({"spec": {"nodeName": "n2", "source": {"persistentVolumeName": "disk"}},
            "status": {"attached": false, "attachError": {"message": "rpc error: code = Internal desc = boom"}}});
        let told = cluster().with(Kind::VolumeAttachment, "csi-1", attachment).told();
        assert_eq!(told, ["volume-attach-failed/attach-error"]);
        let done = json!({"spec": {"nodeName": "n2", "source": {"persistentVolumeName": "disk"}}, "status": {"attached": true}});
        let told = cluster().with(Kind::VolumeAttachment, "csi-1", done).told();
        assert!(!told.iter().any(|one| one.starts_with("volume-attach")), "{told:?}");
    }

    #[test]
    fn an_old_event_and_a_started_pod_are_silent() {
        let scene = cluster().event_at(Kind::Pod, "new-1", "FailedAttachVolume", MULTI, EARLIER);
        assert!(!scene.told().iter().any(|one| one.starts_with("volume-attach")));
        let mut started = healthy_pod("app");
        started["spec"]["volumes"] = starting("n1")["spec"]["volumes"].clone();
        let scene = Scene::new().with(Kind::Pod, "new-1", started);
        scene.event(Kind::Pod, "new-1", "FailedAttachVolume", MULTI).is_silent();
    }
}
