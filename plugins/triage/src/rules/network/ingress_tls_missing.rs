//! `ingress-tls-missing`: the Secret with the certificate of an Ingress is not there, or the controller says so.
//!
//! Not on: Secrets that may not be read, entries without a Secret's name, certificates that cert-manager is still
//! about to issue (`cert-not-issued` tells those).

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

/// An issuer may need minutes for a certificate.
const GRACE: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "ingress-tls-missing",
    subject: Subject::Network,
    reads: &[Kind::Ingress, Kind::Secret],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let settled = |ingress: &&Value| !ingress.is_deleting() && view.age(ingress.created()) >= Some(GRACE);
    let ingresses = view.all(Kind::Ingress).iter().filter(settled);
    ingresses.flat_map(|ingress| missing(view, ingress)).collect()
}

fn missing<'a>(view: &View<'a>, ingress: &'a Value) -> Vec<Draft> {
    let entries = ingress.items("/spec/tls").iter().enumerate();
    let named = entries.filter(|(_, entry)| !entry.text("/secretName").is_empty());
    named.filter_map(|(index, entry)| judge(view, ingress, index, entry)).collect()
}

fn judge<'a>(view: &View<'a>, ingress: &'a Value, index: usize, entry: &Value) -> Option<Draft> {
    let (namespace, name) = (ingress.namespace(), entry.text("/secretName"));
    let secret = view.find(Kind::Secret, namespace, name);
    let told = view.events(ingress).into_iter().rev().find(|event| {
        let message = event.text("/message");
        let gone = message.contains("not found") || message.contains("does not exist");
        event.text("/type") == "Warning" && gone && message.contains(name)
    });
    let absent = secret.is_absent();
    if secret.found().is_some() || !absent && told.is_none() || is_issuing(view, ingress, name) {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Error, ingress);
    draft.parameters.push(name.to_owned());
    draft.collapse = format!("{} {name}", ingress.key());
    draft.field(ingress, &format!(".spec.tls[{index}].secretName"));
    if absent {
        draft.absent("Secret", namespace, name);
    } else if let Some(event) = told {
        draft.event(event);
    }
    draft.since(ingress, ".metadata.creationTimestamp");
    let hosts: Vec<&str> = entry.items("/hosts").iter().filter_map(Value::as_str).collect();
    let hosts = if hosts.is_empty() { "its hosts".to_owned() } else { hosts.join(", ") };
    draft.summary(format!(
        "TLS Secret {name} of Ingress {} does not exist (not found): no certificate of their own for {hosts}",
        ingress.name()
    ));
    let here = view.all(Kind::Secret).iter().filter(|secret| secret.namespace() == namespace);
    if let Some(near) = nearest::name(name, here.map(Value::name)) {
        draft.suggest(format!("Secret `{near}` exists in namespace {namespace}"));
    }
    draft.check(&["kubectl", "-n", namespace, "get", "secret", name], "whether the Secret is there");
    Some(draft)
}

/// Is cert-manager to write this Secret? Where its Certificates may not be read, its annotation is enough.
fn is_issuing(view: &View<'_>, ingress: &Value, name: &str) -> bool {
    let mut certificates = view.all(Kind::Certificate).iter();
    let wanted = certificates
        .any(|one| one.namespace() == ingress.namespace() && one.text("/spec/secretName") == name);
    let mut annotations = ingress.pairs("/metadata/annotations").into_iter();
    let asked = annotations.any(|(key, _)| {
        matches!(key, "cert-manager.io/issuer" | "cert-manager.io/cluster-issuer" | "kubernetes.io/tls-acme")
    });
    wanted || asked && !view.is_complete(Kind::Certificate, ingress.namespace())
}

#[cfg(test)]
mod tests {
    use holmes_protocol::Verdict;
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn cluster(secret: &str) -> Scene {
        let body = json!({"spec": {"tls": [{"secretName": secret, "hosts": ["web.example"]}]}});
        Scene::new().with(Kind::Ingress, "web", body)
    }

    #[test]
    fn a_secret_that_is_not_there_is_named_with_the_near_one() {
        let scene = cluster("web-tls").with(Kind::Secret, "web-tsl", json!({}));
        let finding = scene.finds("ingress-tls-missing/");
        assert_eq!(finding.suggestion, ["Secret `web-tsl` exists in namespace shop"]);
        cluster("web-tls").with(Kind::Secret, "web-tls", json!({})).is_silent();
    }

    #[test]
    fn a_secret_that_may_not_be_read_is_not_missing_unless_the_controller_says_so() {
        let scene = cluster("web-tls").forbid(Kind::Secret);
        let report = scene.report();
        assert!(report.findings.is_empty());
        assert_eq!(report.verdict, Verdict::Incomplete);
        let unknown = &report.unknown_because_forbidden[0];
        assert_eq!(unknown.text, "not permitted to read secrets in all namespaces (list)");
        assert!(unknown.would_decide.contains(&super::RULE.id.to_owned()));
        let text = "secret \"shop/web-tls\" not found";
        scene.event(Kind::Ingress, "web", "SecretNotFound", text).finds("ingress-tls-missing/");
    }

    #[test]
    fn a_certificate_that_is_being_issued_is_another_matter() {
        let certificate = json!({"spec": {"secretName": "web-tls"}, "status": {"conditions": []}});
        assert!(
            cluster("web-tls")
                .with(Kind::Certificate, "web", certificate)
                .told()
                .iter()
                .all(|told| told != "ingress-tls-missing/")
        );
        let body = json!({"metadata": {"annotations": {"cert-manager.io/cluster-issuer": "acme"}},
            "spec": {"tls": [{"secretName": "web-tls"}]}});
        Scene::new().with(Kind::Ingress, "web", body).forbid(Kind::Certificate).is_silent();
    }

    #[test]
    fn an_entry_without_a_name_and_a_new_ingress_are_silent() {
        cluster("").is_silent();
        let mut young = json!({"spec": {"tls": [{"secretName": "web-tls"}]}});
        young["metadata"] = json!({"creationTimestamp": LATELY});
        let scene = Scene::new().with(Kind::Ingress, "web", young);
        assert!(scene.clone().at("2026-11-16T11:59:59Z").told().is_empty());
        assert_eq!(scene.told(), ["ingress-tls-missing/"]);
    }

    #[test]
    fn every_entry_is_looked_at() {
        let body = json!({"spec": {"tls": [{"secretName": "one"}, {"secretName": "two"}]}});
        let scene = Scene::new().with(Kind::Ingress, "web", body).with(Kind::Secret, "one", json!({}));
        assert!(scene.findings()[0].summary.contains("two"));
    }
}
