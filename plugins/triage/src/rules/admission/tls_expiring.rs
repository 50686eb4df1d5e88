//! `tls-expiring`: less than two weeks, or less than 15 % of its life, are left of a certificate that is served, and
//! no controller will renew it, or its time to do so is past.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::{Seconds, format_time};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

use super::certificate::{Renewal, Served, served};

const DAY: Seconds = 24 * 3600;

pub(super) const RULE: Rule = Rule {
    id: "tls-expiring",
    subject: Subject::Network,
    reads: &[Kind::Secret, Kind::Ingress],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    served(view).iter().filter_map(|served| judge(view, served)).collect()
}

fn judge(view: &View<'_>, served: &Served<'_>) -> Option<Draft> {
    let left = served.until - view.now;
    let life = served.until - served.from?;
    if left < 0 || left >= (14 * DAY).min(life * 15 / 100) || served.renewal == Renewal::Controller {
        return None;
    }
    let mut draft = served.draft(RULE.id, "", Severity::Warning);
    let overdue = if served.renewal == Renewal::Overdue { ", and its renewal is overdue" } else { "" };
    let days = left / DAY;
    draft.summary(format!(
        "{} expires in {days} days{overdue}: notAfter {}",
        served.title(),
        format_time(served.until)
    ));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::certificate::scenes;
    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    fn scene() -> Scene {
        scenes::with("2025-11-20T00:00:00Z", "2026-11-20T00:00:00Z", "web.example")
    }

    fn issued(renewal: &str) -> Scene {
        scene().with(
            Kind::Certificate,
            "web",
            json!({"spec": {"secretName": "web-tls"}, "status": {"renewalTime": renewal,
                "conditions": [{"type": "Ready", "status": "True"}]}}),
        )
    }

    #[test]
    fn a_certificate_that_nobody_renews_is_told_in_time() {
        scene().finds("tls-expiring/");
        scenes::with("2026-11-15T00:00:00Z", "2026-11-20T00:00:00Z", "web.example").is_silent();
    }

    #[test]
    fn a_controller_renews_in_its_own_time() {
        assert!(issued("2026-11-18T00:00:00Z").told().is_empty());
        assert_eq!(issued("2026-11-10T00:00:00Z").told(), ["tls-expiring/"]);
    }
}
