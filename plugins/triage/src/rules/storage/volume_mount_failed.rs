//! `volume-mount-failed`: a pod waits because the kubelet can not mount one of its volumes; the class is that of
//! the kubelet's text.
//!
//! Not on: missing `ConfigMaps`, Secrets and claims (`config-ref-missing`), a retry that succeeded.

use serde_json::Value;

use super::volume_event::{complaint, draft, waiting};
use crate::decode::reference::volume;
use crate::decode::volume::class;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, claims_of};

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "volume-mount-failed",
    subject: Subject::Pod(32),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    waiting(view, GRACE).into_iter().filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let event = complaint(view, pod, &["FailedMount", "FailedMapVolume"])?;
    let message = event.text("/message");
    let mut draft = draft(view, RULE.id, class(message), pod, ("mounted", message));
    draft.event(event);
    draft.since(event, ".firstTimestamp");
    if let Some(name) = volume(message).filter(|name| has_volume(pod, name)) {
        draft.field(pod, &format!(".spec.volumes[name={name}]"));
    }
    for claim in claims_of(pod) {
        let claim = view.find(Kind::PersistentVolumeClaim, pod.namespace(), &claim).found();
        let name = claim.map(|claim| claim.text("/spec/volumeName")).unwrap_or_default();
        if let Some(disk) = view.find(Kind::PersistentVolume, "", name).found() {
            draft.field(disk, ".spec.csi.driver");
        }
    }
    Some(draft)
}

/// Messages name the volume of the pod, or the `PersistentVolume` behind it.
fn has_volume(pod: &Value, name: &str) -> bool {
    pod.items("/spec/volumes").iter().any(|volume| volume.text("/name") == name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    const DENIED: &str = "MountVolume.SetUp failed for volume \"share\" : mount failed: exit status 32: mount error(13): Permission denied";

    fn starting() -> Value {
        let status =
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
        let mut pod = pod("app", &status);
        pod["status"]["phase"] = json!("Pending");
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER});
        pod["status"]["conditions"] = json!([scheduled]);
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod["spec"]["volumes"] = json!([{"name": "share", "nfs": {"server": "nfs.example"}}]);
        pod
    }

    fn told(message: &str) -> Vec<String> {
        Scene::new()
            .with(Kind::Pod, "app-1", starting())
            .event(Kind::Pod, "app-1", "FailedMount", message)
            .told()
    }

    #[test]
    fn a_share_that_refuses_is_told_with_the_volume() {
        let scene = Scene::new().with(Kind::Pod, "app-1", starting());
        let finding =
            scene.event(Kind::Pod, "app-1", "FailedMount", DENIED).finds("volume-mount-failed/permission");
        assert!(finding.evidence.iter().any(|item| item.path == ".spec.volumes[name=share]"));
    }

    #[test]
    fn the_text_that_names_a_cause_wins_over_the_newer_one_that_names_none() {
        let unmounted = "Unable to attach or mount volumes: unmounted volumes=[share], unattached volumes=[]: timed out waiting for the condition";
        let scene = Scene::new()
            .with(Kind::Pod, "app-1", starting())
            .event_at(Kind::Pod, "app-1", "FailedMount", DENIED, LATELY)
            .event_at(Kind::Pod, "app-1", "FailedMount", unmounted, JUST_NOW);
        assert_eq!(scene.told(), ["volume-mount-failed/permission"]);
        assert_eq!(told(unmounted), ["volume-mount-failed/other"]);
    }

    #[test]
    fn a_missing_reference_is_another_rules_matter() {
        let told = told("MountVolume.SetUp failed for volume \"share\" : configmap \"gone\" not found");
        assert!(!told.iter().any(|one| one.starts_with("volume-mount")), "{told:?}");
    }

    #[test]
    fn a_retry_that_succeeded_and_a_young_pod_are_silent() {
        let scene = Scene::new().with(Kind::Pod, "app-1", healthy_pod("app"));
        scene.event(Kind::Pod, "app-1", "FailedMount", DENIED).is_silent();
        let mut young = starting();
        young["status"]["conditions"][0]["lastTransitionTime"] = json!(JUST_NOW);
        let scene = Scene::new().with(Kind::Pod, "app-1", young);
        let scene = scene.event_at(Kind::Pod, "app-1", "FailedMount", DENIED, JUST_NOW);
        assert!(!scene.told().iter().any(|one| one.starts_with("volume-mount")));
        assert_eq!(scene.at("2026-11-16T12:00:50Z").told(), ["volume-mount-failed/permission"]);
    }
}
