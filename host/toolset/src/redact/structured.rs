//! Secrets in structured data: by the keys of objects, by environment lists, and by content.

use serde_json::{Map, Value};

use super::{Redactor, names, value};

/// Deeper data is replaced as a whole: nobody reads it, and recursion has to end.
const DEEPEST: usize = 100;

pub(super) fn redact(redactor: &Redactor, value: &mut Value) -> usize {
    walk(redactor, value, 0)
}

fn walk(redactor: &Redactor, value: &mut Value, depth: usize) -> usize {
    if depth > DEEPEST {
        *value = Value::Null;
        return 1;
    }
    match value {
        Value::String(text) => {
            let redacted = redactor.redact_text(text);
            if redacted.count > 0 {
                *text = redacted.text;
            }
            redacted.count
        }
        Value::Array(items) => {
            items.iter_mut().map(|item| walk(redactor, item, depth.saturating_add(1))).sum()
        }
        Value::Object(object) => object_of(redactor, object, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn object_of(redactor: &Redactor, object: &mut Map<String, Value>, depth: usize) -> usize {
    let entry = entry_name(object);
    let secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
    let mut count = 0_usize;
    for (key, value) in object.iter_mut() {
        let by_entry = entry.as_deref().filter(|_| matches!(key.as_str(), "value" | "before" | "after"));
        let found = if secret && matches!(key.as_str(), "data" | "stringData") {
            scalars(redactor, "secret", value, depth)
        } else if let Some(name) = by_entry {
            scalars(redactor, names::kind(name), value, depth)
        } else if names::likeness(key).is_some() && (value.is_string() || value.is_array()) {
            scalars(redactor, names::kind(key), value, depth)
        } else {
            walk(redactor, value, depth.saturating_add(1))
        };
        count = count.saturating_add(found);
    }
    count
}

/// The variable whose value this object holds: an entry of an environment list, or evidence about one.
fn entry_name(object: &Map<String, Value>) -> Option<String> {
    for key in ["name", "key"] {
        if let Some(name) = object.get(key).and_then(Value::as_str)
            && object.contains_key("value")
            && names::likeness(name).is_some()
        {
            return Some(name.to_owned());
        }
    }
    let path = object.get("path").and_then(Value::as_str)?;
    if ["valueFrom", "secretKeyRef", "secretName", "imagePullSecrets", "secretRef"]
        .iter()
        .any(|part| path.contains(part))
    {
        return None;
    }
    let env = path.contains("env") || path.contains("data");
    let mut parts =
        path.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-'));
    parts.find(|part| env && names::likeness(part).is_some()).map(str::to_owned)
}

fn scalars(redactor: &Redactor, kind: &str, value: &mut Value, depth: usize) -> usize {
    match value {
        Value::String(text) => {
            if value::is_harmless(text) {
                return 0;
            }
            *text = redactor.placeholder(kind, text.as_bytes());
            1
        }
        Value::Array(items) => items.iter_mut().map(|item| scalars(redactor, kind, item, depth)).sum(),
        Value::Object(object) if depth < DEEPEST => {
            object.values_mut().map(|item| scalars(redactor, kind, item, depth.saturating_add(1))).sum()
        }
        Value::Number(number) => {
            *value = Value::String(redactor.placeholder(kind, number.to_string().as_bytes()));
            1
        }
        Value::Object(_) | Value::Null | Value::Bool(_) => 0,
    }
}
