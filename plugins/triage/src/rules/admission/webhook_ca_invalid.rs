//! `webhook-ca-invalid` (`empty`, `unreadable`, `expired`): the bundle that the API server checks a webhook's receiver
//! with. An empty one is filled by an injector where an annotation asks for it, and is right for a public certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, format_time};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

use super::webhook::{Hook, hooks};

/// Annotations by which somebody else fills the bundle.
const INJECTORS: [&str; 4] = [
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
];

pub(super) const RULE: Rule = Rule {
    id: "webhook-ca-invalid",
    subject: Subject::Admission,
    reads: &[Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration],
    explains: &[Effect::Rule("webhook-unreachable"), Effect::Rule("failed-create"), Effect::MissingPods],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    hooks(view).filter_map(|hook| judge(view, &hook)).collect()
}

fn judge(view: &View<'_>, hook: &Hook<'_>) -> Option<Draft> {
    let bundle = hook.hook.text("/clientConfig/caBundle");
    let complaint = hook.complaint(view).filter(|event| event.text("/message").contains("x509"));
    let (class, why) = match state(bundle, view.now) {
        // A receiver with a certificate of a public authority needs no bundle; a complaint shows that it does.
        Bundle::Empty if complaint.is_some() && !is_injected(hook.configuration) => {
            ("empty", "is empty".to_owned())
        }
        Bundle::Unreadable => ("unreadable", "holds no certificate".to_owned()),
        Bundle::Expired(moment) => ("expired", format!("has expired: notAfter {}", format_time(moment))),
        Bundle::Empty | Bundle::Valid => return None,
    };
    let severity = if hook.fails() { Severity::Error } else { Severity::Note };
    let mut draft = hook.draft(RULE.id, class, severity);
    draft.computed(hook.configuration, &hook.path(".clientConfig.caBundle"), why.clone());
    draft.field(hook.configuration, &hook.path(".failurePolicy"));
    draft.field(hook.configuration, &hook.path(".clientConfig.service"));
    if let Some(event) = complaint {
        draft.event(event);
    }
    draft.summary(format!("the CA bundle of webhook {} {why}", hook.name()));
    Some(draft)
}

fn is_injected(configuration: &Value) -> bool {
    configuration.pairs("/metadata/annotations").iter().any(|(key, _)| INJECTORS.contains(key))
}

/// What a bundle is worth at a moment.
enum Bundle {
    Empty,
    Unreadable,
    /// All of it; when the last one ended.
    Expired(Seconds),
    Valid,
}

fn state(bundle: &str, now: Seconds) -> Bundle {
    if bundle.is_empty() {
        return Bundle::Empty;
    }
    let Some(pem) = STANDARD.decode(bundle).ok() else { return Bundle::Unreadable };
    let certificates = x509_parser::pem::Pem::iter_from_buffer(&pem).filter_map(Result::ok);
    let ends = certificates.filter_map(|pem| {
        let certificate = pem.parse_x509().ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    match ends.max() {
        None => Bundle::Unreadable,
        Some(end) if end < now => Bundle::Expired(end),
        Some(_) => Bundle::Valid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::webhook::scenes::{receiver, with};
    use crate::observations::Kind;
    use crate::rules::scene::{Scene, healthy_pod};

    fn scene(bundle: &str) -> Scene {
        with(json!({"clientConfig": {"service": {"namespace": "shop", "name": "hooks", "port": 443}, "caBundle": bundle}}))
            .with(Kind::Service, "hooks", receiver())
            .with(Kind::Pod, "hooks-1", healthy_pod("hooks"))
    }

    /// A self-signed certificate that ends on 2026-12-22.
    const BUNDLE: &str = concat!(
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJkRENDQVJ1Z0F3SUJBZ0lVSk5kL0txMk03cnRvcktvSFlsd2VUV2FXaGdV",
        "d0NnWUlLb1pJemowRUF3SXcKRURFT01Bd0dBMVVFQXd3RmFHOXZhM013SGhjTk1qWXhNVEl5TURjME56VTRXaGNOTWpZeE1qSXlN",
        "RGMwTnpVNApXakFRTVE0d0RBWURWUVFEREFWb2IyOXJjekJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEEwSUFCT0xXCjJq",
        "eWZ1TEdYcHd4eGRNRW96ejdoWGFjQjlUdjZFZURUVFpIakRNSzVScnR3YXRMREpwWTRDVUF5NkFGOGp3UnkKbEU1UHV3WXB3Y2tH",
        "NmJXWlFxaWpVekJSTUIwR0ExVWREZ1FXQkJRdkw3Z1ZIVTdxRkRGaktuR3g2MHRmeGcxdApHVEFmQmdOVkhTTUVHREFXZ0JRdkw3",
        "Z1ZIVTdxRkRGaktuR3g2MHRmeGcxdEdUQVBCZ05WSFJNQkFmOEVCVEFECkFRSC9NQW9HQ0NxR1NNNDlCQU1DQTBjQU1FUUNJQU14",
        "VmI2ZWU1Qy9aWHpsQ3hubWpoZXlPb0xMVWVZOWdMNnMKWDBzWmhTQlRBaUJGSXlPbjRMM3Y0YTg2QkMyc3pYMXZpQUk3clFJdjV5",
        "UGthbUt1aEQyU013PT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
    );

    #[test]
    fn a_bundle_that_has_expired_or_is_none_is_found() {
        assert_eq!(scene(BUNDLE).at("2027-01-01T00:00:00Z").told(), ["webhook-ca-invalid/expired"]);
        assert_eq!(scene("bm90aGluZw==").told(), ["webhook-ca-invalid/unreadable"]);
        assert!(scene(BUNDLE).at("2026-12-01T00:00:00Z").told().is_empty());
    }

    #[test]
    fn an_empty_bundle_is_wrong_only_when_somebody_could_not_verify() {
        scene("").is_silent();
        let message = r#"Error creating: Internal error occurred: failed calling webhook "v.example": failed to call webhook: tls: failed to verify certificate: x509: certificate signed by unknown authority"#;
        let findings = scene("").event(Kind::ReplicaSet, "web-1", "FailedCreate", message).findings();
        assert_eq!(findings[0].rule, "webhook-ca-invalid");
        assert_eq!(findings[0].symptoms[0].rule, "webhook-unreachable");
    }
}
