//! `tls-expired` (`expired`, `not-yet-valid`, `name-mismatch`): a certificate that clients refuse now. One that
//! nobody serves is none.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::{Object, format_time};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

use super::certificate::{Served, served};

pub(super) const RULE: Rule = Rule {
    id: "tls-expired",
    subject: Subject::Network,
    reads: &[Kind::Secret, Kind::Ingress],
    explains: &[Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    served(view).iter().filter_map(|served| judge(view, served)).collect()
}

fn judge(view: &View<'_>, served: &Served<'_>) -> Option<Draft> {
    let early = served.from.filter(|from| *from > view.now);
    let (class, what) = if served.until < view.now {
        ("expired", format!("has expired: notAfter {}", format_time(served.until)))
    } else if let Some(from) = early {
        ("not-yet-valid", format!("is not valid yet: notBefore {}", format_time(from)))
    } else {
        ("name-mismatch", format!("does not cover host {}", served.uncovered()?))
    };
    let mut draft = served.draft(RULE.id, class, Severity::Error);
    if class == "expired" {
        draft.since_at(Some(served.until), format!("{} notAfter", served.holder.key()));
    }
    draft.summary(format!("{} {what}", served.title()));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::certificate::scenes;
    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    #[test]
    fn dates_and_names_that_clients_refuse() {
        let of = scenes::with;
        of("2025-01-01T00:00:00Z", "2026-11-15T00:00:00Z", "web.example").finds("tls-expired/expired");
        of("2026-12-01T00:00:00Z", "2027-11-15T00:00:00Z", "web.example").finds("tls-expired/not-yet-valid");
        of("2026-01-01T00:00:00Z", "2027-11-15T00:00:00Z", "old.example").finds("tls-expired/name-mismatch");
        of("2026-01-01T00:00:00Z", "2027-11-15T00:00:00Z", "*.example").is_silent();
    }

    #[test]
    fn where_secrets_are_forbidden_the_certificate_object_tells_the_dates() {
        let certificate = json!({"spec": {"secretName": "web-tls", "dnsNames": ["web.example"]},
            "status": {"notAfter": "2026-11-15T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]}});
        let scene = Scene::new().with(Kind::Ingress, "web", scenes::ingress()).forbid(Kind::Secret);
        assert!(scene.told().is_empty());
        assert_eq!(scene.with(Kind::Certificate, "web", certificate).told(), ["tls-expired/expired"]);
    }
}
