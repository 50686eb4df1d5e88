//! `cert-not-issued`: cert-manager has tried for ten minutes, and the certificate is not there. The newest failed
//! challenge, order or request tells why.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{cite, lasting, words};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

/// A DNS challenge waits for the name to spread.
const GRACE: i64 = 600;

pub(super) const RULE: Rule = Rule {
    id: "cert-not-issued",
    subject: Subject::Configuration,
    reads: &[Kind::Certificate],
    explains: &[
        Effect::Rule("ingress-tls-missing"),
        Effect::Rule("tls-expiring"),
        Effect::Rule("tls-expired"),
    ],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Certificate).iter().filter_map(|certificate| judge(view, certificate)).collect()
}

fn judge<'a>(view: &View<'a>, certificate: &'a Value) -> Option<Draft> {
    let condition = lasting(view, certificate.items("/status/conditions"), "Ready", "False", GRACE)?;
    let mut draft = Draft::new(RULE.id, "", Severity::Error, certificate);
    cite(&mut draft, certificate, "Ready");
    draft.field(certificate, ".spec.issuerRef");
    let secret = certificate.text("/spec/secretName");
    let namespace = certificate.namespace();
    draft.takes_down.insert(object_key("Secret", namespace, secret));
    for ingress in view.all(Kind::Ingress).iter().filter(|ingress| ingress.namespace() == namespace) {
        if ingress.items("/spec/tls").iter().any(|entry| entry.text("/secretName") == secret) {
            draft.affects(ingress);
            draft.takes_down.insert(ingress.key());
        }
    }
    let mut why = words(condition);
    if let Some((kind, path)) = deepest(view, certificate) {
        let text = crate::object::resolve(kind, path).and_then(Value::as_str).unwrap_or_default();
        draft.field(kind, path);
        draft.affects(kind);
        why = format!("{} {}: {text}", kind.kind(), kind.name());
    }
    let issuer = certificate.text("/spec/issuerRef/name");
    let (kind, scope) = match certificate.text("/spec/issuerRef/kind") {
        "ClusterIssuer" => (Kind::ClusterIssuer, ""),
        _ => (Kind::Issuer, namespace),
    };
    match view.find(kind, scope, issuer) {
        crate::view::Lookup::Absent => {
            draft.absent(kind.source().name, scope, issuer);
            why = format!("{} {issuer} does not exist (not found)", kind.source().name);
        }
        crate::view::Lookup::Found(found) if found.condition_is("Ready", "False") => {
            draft.field(found, ".status.conditions[type=Ready].message");
            draft.affects(found);
        }
        crate::view::Lookup::Found(_) | crate::view::Lookup::Unknown => {}
    }
    draft.summary(format!("certificate {} is not issued: {why}", certificate.name()));
    draft.check(&["kubectl", "-n", namespace, "describe", "certificate", certificate.name()], "its requests");
    Some(draft)
}

/// What failed below a certificate, the deepest first, and where it says why.
fn deepest<'a>(view: &View<'a>, certificate: &Value) -> Option<(&'a Value, &'static str)> {
    let requests = view.children(certificate).iter().copied();
    let mut found: Option<(&Value, &'static str)> = None;
    for request in requests.filter(|request| request.kind() == "CertificateRequest") {
        if request.condition_is("Ready", "False") {
            found = Some((request, ".status.conditions[type=Ready].message"));
        }
        for order in view.children(request).iter().copied().filter(|order| order.kind() == "Order") {
            if !order.text("/status/reason").is_empty() {
                found = Some((order, ".status.reason"));
            }
            let challenges = view.children(order).iter().copied();
            if let Some(challenge) =
                challenges.into_iter().find(|challenge| !challenge.text("/status/reason").is_empty())
            {
                return Some((challenge, ".status.reason"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LATELY, Scene, owned};

    fn scene(since: &str) -> Scene {
        let certificate = json!({"spec": {"secretName": "web-tls", "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"}},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist", "lastTransitionTime": since}]}});
        let ingress = json!({"spec": {"tls": [{"secretName": "web-tls", "hosts": ["web.example"]}]}});
        Scene::new().with(Kind::Certificate, "web", certificate).with(Kind::Ingress, "web", ingress).with(
            Kind::ClusterIssuer,
            "letsencrypt",
            json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        )
    }

    #[test]
    fn a_failed_challenge_tells_why_and_the_missing_secret_is_no_finding_of_its_own() {
        let request = owned(
            json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "waiting"}]}}),
            "Certificate",
            "web",
            "certificates-web",
        );
        let order = owned(
            json!({"status": {"state": "pending"}}),
            "CertificateRequest",
            "web-1",
            "certificaterequests-web-1",
        );
        let challenge = owned(
            json!({"status": {"reason": "Waiting for HTTP-01 challenge propagation: wrong status code '404'"}}),
            "Order",
            "web-1-1",
            "orders-web-1-1",
        );
        let findings = scene(EARLIER)
            .with(Kind::CertificateRequest, "web-1", request)
            .with(Kind::Order, "web-1-1", order)
            .with(Kind::Challenge, "web-1-1-1", challenge)
            .findings();
        assert_eq!(findings[0].rule, "cert-not-issued");
        assert!(findings[0].summary.contains("404"), "{}", findings[0].summary);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn issuance_in_progress_is_no_failure() {
        assert!(scene(LATELY).told().iter().all(|told| !told.starts_with("cert-not-issued")));
    }
}
