//! TLS certificates of Ingresses that have expired or will soon. Only facts of a certificate are read.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

const DAY: Seconds = 24 * 3600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for ingress in view.all(Kind::Ingress) {
        for entry in ingress.items("/spec/tls") {
            let name = entry.text("/secretName");
            if let Some(secret) = view.find(Kind::Secret, ingress.namespace(), name).found() {
                drafts.extend(judge(view, ingress, entry, secret));
            }
        }
    }
    drafts
}

fn judge<'a>(view: &View<'a>, ingress: &'a Value, entry: &Value, secret: &'a Value) -> Option<Draft> {
    let facts = secret.get("data")?.get("tls.crt")?.get("certificate")?;
    let (from, until) = (facts.time("/notBefore")?, facts.time("/notAfter")?);
    let left = until - view.now;
    let soon = left < (14 * DAY).min((until - from) * 15 / 100);
    let managed =
        secret.pairs("/metadata/annotations").iter().any(|(key, _)| key.starts_with("cert-manager.io/"));
    let stranger = uncovered(entry, facts);
    let (rule, class, severity, what) = if left < 0 {
        ("tls-expired", "expired", Severity::Error, "has expired")
    } else if from > view.now {
        ("tls-expired", "not-yet-valid", Severity::Error, "is not valid yet")
    } else if let Some(host) = &stranger {
        ("tls-expired", "name-mismatch", Severity::Error, host.as_str())
    } else if soon && !managed {
        ("tls-expiring", "", Severity::Warning, "expires soon")
    } else {
        return None;
    };
    let mut draft = Draft::new(rule, class, severity, secret);
    draft.affects(ingress);
    draft.takes_down.insert(ingress.key());
    for field in ["notAfter", "notBefore", "subject", "subjectAlternativeNames"] {
        draft.field(secret, &format!(".data['tls.crt'].certificate.{field}"));
    }
    draft.field(ingress, ".spec.tls");
    draft.since(secret, ".data['tls.crt'].certificate.notAfter");
    draft.summary(format!(
        "certificate in Secret {} of Ingress {} {what}: notAfter {}",
        secret.name(),
        ingress.name(),
        facts.text("/notAfter")
    ));
    draft.check(
        &["kubectl", "-n", secret.namespace(), "get", "secret", secret.name()],
        "when the Secret was renewed",
    );
    Some(draft)
}

/// A host of the Ingress that the certificate does not name.
fn uncovered(entry: &Value, facts: &Value) -> Option<String> {
    let names: Vec<&str> = facts.items("/subjectAlternativeNames").iter().filter_map(Value::as_str).collect();
    if names.is_empty() {
        return None;
    }
    let covers = |host: &str| {
        names.iter().any(|name| {
            let name = name.trim_start_matches("DNS:");
            let wildcard = name.strip_prefix("*.").zip(host.split_once('.'));
            name.eq_ignore_ascii_case(host)
                || wildcard.is_some_and(|(zone, (_, rest))| zone.eq_ignore_ascii_case(rest))
        })
    };
    let hosts = entry.items("/hosts").iter().filter_map(Value::as_str);
    hosts.into_iter().find(|host| !covers(host)).map(|host| format!("does not cover host {host}"))
}
