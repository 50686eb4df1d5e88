//! Masks what a guest may see of Secrets, in every answer of a Kubernetes API, live or recorded.
//!
//! The invariant: a Secret's answer either parses, and then no value of it is left, or is withheld whole.
//! Masking goes by shape, not by place: lists, tables, watch events and mixed lists are all walked.

pub(crate) mod azure;
mod certificate;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::upstream::kubernetes::KubernetesRequest;

/// Makes a placeholder such as `<redacted:secret:1f2e3d4c>` from a kind and a value; equal values get equal ones.
pub type Placeholder<'a> = dyn Fn(&str, &[u8]) -> String + 'a;

/// The placeholder's kind.
const KIND: &str = "secret";

/// Annotations in which tools keep a whole copy of the object, plain or compressed.
const COPIES: [&str; 4] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied",
    "banzaicloud.com/last-applied",
];

/// Why an answer is withheld. Nothing of the answer is in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// What cannot be read cannot be masked.
    #[error(
        "an answer about Secrets was withheld: it is not JSON that can be masked (line {line}, column {column})"
    )]
    Unreadable {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
}

impl From<serde_json::Error> for MaskError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable { line: error.line(), column: error.column() }
    }
}

/// True when the answer may hold Secrets: its caller must have the whole body before [`mask`].
pub fn may_hold_secrets(request: &KubernetesRequest) -> bool {
    // Whatever the group: an aggregated API that serves `secrets` serves secrets.
    request.resource == "secrets"
}

/// The body as a guest may see it: unchanged, and not even parsed, unless it may hold Secrets.
pub fn mask<'a>(
    request: &KubernetesRequest,
    body: &'a [u8],
    placeholder: &Placeholder<'_>,
) -> Result<Cow<'a, [u8]>, MaskError> {
    if may_hold_secrets(request) { mask_secrets(body, placeholder) } else { Ok(Cow::Borrowed(body)) }
}

/// Masks every Secret in one JSON document, or in a line of watch events.
pub fn mask_secrets<'a>(body: &'a [u8], placeholder: &Placeholder<'_>) -> Result<Cow<'a, [u8]>, MaskError> {
    let mut masked = Vec::with_capacity(body.len());
    let mut documents = 0;
    for document in serde_json::Deserializer::from_slice(body).into_iter::<Value>() {
        let mut document = document?;
        mask_value(&mut document, placeholder);
        if documents > 0 {
            masked.push(b'\n');
        }
        serde_json::to_writer(&mut masked, &document)?;
        documents += 1;
    }
    if documents == 0 {
        return Ok(Cow::Borrowed(body));
    }
    if documents > 1 || body.ends_with(b"\n") {
        masked.push(b'\n');
    }
    Ok(Cow::Owned(masked))
}

/// Lists, tables and watch events are objects around objects, so every object is looked at. What has no
/// `data`, such as a Status, stays as it is. The depth is bounded by the parser's own recursion limit.
fn mask_value(value: &mut Value, placeholder: &Placeholder<'_>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(item, placeholder)),
        Value::Object(object) => mask_object(object, placeholder),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn mask_object(object: &mut Map<String, Value>, placeholder: &Placeholder<'_>) {
    let helm =
        object.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("helm.sh/release"));
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            "data" => mask_values(value, |value| data(value, helm, placeholder)),
            "stringData" => mask_values(value, |value| string_data(value, helm, placeholder)),
            "metadata" => mask_metadata(value, placeholder),
            _ => mask_value(value, placeholder),
        }
    }
}

fn mask_values(values: &mut Value, masked: impl Fn(&Value) -> Value) {
    match values {
        Value::Object(values) => values.iter_mut().for_each(|(_, value)| *value = masked(value)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => *values = masked(values),
    }
}

/// The decoded bytes are what is hashed, so that `data` and `stringData` with one value have one placeholder.
fn data(value: &Value, helm: bool, placeholder: &Placeholder<'_>) -> Value {
    match value.as_str().map(|text| (text, STANDARD.decode(text.trim()))) {
        Some((_, Ok(bytes))) => replacement(&bytes, helm, placeholder),
        Some((text, Err(_))) => placeholder(KIND, text.as_bytes()).into(),
        None => placeholder(KIND, value.to_string().as_bytes()).into(),
    }
}

fn string_data(value: &Value, helm: bool, placeholder: &Placeholder<'_>) -> Value {
    match value.as_str() {
        Some(text) => replacement(text.as_bytes(), helm, placeholder),
        None => placeholder(KIND, value.to_string().as_bytes()).into(),
    }
}

fn replacement(bytes: &[u8], helm: bool, placeholder: &Placeholder<'_>) -> Value {
    let facts = if helm { None } else { certificate::facts(bytes) };
    facts.unwrap_or_else(|| placeholder(KIND, bytes).into())
}

/// Annotations may hold copies of the object; the rest of the metadata, `managedFields` too, holds no values.
fn mask_metadata(metadata: &mut Value, placeholder: &Placeholder<'_>) {
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    for (key, value) in annotations {
        let copy = value.as_str().is_none_or(|text| {
            COPIES.contains(&key.as_str()) || text.contains("\"data\"") || text.contains("\"stringData\"")
        });
        if copy {
            let bytes = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *value = placeholder(KIND, bytes.as_bytes()).into();
        }
    }
}
