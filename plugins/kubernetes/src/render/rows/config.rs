//! Namespaces, `ConfigMaps` and Secrets (their keys), quotas, events.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, budget, events::Event, field};

pub(super) const NAMESPACE: Layout =
    Layout { columns: &["STATUS", "CONDITIONS"], row: namespace, counted: Some("STATUS") };

pub(super) const KEYS: Layout = Layout { columns: &["TYPE", "KEYS"], row: keys, counted: None };

pub(super) const QUOTA: Layout = Layout { columns: &["USED/HARD"], row: quota, counted: None };

pub(super) const EVENT: Layout = Layout {
    columns: &["LAST-SEEN", "COUNT", "TYPE", "REASON", "OBJECT", "MESSAGE"],
    row: event,
    counted: Some("REASON"),
};

fn namespace(object: &Value, _now: Now) -> Row {
    let phase = field::text(object, "/status/phase").to_owned();
    let held =
        field::list(object, "/status/conditions").iter().filter(|it| field::text(it, "/status") == "True");
    let held = held.map(|it| field::text(it, "/type")).collect::<Vec<_>>().join(",");
    let health = Health::problem_if(phase != "Active");
    Row::new([phase, held], health)
}

fn keys(object: &Value, _now: Now) -> Row {
    let parts = ["/data", "/stringData", "/binaryData"];
    let keys = parts.iter().flat_map(|part| field::entries(object, part)).map(|(key, _)| key.as_str());
    Row::new([field::text(object, "/type").to_owned(), keys.collect::<Vec<_>>().join(",")], Health::Fine)
}

fn quota(object: &Value, _now: Now) -> Row {
    let used = object.pointer("/status/used");
    let parts = field::entries(object, "/status/hard").map(|(key, hard)| {
        let used = used.and_then(|used| used.get(key)).map(field::plain).unwrap_or_default();
        format!("{key} {used}/{}", field::plain(hard))
    });
    Row::new([parts.collect::<Vec<_>>().join(", ")], Health::Fine)
}

fn event(object: &Value, now: Now) -> Row {
    let event = Event::read(object);
    let health = Health::problem_if(event.kind == "Warning");
    let cells = [
        event.seconds.map(|then| crate::age::human(now.seconds() - then)).unwrap_or_default(),
        event.count.to_string(),
        event.kind,
        event.reason,
        format!("{}/{}", event.object_kind, event.object_name),
        budget::line(&event.message, 300),
    ];
    Row::new(cells, health)
}
