//! `pv-released`: a volume keeps the data of a claim that is gone, and a new claim waits for exactly this volume:
//! it names it, or nothing but the old claim stands between them.
//!
//! Not on: volumes that nobody asks for; classes that make a new volume for every claim, unless it is named.

use holmes_protocol::Severity;
use serde_json::Value;

use super::binding::{class_name, failures};
use super::users::Users;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{Lookup, View};

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "pv-released",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim, Kind::PersistentVolume],
    explains: &[Effect::MissingPods, Effect::Rule("pvc-unbound"), Effect::Rule("pending-unschedulable")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let is_released = |volume: &&Value| volume.text("/status/phase") == "Released" && !volume.is_deleting();
    let released: Vec<&Value> = view.all(Kind::PersistentVolume).iter().filter(is_released).collect();
    if released.is_empty() {
        return Vec::new();
    }
    let is_waiting = |claim: &&Value| {
        claim.text("/status/phase") == "Pending"
            && !claim.is_deleting()
            && view.age(claim.created()) >= Some(GRACE)
    };
    let waiting: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(is_waiting).collect();
    let users = Users::new(view);
    waiting
        .into_iter()
        .filter_map(|claim| {
            let volume = released.iter().find(|volume| is_wanted(view, claim, volume))?;
            Some(draft(view, claim, volume, &users))
        })
        .collect()
}

fn is_wanted(view: &View<'_>, claim: &Value, volume: &Value) -> bool {
    let named = claim.text("/spec/volumeName");
    if !named.is_empty() {
        return named == volume.name();
    }
    let class = class_name(claim).unwrap_or_default();
    let made = match view.find(Kind::StorageClass, "", class) {
        Lookup::Found(class) => class.text("/provisioner") != "kubernetes.io/no-provisioner",
        Lookup::Absent => false,
        Lookup::Unknown => true,
    };
    !made && failures(view, claim, class, volume).iter().all(|failure| *failure == "occupied")
}

fn draft<'a>(view: &View<'a>, claim: &'a Value, volume: &'a Value, users: &Users<'a>) -> Draft {
    let mut draft = Draft::new(RULE.id, "", Severity::Error, volume);
    draft.field(volume, ".status.phase");
    draft.field(volume, ".spec.claimRef");
    draft.field(volume, ".spec.persistentVolumeReclaimPolicy");
    draft.field(claim, ".status.phase");
    draft.field(claim, ".spec.volumeName");
    draft.affects(claim);
    draft.takes_down.insert(claim.key());
    users.affect(view, claim, &mut draft);
    draft.since(claim, ".metadata.creationTimestamp");
    let old = volume.pointer("/spec/claimRef");
    let old = old.map(|old| format!("{}/{}", old.text("/namespace"), old.text("/name"))).unwrap_or_default();
    draft.summary(format!(
        "volume {} is Released and still kept for {old}, so claim {} can not have it",
        volume.name(),
        claim.name()
    ));
    draft.suggest(
        "if the data may be handed on, remove spec.claimRef.uid of the volume; if not, make a new volume: with \
         another reclaim policy or after a delete the data is lost",
    );
    draft.check(&["kubectl", "get", "pv", volume.name(), "-o", "yaml"], "whose data the volume keeps");
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn claim(class: &str, volume: &str) -> Value {
        json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"storageClassName": class, "volumeName": volume,
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}, "status": {"phase": "Pending"}})
    }

    fn disk(phase: &str) -> Value {
        json!({"spec": {"storageClassName": "manual", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"},
            "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": "shop", "name": "data", "uid": "old"}},
            "status": {"phase": phase}})
    }

    fn cluster(claim: Value, phase: &str) -> Scene {
        Scene::new().with(Kind::PersistentVolumeClaim, "data", claim).with(
            Kind::PersistentVolume,
            "disk",
            disk(phase),
        )
    }

    #[test]
    fn a_claim_that_finds_the_data_of_its_predecessor_is_told() {
        let finding = cluster(claim("manual", ""), "Released").finds("pv-released/");
        assert!(finding.suggestion[0].contains("lost"));
        cluster(claim("manual", "disk"), "Released").finds("pv-released/");
    }

    #[test]
    fn a_released_volume_that_nobody_asks_for_is_silent() {
        Scene::new().with(Kind::PersistentVolume, "disk", disk("Released")).is_silent();
        let told = cluster(claim("other", ""), "Released").told();
        assert!(!told.contains(&"pv-released/".to_owned()), "{told:?}");
    }

    #[test]
    fn a_class_that_makes_volumes_does_not_want_the_old_one() {
        let class = json!({"provisioner": "disk.csi.azure.com", "volumeBindingMode": "WaitForFirstConsumer"});
        cluster(claim("manual", ""), "Released").with(Kind::StorageClass, "manual", class).is_silent();
    }
}
