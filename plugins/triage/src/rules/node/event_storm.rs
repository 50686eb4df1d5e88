//! One complaint about one object is repeated more than a hundred times within an hour: a note.
//!
//! Only warnings count, and only where the pod that they are about has no finding of its own.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::{EVENT_AGE, View, event_count, event_time};

const MANY: i64 = 100;
const HOUR: Seconds = 3600;

pub(super) const RULE: Rule = Rule {
    id: "event-storm",
    subject: Subject::Pod(99),
    reads: &[Kind::Event],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Event).iter().filter_map(|event| judge(view, event)).collect()
}

fn judge<'a>(view: &View<'a>, event: &'a Value) -> Option<Draft> {
    let count = event_count(event);
    if count <= MANY || event.text("/type") != "Warning" || view.now - event_time(event) > EVENT_AGE {
        return None;
    }
    let began = event.time("/firstTimestamp").or_else(|| event.time("/eventTime"))?;
    let lasted = (event_time(event) - began).max(HOUR);
    if count * HOUR / lasted <= MANY {
        return None;
    }
    let about = |field: &str| event.text(&format!("/involvedObject/{field}"));
    let kind = Kind::parse(about("kind"))?;
    let object = view.find(kind, about("namespace"), about("name")).found()?;
    let reason = event.text("/reason");
    let mut draft = Draft::new(RULE.id, "", Severity::Note, object);
    draft.confidence(Confidence::Low);
    draft.parameters.push(reason.to_owned());
    draft.collapse = format!("{} {reason}", view.top(object).key());
    draft.event(event);
    draft.since(event, ".firstTimestamp");
    draft.summary(format!(
        "{} {} has {count} events {reason}: {}",
        object.kind(),
        object.name(),
        event.text("/message")
    ));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LATELY, Scene, healthy_pod};

    fn storm(count: i64, first: &str, kind: &str) -> Scene {
        let event = json!({"type": kind, "reason": "DNSConfigForming", "message": "nameserver limits were exceeded", "count": count,
            "firstTimestamp": first, "lastTimestamp": LATELY,
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "a-1", "uid": "pods-a-1"}});
        Scene::new().with(Kind::Pod, "a-1", healthy_pod("a")).with(Kind::Event, "a-1.1", event)
    }

    #[test]
    fn a_hundred_complaints_within_an_hour_are_a_note() {
        assert_eq!(storm(101, EARLIER, "Warning").noted(), ["event-storm/"]);
        storm(101, EARLIER, "Warning").is_silent();
        assert!(storm(100, EARLIER, "Warning").noted().is_empty());
        assert!(storm(101, EARLIER, "Normal").noted().is_empty());
        assert!(storm(1000, "2026-11-15T11:30:00Z", "Warning").noted().is_empty());
    }
}
