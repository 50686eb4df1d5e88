//! Any kind, custom ones included: what its status says.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, budget, field};

pub(super) const LAYOUT: Layout = Layout { columns: &["STATUS"], row, counted: None };

/// Conditions that a cell shows.
const SHOWN: usize = 4;

fn row(object: &Value, _now: Now) -> Row {
    let deleting = !field::text(object, "/metadata/deletionTimestamp").is_empty();
    let mut words = Vec::new();
    words.extend(deleting.then(|| "Terminating".to_owned()));
    for pointer in ["/status/phase", "/status/state", "/status/health/status", "/status/sync/status"] {
        words.extend(Some(field::text(object, pointer)).filter(|word| !word.is_empty()).map(str::to_owned));
    }
    let conditions = field::list(object, "/status/conditions");
    words.extend(conditions.iter().take(SHOWN).map(|it| {
        let text = format!("{}={}", field::text(it, "/type"), field::text(it, "/status"));
        let reason = field::text(it, "/reason");
        let told = field::text(it, "/status") != "True" && !reason.is_empty();
        if told { format!("{text}({reason})") } else { text }
    }));
    let unready = conditions.iter().any(|it| {
        matches!(field::text(it, "/type"), "Ready" | "Available") && field::text(it, "/status") != "True"
    });
    Row::new([budget::line(&words.join(","), 200)], Health::problem_if(deleting || unready))
}
