//! `keda-scaledobject-failed` (`not-ready`, `fallback`): a KEDA scaler that can not read its trigger or finds no
//! target. Paused is a choice.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{cite, lasting, words};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: i64 = 300;

pub(super) const RULE: Rule = Rule {
    id: "keda-scaledobject-failed",
    subject: Subject::Scaling,
    reads: &[Kind::ScaledObject],
    explains: &[Effect::Rule("hpa-no-metrics"), Effect::Rule("hpa-target-missing")],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::ScaledObject).iter().filter_map(|scaler| judge(view, scaler)).collect()
}

fn judge<'a>(view: &View<'a>, scaler: &'a Value) -> Option<Draft> {
    let paused = scaler
        .pairs("/metadata/annotations")
        .iter()
        .any(|(key, _)| key.starts_with("autoscaling.keda.sh/paused"));
    if paused || scaler.condition_is("Paused", "True") || scaler.is_deleting() {
        return None;
    }
    let conditions = scaler.items("/status/conditions");
    // KEDA writes no transition times: the age of the object stands for them.
    let (class, kind, condition, severity) =
        if let Some(condition) = lasting(view, conditions, "Ready", "False", GRACE) {
            ("not-ready", "Ready", condition, Severity::Error)
        } else {
            ("fallback", "Fallback", lasting(view, conditions, "Fallback", "True", GRACE)?, Severity::Warning)
        };
    if view.age(scaler.created())? < GRACE {
        return None;
    }
    let mut draft = Draft::new(RULE.id, class, severity, scaler);
    cite(&mut draft, scaler, kind);
    draft.field(scaler, ".spec.scaleTargetRef");
    draft.field(scaler, ".status.health");
    let autoscaler = format!("keda-hpa-{}", scaler.name());
    draft.takes_down.insert(object_key("HorizontalPodAutoscaler", scaler.namespace(), &autoscaler));
    draft.summary(format!("ScaledObject {} does not scale ({})", scaler.name(), words(condition)));
    let (namespace, name) = (scaler.namespace(), scaler.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "scaledobject", name], "its triggers");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn scene(annotations: Value, conditions: Value) -> Scene {
        let body = json!({"metadata": {"annotations": annotations}, "spec": {"scaleTargetRef": {"name": "web"}}, "status": {"conditions": conditions}});
        Scene::new().with(Kind::ScaledObject, "web", body)
    }

    #[test]
    fn a_scaler_that_can_not_read_its_trigger_is_found_and_a_paused_one_is_not() {
        let broken = json!([{"type": "Ready", "status": "False", "reason": "ScaledObjectCheckFailed", "message": "failed to ensure HPA is correctly created for ScaledObject"}]);
        scene(json!({}), broken.clone()).finds("keda-scaledobject-failed/not-ready");
        scene(json!({"autoscaling.keda.sh/paused-replicas": "1"}), broken).is_silent();
        scene(
            json!({}),
            json!([{"type": "Ready", "status": "True"}, {"type": "Fallback", "status": "False"}]),
        )
        .is_silent();
        let fallback = json!([{"type": "Ready", "status": "True"}, {"type": "Fallback", "status": "True", "reason": "FallbackExists", "message": "At least one trigger is falling back on this scaled object"}]);
        scene(json!({}), fallback).finds("keda-scaledobject-failed/fallback");
    }
}
