//! The claim template of a `StatefulSet` names a storage class that does not exist.
//!
//! Fires on an exact absence while a claim of it is not bound, or a pod is not ready. The claims' own findings
//! are its symptoms: the template is what has to change. Not where classes may not be read.

use holmes_protocol::Severity;
use serde_json::Value;

use super::readiness::is_overdue;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds, object_key};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "sts-storageclass-missing",
    subject: Subject::Storage,
    reads: &[Kind::StatefulSet, Kind::StorageClass],
    explains: &[Effect::MissingPods, Effect::Rule("pvc-unbound"), Effect::Rule("pending-unschedulable")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let sets = view.all(Kind::StatefulSet).iter().filter(|object| !object.is_deleting());
    sets.flat_map(|object| {
        let templates = object.items("/spec/volumeClaimTemplates").iter();
        templates.filter_map(|template| judge(view, object, template)).collect::<Vec<_>>()
    })
    .collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value, template: &Value) -> Option<Draft> {
    let class = template.text("/spec/storageClassName");
    if class.is_empty() || view.age(object.created())? < GRACE {
        return None;
    }
    if !view.find(Kind::StorageClass, "", class).is_absent() {
        return None;
    }
    let claims = claims(object, template.name());
    let waiting = claims.iter().find_map(|name| {
        let claim = view.find(Kind::PersistentVolumeClaim, object.namespace(), name).found()?;
        (claim.text("/status/phase") == "Pending").then_some(claim)
    });
    let failing = view.children(object).iter().copied().find(|pod| is_overdue(view, pod, GRACE));
    if waiting.is_none() && failing.is_none() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Error, object);
    draft.collapse = format!("{} {class}", object.key());
    draft.parameters.push(class.to_owned());
    let index = object.items("/spec/volumeClaimTemplates").iter().position(|other| other == template)?;
    draft.field(object, &format!(".spec.volumeClaimTemplates[{index}].spec.storageClassName"));
    draft.absent("StorageClass", "", class);
    if let Some(claim) = waiting {
        draft.affects(claim);
        draft.field(claim, ".status.phase");
        draft.since(claim, ".metadata.creationTimestamp");
    }
    if let Some(pod) = failing {
        draft.affects(pod);
        draft.field(pod, ".status.phase");
        draft.since(pod, ".metadata.creationTimestamp");
    }
    let namespace = object.namespace();
    draft.takes_down.extend(claims.iter().map(|name| object_key("PersistentVolumeClaim", namespace, name)));
    if let Some(near) = nearest::name(class, view.all(Kind::StorageClass).iter().map(Value::name)) {
        draft.suggest(format!("StorageClass `{near}` exists: misspelt?"));
    }
    draft.summary(format!("StatefulSet {} claims volumes of StorageClass {class}: not found", object.name()));
    draft.check(&["kubectl", "get", "storageclasses"], "which classes there are");
    Some(draft)
}

/// The names of the set's claims: template, set, ordinal.
fn claims(object: &Value, template: &str) -> Vec<String> {
    let first = object.number("/spec/ordinals/start").unwrap_or_default();
    let replicas = object.number("/spec/replicas").unwrap_or(1);
    (first..first + replicas).map(|ordinal| format!("{template}-{}-{ordinal}", object.name())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    fn cluster(class: &str, phase: &str) -> Scene {
        let set = json!({"spec": {"replicas": 1, "serviceName": "", "volumeClaimTemplates": [
            {"metadata": {"name": "data"}, "spec": {"storageClassName": class}}]}, "status": {"readyReplicas": 1}});
        let claim = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"storageClassName": class}, "status": {"phase": phase}});
        Scene::new()
            .with(Kind::StatefulSet, "db", set)
            .with(Kind::PersistentVolumeClaim, "data-db-0", claim)
            .with(Kind::StorageClass, "premium-zrs", json!({"provisioner": "disk.example"}))
    }

    #[test]
    fn the_template_is_the_root_and_its_claims_are_symptoms() {
        let finding = cluster("premium-zrz", "Pending").finds("sts-storageclass-missing/");
        assert!(finding.suggestion[0].contains("premium-zrs"));
        assert!(finding.symptoms.iter().any(|symptom| symptom.rule == "pvc-unbound"), "{finding:#?}");
    }

    #[test]
    fn bound_claims_and_unreadable_classes_are_silent() {
        let told = |scene: Scene| scene.told().iter().any(|told| told == "sts-storageclass-missing/");
        assert!(!told(cluster("premium-zrs", "Pending")));
        assert!(!told(cluster("gone", "Bound")));
        assert!(!told(cluster("gone", "Pending").forbid(Kind::StorageClass)));
    }
}
