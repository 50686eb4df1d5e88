//! What is taken out of objects and logs before they are written.
//!
//! The invariant: of a Secret only names, types and certificates are left; everything else keeps its shape, so that
//! a recording leads to the same findings as its cluster. Equal values have equal placeholders in one recording.

mod certificates;
mod log;
mod nested;

use std::sync::atomic::{AtomicUsize, Ordering};

use holmes_toolset::redact::Redactor;
use serde_json::{Map, Value};

use super::kinds::Kind;
use crate::redact;

/// Identifiers: what refers to an object must go on to do so, though `sk-` begins some names as it begins some keys.
const IDENTIFIERS: [&str; 5] = ["name", "namespace", "generateName", "uid", "nodeName"];

/// Longest message of an error that is kept.
const SENTENCE: usize = 500;

/// Redacts one recording.
#[derive(Debug)]
pub(super) struct Redaction {
    redactor: Redactor,
    count: AtomicUsize,
}

impl Redaction {
    pub(super) fn new() -> Self {
        Self { redactor: Redactor::new(), count: AtomicUsize::new(0) }
    }

    /// Values that were replaced so far.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Makes an item of a list an object that may be written: complete, and without secrets.
    pub(super) fn object(&self, kind: &Kind, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else {
            *object = Value::Null;
            return;
        };
        fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
        fields.entry("kind").or_insert_with(|| kind.name.clone().into());
        // Names of fields, no values; a third of the object.
        let managed = fields
            .get_mut("metadata")
            .and_then(Value::as_object_mut)
            .and_then(|metadata| metadata.remove("managedFields"));
        // Whatever the group: an aggregated API that serves `secrets` serves secrets.
        let data = if kind.plural == "secrets" { self.secret(object) } else { Map::new() };
        self.value(object);
        let Some(fields) = object.as_object_mut() else { return };
        fields.extend(data);
        if let (Some(metadata), Some(managed)) =
            (fields.get_mut("metadata").and_then(Value::as_object_mut), managed)
        {
            metadata.insert("managedFields".to_owned(), managed);
        }
    }

    /// A container's log.
    pub(super) fn log(&self, text: &[u8]) -> String {
        let (text, found) = log::redact(&self.redactor, &String::from_utf8_lossy(text));
        self.found(found);
        text
    }

    /// A message of the API server.
    pub(super) fn sentence(&self, text: &str) -> String {
        self.redactor.redact_text(text).text.chars().take(SENTENCE).collect()
    }

    fn found(&self, count: usize) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    /// Masks as a live cluster's answers are masked, but keeps certificates as they are: triage reads when they end.
    /// Takes the data out, so that nothing looks for secrets in it a second time.
    fn secret(&self, object: &mut Value) -> Map<String, Value> {
        let certificates = certificates::of(object);
        let placeholder = |kind: &str, value: &[u8]| self.redactor.placeholder(kind, value);
        let text = object.to_string();
        let masked = redact::mask_secrets(text.as_bytes(), &placeholder);
        *object = masked.ok().and_then(|masked| serde_json::from_slice(&masked).ok()).unwrap_or_default();
        let mut taken = Map::new();
        let Some(fields) = object.as_object_mut() else { return taken };
        for key in ["data", "stringData"] {
            let Some(mut data) = fields.remove(key) else { continue };
            self.found(data.as_object().map_or(0, Map::len));
            if let (Some(data), "data") = (data.as_object_mut(), key) {
                data.extend(certificates.clone());
            }
            taken.insert(key.to_owned(), data);
        }
        taken
    }

    fn value(&self, value: &mut Value) {
        let opened = nested::redact(&self.redactor, value);
        let before = value.clone();
        let changed = if self.redactor.redact_value(value) > 0 { settle(&before, value) } else { 0 };
        self.found(opened.saturating_add(changed));
    }
}

/// Puts identifiers back that looked like a credential; gives the number of values that stay replaced.
fn settle(before: &Value, value: &mut Value) -> usize {
    match (before, value) {
        // Redaction changes values and no keys.
        (Value::Object(before), Value::Object(value)) => {
            let fields = before.iter().zip(value);
            let settled = fields.map(|((key, before), (_, value))| {
                if !IDENTIFIERS.contains(&key.as_str()) || !is_identifier(before) {
                    return settle(before, value);
                }
                value.clone_from(before);
                0
            });
            settled.sum()
        }
        (Value::Array(before), Value::Array(value)) => {
            before.iter().zip(value).map(|(before, value)| settle(before, value)).sum()
        }
        (before, value) => usize::from(before != value),
    }
}

/// What Kubernetes permits as the name of an object, RBAC's colons included.
fn is_identifier(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() <= 253
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':')
            })
    })
}

#[cfg(test)]
mod tests;
