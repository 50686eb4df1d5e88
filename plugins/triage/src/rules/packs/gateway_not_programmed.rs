//! `gateway-not-programmed` (the condition, or the listener's): a Gateway that its controller does not serve, or a
//! listener of it: a certificate that is missing, a port that two claim.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{cite, lasting, words};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

/// A load balancer takes minutes.
const GRACE: i64 = 300;

pub(super) const RULE: Rule = Rule {
    id: "gateway-not-programmed",
    subject: Subject::Network,
    reads: &[Kind::Gateway],
    explains: &[Effect::Rule("route-not-attached")],
    yields_to: &[Cause::Pods, Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let gateways = view.all(Kind::Gateway).iter();
    gateways.filter(|gateway| !gateway.is_deleting()).filter_map(|gateway| judge(view, gateway)).collect()
}

fn judge<'a>(view: &View<'a>, gateway: &'a Value) -> Option<Draft> {
    let conditions = gateway.items("/status/conditions");
    let own = ["Accepted", "Programmed"].into_iter().find_map(|kind| {
        let found = ["False", "Unknown"]
            .into_iter()
            .find_map(|status| lasting(view, conditions, kind, status, GRACE));
        Some((kind, found?))
    });
    let listener = gateway.items("/status/listeners").iter().find_map(|listener| {
        let conditions = listener.items("/conditions");
        let failed = ["ResolvedRefs", "Accepted"]
            .into_iter()
            .find_map(|kind| Some((kind, lasting(view, conditions, kind, "False", GRACE)?)))
            .or_else(|| Some(("Conflicted", lasting(view, conditions, "Conflicted", "True", GRACE)?)))?;
        Some((listener, failed))
    });
    let (class, why) = match (&listener, own) {
        (Some((listener, (_, condition))), _) => {
            (condition.text("/reason"), format!("listener {}: {}", listener.text("/name"), words(condition)))
        }
        (None, Some((kind, condition))) => (kind, words(condition)),
        (None, None) => return None,
    };
    let mut draft = Draft::new(RULE.id, class, Severity::Error, gateway);
    if let Some((kind, _)) = own {
        cite(&mut draft, gateway, kind);
    }
    if let Some((listener, (kind, _))) = listener {
        let name = listener.text("/name");
        let path = format!(".status.listeners[name={name}].conditions[type={kind}]");
        for field in ["reason", "message"] {
            draft.field(gateway, &format!("{path}.{field}"));
        }
        draft.field(gateway, &format!(".spec.listeners[name={name}]"));
        draft.since(gateway, &format!("{path}.lastTransitionTime"));
        draft.parameters.push(name.to_owned());
    }
    draft.depends_on.insert(object_key("GatewayClass", "", gateway.text("/spec/gatewayClassName")));
    draft.summary(format!("Gateway {} is not served: {why}", gateway.name()));
    let (namespace, name) = (gateway.namespace(), gateway.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "gateway", name], "its conditions and listeners");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, JUST_NOW, Scene};

    fn gateway(since: &str, resolved: &str) -> Scene {
        let body = json!({"spec": {"gatewayClassName": "edge", "listeners": [{"name": "https", "port": 443}]},
            "status": {"conditions": [{"type": "Accepted", "status": "True"}, {"type": "Programmed", "status": "True"}],
                "listeners": [{"name": "https", "conditions": [{"type": "ResolvedRefs", "status": resolved, "reason": "InvalidCertificateRef",
                    "message": "Secret web-tls not found", "lastTransitionTime": since}]}]}});
        Scene::new().with(Kind::Gateway, "web", body)
    }

    #[test]
    fn a_listener_tells_what_it_can_not_resolve() {
        gateway(EARLIER, "False").finds("gateway-not-programmed/InvalidCertificateRef");
        gateway(EARLIER, "True").is_silent();
        gateway(JUST_NOW, "False").is_silent();
    }
}
