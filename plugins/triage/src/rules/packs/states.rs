//! Conditions of custom resources. They are told by their type, never by their place, and only when they last.

use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::view::View;

/// The condition of a type with this status, if it has lasted.
pub(super) fn lasting<'a>(
    view: &View<'_>,
    conditions: &'a [Value],
    kind: &str,
    status: &str,
    grace: Seconds,
) -> Option<&'a Value> {
    let condition = conditions.iter().find(|condition| condition.text("/type") == kind)?;
    let old = view.age(condition.time("/lastTransitionTime")).is_none_or(|age| age >= grace);
    (condition.text("/status") == status && old).then_some(condition)
}

/// Cites a condition of the object itself, and its time.
pub(super) fn cite(draft: &mut Draft, object: &Value, kind: &str) {
    let path = format!(".status.conditions[type={kind}]");
    for field in ["status", "reason", "message"] {
        draft.field(object, &format!("{path}.{field}"));
    }
    draft.since(object, &format!("{path}.lastTransitionTime"));
}

/// `reason: message` of a condition.
pub(super) fn words(condition: &Value) -> String {
    let (reason, message) = (condition.text("/reason"), condition.text("/message"));
    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") }
}
