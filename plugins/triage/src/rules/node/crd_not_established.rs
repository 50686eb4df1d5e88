//! A custom resource definition is not served.
//!
//! Fires a minute after `Established` is not `True` or `NamesAccepted=False` (`names`), and on a definition that
//! is being deleted for that long while objects of it are left (`terminating`). Not on `NonStructuralSchema`.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, parse_time};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "crd-not-established",
    subject: Subject::ControlPlane,
    reads: &[Kind::CustomResourceDefinition],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::CustomResourceDefinition).iter().filter_map(|definition| judge(view, definition)).collect()
}

fn judge<'a>(view: &View<'a>, definition: &'a Value) -> Option<Draft> {
    if view.age(definition.created())? < GRACE {
        return None;
    }
    let leaving = parse_time(definition.text("/metadata/deletionTimestamp"));
    let is = |kind: &str, status: &str| definition.condition_is(kind, status);
    let (class, kind) = if leaving.is_some() {
        ("terminating", "Terminating")
    } else if is("NamesAccepted", "False") {
        ("names", "NamesAccepted")
    } else if is("Established", "False") || is("Established", "Unknown") {
        ("", "Established")
    } else {
        return None;
    };
    let changed = definition.condition(kind).and_then(|condition| condition.time("/lastTransitionTime"));
    if view.age(leaving.or(changed))? < GRACE || class == "terminating" && !is(kind, "True") {
        return None;
    }
    let mut draft = Draft::new(RULE.id, class, Severity::Error, definition);
    for field in ["status", "reason", "message"] {
        draft.field(definition, &format!(".status.conditions[type={kind}].{field}"));
    }
    if leaving.is_some() {
        draft.field(definition, ".metadata.deletionTimestamp");
        draft.field(definition, ".metadata.finalizers");
        draft.since(definition, ".metadata.deletionTimestamp");
    }
    draft.since(definition, &format!(".status.conditions[type={kind}].lastTransitionTime"));
    let condition = definition.condition(kind)?;
    draft.summary(format!(
        "CustomResourceDefinition {} is not served ({kind}={}): {}",
        definition.name(),
        condition.text("/status"),
        condition.text("/message")
    ));
    draft.check(&["kubectl", "get", "crd", definition.name(), "-o", "yaml"], "its conditions");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    fn definition(kind: &str, status: &str, deleted: &Value) -> Scene {
        let body = json!({"metadata": {"deletionTimestamp": deleted}, "status": {"conditions": [
            {"type": kind, "status": status, "reason": "Told", "message": "m", "lastTransitionTime": EARLIER}]}});
        Scene::new().with(Kind::CustomResourceDefinition, "flags.example.com", body)
    }

    #[test]
    fn names_that_clash_and_schemas_that_are_refused_are_told() {
        definition("NamesAccepted", "False", &Value::Null).finds("crd-not-established/names");
        definition("Established", "False", &Value::Null).finds("crd-not-established/");
        assert!(
            definition("Established", "False", &Value::Null).at("2026-11-16T11:30:59Z").told().is_empty()
        );
    }

    #[test]
    fn a_served_definition_and_an_unstructured_schema_are_silent() {
        definition("Established", "True", &Value::Null).is_silent();
        definition("NonStructuralSchema", "True", &Value::Null).is_silent();
    }

    #[test]
    fn objects_that_are_left_hold_a_definition() {
        let told = definition("Terminating", "True", &json!(EARLIER)).told();
        assert!(told.contains(&"crd-not-established/terminating".to_owned()), "{told:?}");
    }
}
