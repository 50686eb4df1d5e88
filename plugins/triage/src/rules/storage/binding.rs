//! Why no `PersistentVolume` is bound to a claim: the conditions that the binder checks, in its order.

use serde_json::Value;

use crate::draft::Draft;
use crate::object::expression_holds;
use crate::object::{Object, label_selector_matches, quantity};
use crate::observations::Kind;
use crate::view::{View, labels};

/// A volume that is not bound to the claim, and the conditions that it fails, the first first.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) volume: &'a Value,
    pub(super) failures: Vec<&'static str>,
}

/// The class that a claim or a volume names; claims of old name it in an annotation.
pub(super) fn class_name(object: &Value) -> Option<&str> {
    let annotations = object.pairs("/metadata/annotations");
    let old = annotations.into_iter().find(|(key, _)| *key == "volume.beta.kubernetes.io/storage-class");
    object.pointer("/spec/storageClassName").and_then(Value::as_str).or(old.map(|(_, class)| class))
}

/// The volume that comes nearest: it fails the fewest conditions. `class` is "" for claims without one.
pub(super) fn nearest<'a>(view: &View<'a>, claim: &Value, class: &str) -> Option<Candidate<'a>> {
    let pinned = claim.text("/spec/volumeName");
    let volumes = view.all(Kind::PersistentVolume).iter();
    volumes
        .filter(|volume| pinned.is_empty() || volume.name() == pinned)
        .map(|volume| Candidate { volume, failures: failures(view, claim, class, volume) })
        .min_by_key(|candidate| (candidate.failures.len(), candidate.volume.name()))
}

/// What a volume lacks, by the class of the condition that it fails.
pub(super) fn in_words(class: &str) -> &'static str {
    match class {
        "capacity" => "is too small",
        "volume-mode" => "has another volume mode",
        "selector" => "has not the labels that the claim selects",
        "class-missing" => "is of another class",
        "access-mode" => "does not offer the access modes that the claim wants",
        "node-affinity" => "can be reached from no node",
        _ => "belongs to another claim",
    }
}

/// The conditions that a volume fails, in the binder's order.
pub(super) fn failures(view: &View<'_>, claim: &Value, class: &str, volume: &Value) -> Vec<&'static str> {
    let amount = |object: &Value, pointer: &str| quantity(object.text(pointer)).unwrap_or_default();
    let mode = |object: &Value| match object.text("/spec/volumeMode") {
        "" => "Filesystem".to_owned(),
        mode => mode.to_owned(),
    };
    let selected = claim.pointer("/spec/selector");
    let conditions = [
        (is_free_for(volume, claim), "occupied"),
        (!volume.is_deleting(), "occupied"),
        (
            amount(volume, "/spec/capacity/storage") >= amount(claim, "/spec/resources/requests/storage"),
            "capacity",
        ),
        (mode(volume) == mode(claim), "volume-mode"),
        (matches!(volume.text("/status/phase"), "" | "Available" | "Bound"), "occupied"),
        (selected.is_none_or(|selector| label_selector_matches(selector, labels(volume))), "selector"),
        (class_name(volume).unwrap_or_default() == class, "class-missing"),
        (has_modes(volume, claim), "access-mode"),
        (reaches_a_node(view, volume), "node-affinity"),
    ];
    conditions.into_iter().filter(|(holds, _)| !holds).map(|(_, name)| name).collect()
}

/// Is the volume unclaimed, or kept for this claim?
fn is_free_for(volume: &Value, claim: &Value) -> bool {
    let Some(reference) = volume.pointer("/spec/claimRef").filter(|reference| reference.is_object()) else {
        return true;
    };
    let named = reference.text("/namespace") == claim.namespace() && reference.text("/name") == claim.name();
    named && matches!(reference.text("/uid"), uid if uid.is_empty() || uid == claim.uid())
}

fn has_modes(volume: &Value, claim: &Value) -> bool {
    let offered = volume.items("/spec/accessModes");
    claim.items("/spec/accessModes").iter().all(|mode| offered.contains(mode))
}

fn reaches_a_node(view: &View<'_>, volume: &Value) -> bool {
    let anywhere = volume.pointer("/spec/nodeAffinity/required").is_none();
    anywhere
        || !view.is_complete(Kind::Node, "")
        || view.all(Kind::Node).iter().any(|node| reaches(volume, node))
}

/// May the volume be used on the node?
pub(super) fn reaches(volume: &Value, node: &Value) -> bool {
    let Some(required) = volume.pointer("/spec/nodeAffinity/required") else { return true };
    required.items("/nodeSelectorTerms").iter().any(|term| {
        let by_label = term.items("/matchExpressions").iter().all(|one| expression_holds(one, labels(node)));
        let by_name = term
            .items("/matchFields")
            .iter()
            .all(|field| field.items("/values").iter().any(|name| name.as_str() == Some(node.name())));
        by_label && by_name
    })
}

/// Cites what makes a volume unfit.
pub(super) fn cite(draft: &mut Draft, claim: &Value, candidate: &Candidate<'_>) {
    for failure in &candidate.failures {
        let (of_volume, of_claim) = match *failure {
            "capacity" => (".spec.capacity.storage", ".spec.resources.requests.storage"),
            "volume-mode" => (".spec.volumeMode", ".spec.volumeMode"),
            "selector" => (".metadata.labels", ".spec.selector"),
            "class-missing" => (".spec.storageClassName", ".spec.storageClassName"),
            "access-mode" => (".spec.accessModes", ".spec.accessModes"),
            "node-affinity" => (".spec.nodeAffinity.required", ".spec.volumeName"),
            _ => (".spec.claimRef", ".status.phase"),
        };
        draft.field(candidate.volume, of_volume);
        draft.field(claim, of_claim);
    }
    draft.affects(candidate.volume);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observations::Observations;
    use serde_json::json;

    #[test]
    fn each_condition_is_told_alone() {
        let observations = Observations::default();
        let view = View::new(&observations, 0);
        let claim = json!({"metadata": {"namespace": "shop", "name": "data", "uid": "u"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}}, "selector": {"matchLabels": {"disk": "fast"}}}});
        let volume = json!({"metadata": {"labels": {"disk": "fast"}}, "spec": {"accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "10Gi"}, "storageClassName": "manual"}, "status": {"phase": "Available"}});
        let with = |pointer: &str, value: Value| {
            let mut changed = volume.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            failures(&view, &claim, "manual", &changed)
        };
        assert!(failures(&view, &claim, "manual", &volume).is_empty());
        assert_eq!(failures(&view, &claim, "other", &volume), ["class-missing"]);
        assert_eq!(with("/spec/capacity/storage", json!("9Gi")), ["capacity"]);
        assert_eq!(with("/spec/accessModes", json!(["ReadWriteMany"])), ["access-mode"]);
        assert_eq!(with("/metadata/labels", json!({})), ["selector"]);
        assert_eq!(with("/status/phase", json!("Released")), ["occupied"]);
        let mut block = volume.clone();
        block["spec"]["volumeMode"] = json!("Block");
        assert_eq!(failures(&view, &claim, "manual", &block), ["volume-mode"]);
        for (owner, free) in [("data", true), ("other", false)] {
            let mut held = volume.clone();
            held["spec"]["claimRef"] = json!({"namespace": "shop", "name": owner});
            assert_eq!(failures(&view, &claim, "manual", &held).is_empty(), free);
        }
    }
}
