//! `gatewayclass-not-accepted`: no controller accepted the class that a Gateway uses. An unused class is nobody's
//! failure.

use holmes_protocol::Severity;

use super::states::{cite, lasting, words};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "gatewayclass-not-accepted",
    subject: Subject::Network,
    reads: &[Kind::GatewayClass, Kind::Gateway],
    explains: &[Effect::Rule("gateway-not-programmed"), Effect::Rule("route-not-attached")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let classes = view.all(Kind::GatewayClass).iter();
    classes
        .filter_map(|class| {
            let conditions = class.items("/status/conditions");
            // `Unknown` with reason `Pending` is what a class starts with: no controller has looked.
            let condition = ["False", "Unknown"]
                .into_iter()
                .find_map(|status| lasting(view, conditions, "Accepted", status, 300))?;
            let users: Vec<_> = view
                .all(Kind::Gateway)
                .iter()
                .filter(|gateway| gateway.text("/spec/gatewayClassName") == class.name())
                .collect();
            let first = users.first()?;
            let mut draft = Draft::new(RULE.id, "", Severity::Error, class);
            cite(&mut draft, class, "Accepted");
            draft.field(class, ".spec.controllerName");
            draft.field(first, ".spec.gatewayClassName");
            for gateway in users {
                draft.affects(gateway);
                draft.takes_down.insert(gateway.key());
            }
            draft.summary(format!(
                "GatewayClass {} is not accepted by {} ({})",
                class.name(),
                class.text("/spec/controllerName"),
                words(condition)
            ));
            draft.check(
                &["kubectl", "get", "gatewayclass", class.name(), "-o", "yaml"],
                "who should serve it",
            );
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene};

    fn class(status: &str) -> Scene {
        let body = json!({"spec": {"controllerName": "example.com/gateway"}, "status": {"conditions": [
            {"type": "Accepted", "status": status, "reason": "Pending", "message": "Waiting for controller", "lastTransitionTime": LONG_AGO}]}});
        Scene::new().with(Kind::GatewayClass, "edge", body)
    }

    #[test]
    fn a_class_without_a_controller_matters_when_a_gateway_uses_it() {
        class("Unknown").is_silent();
        let gateway = json!({"spec": {"gatewayClassName": "edge", "listeners": []}, "status": {"conditions": [
            {"type": "Programmed", "status": "Unknown", "reason": "Pending", "message": "Waiting for controller", "lastTransitionTime": EARLIER}]}});
        let findings = class("Unknown").with(Kind::Gateway, "web", gateway.clone()).findings();
        assert_eq!(findings[0].rule, "gatewayclass-not-accepted");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            class("True").with(Kind::Gateway, "web", gateway).told(),
            ["gateway-not-programmed/Programmed"]
        );
    }
}
