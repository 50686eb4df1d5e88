//! `pvc-lost`: a claim's volume is gone. Its phase says so, or the volume that it names is not there.

use holmes_protocol::Severity;
use serde_json::Value;

use super::users::Users;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// A claim may be made a moment before the volume that it names.
const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "pvc-lost",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim, Kind::PersistentVolume],
    explains: &[
        Effect::MissingPods,
        Effect::Rule("pending-unschedulable"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("volume-attach-failed"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let claims: Vec<&Value> =
        view.all(Kind::PersistentVolumeClaim).iter().filter(|claim| is_lost(view, claim)).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    claims.into_iter().map(|claim| draft(view, claim, &users)).collect()
}

fn is_lost(view: &View<'_>, claim: &Value) -> bool {
    let volume = claim.text("/spec/volumeName");
    let gone = || !volume.is_empty() && view.find(Kind::PersistentVolume, "", volume).is_absent();
    let settled = view.age(claim.created()) >= Some(GRACE);
    !claim.is_deleting() && settled && (claim.text("/status/phase") == "Lost" || gone())
}

fn draft<'a>(view: &View<'a>, claim: &'a Value, users: &Users<'a>) -> Draft {
    let volume = claim.text("/spec/volumeName");
    let mut draft = Draft::new(RULE.id, "", Severity::Error, claim);
    draft.field(claim, ".status.phase");
    draft.field(claim, ".spec.volumeName");
    if !volume.is_empty() && view.find(Kind::PersistentVolume, "", volume).is_absent() {
        draft.absent("PersistentVolume", "", volume);
    }
    if let Some(event) = view.newest_event(claim, &["ClaimLost"], |_| true) {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    draft.summary(format!("claim {} lost its volume {volume}: the PersistentVolume is gone", claim.name()));
    draft.suggest("restore the volume under the same name, or make a new claim and restore the data");
    users.affect(view, claim, &mut draft);
    draft.check(&["kubectl", "-n", claim.namespace(), "describe", "pvc", claim.name()], "the claim's events");
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn claim(phase: &str) -> Value {
        json!({"spec": {"storageClassName": "managed", "volumeName": "disk"}, "status": {"phase": phase}})
    }

    #[test]
    fn a_claim_whose_volume_is_gone_is_told() {
        for phase in ["Lost", "Bound", "Pending"] {
            let scene = Scene::new().with(Kind::PersistentVolumeClaim, "data", claim(phase));
            assert_eq!(scene.told(), ["pvc-lost/"], "{phase}");
        }
        Scene::new().with(Kind::PersistentVolumeClaim, "data", claim("Bound")).finds("pvc-lost/");
    }

    #[test]
    fn a_claim_with_its_volume_is_silent() {
        let disk = json!({"spec": {}, "status": {"phase": "Bound"}});
        Scene::new()
            .with(Kind::PersistentVolumeClaim, "data", claim("Bound"))
            .with(Kind::PersistentVolume, "disk", disk)
            .is_silent();
    }

    #[test]
    fn volumes_that_may_not_be_read_are_not_gone() {
        let scene = Scene::new().with(Kind::PersistentVolumeClaim, "data", claim("Bound"));
        assert!(scene.forbid(Kind::PersistentVolume).told().is_empty());
    }
}
