//! Reads of a JSON object by pointer that treat "absent" as "empty", as most of the Kubernetes API means it.

use serde_json::{Map, Value};

/// The string there, or nothing.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The string there, or another.
pub(crate) fn text_or<'a>(value: &'a Value, pointer: &str, other: &'a str) -> &'a str {
    let found = text(value, pointer);
    if found.is_empty() { other } else { found }
}

/// The number there, or 0.
pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Is it there, and true?
pub(crate) fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The items there, or none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The fields there, or none.
pub(crate) fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).map(Map::iter).into_iter().flatten()
}

/// A scalar as people write it; anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `key=value,…` of a map of scalars.
pub(crate) fn pairs(value: &Value, pointer: &str) -> String {
    let parts: Vec<String> =
        entries(value, pointer).map(|(key, value)| format!("{key}={}", plain(value))).collect();
    parts.join(",")
}

/// The object's own name.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// The object's namespace; empty for a cluster-wide object.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The condition of that type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == kind)
}

/// Is the condition of that type `True`?
pub(crate) fn condition_holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| text(condition, "/status") == "True")
}

/// The `name` of a reference.
pub(crate) fn name_only(reference: &Value) -> &str {
    text(reference, "/name")
}
