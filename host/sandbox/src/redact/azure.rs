//! Masks credentials in what Azure says about resources: by the names of properties and by three shapes that
//! nothing but a credential has. What merely refers to one (`keyVaultUri`, `secretName`) stays readable.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{MaskError, Placeholder};

/// The placeholder's kind.
const KIND: &str = "azure";

/// Anywhere in a name, without separators and in lower case.
const PARTS: [&str; 9] = [
    "password",
    "passphrase",
    "secret",
    "connectionstring",
    "accountkey",
    "accesskey",
    "privatekey",
    "instrumentationkey",
    "sastoken",
];

/// As a name's last word. `key` is one: `primaryKey`, `storageKey`, `apiKey`.
const LAST: [&str; 8] = ["key", "keys", "key1", "key2", "sas", "pwd", "token", "credential"];

/// Names that end so speak about a credential and hold none.
const REFERENCES: [&str; 29] = [
    "name",
    "names",
    "uri",
    "url",
    "id",
    "ids",
    "ref",
    "reference",
    "type",
    "version",
    "enabled",
    "expiry",
    "expiration",
    "expires",
    "time",
    "on",
    "days",
    "source",
    "policy",
    "properties",
    "count",
    "identifier",
    "vault",
    "rotation",
    "algorithm",
    "size",
    "state",
    "status",
    "provider",
];

/// Parts of text that only a credential has: a storage or bus connection string, a signed URL.
const SHAPES: [&str; 3] = ["accountkey=", "sharedaccesskey=", "&sig="];

/// Values that stand for themselves where a credential might have stood.
const HARMLESS: [&str; 5] = ["", "true", "false", "null", "none"];

/// The text of one JSON document without credentials; unchanged text when there are none.
pub(crate) fn mask<'a>(text: &'a str, placeholder: &Placeholder<'_>) -> Result<Cow<'a, str>, MaskError> {
    let mut document: Value = serde_json::from_str(text)?;
    // The depth is bounded by the parser's own recursion limit.
    if walk(&mut document, placeholder) {
        Ok(Cow::Owned(document.to_string()))
    } else {
        Ok(Cow::Borrowed(text))
    }
}

/// True when something was masked.
fn walk(value: &mut Value, placeholder: &Placeholder<'_>) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |masked, item| walk(item, placeholder) | masked),
        Value::Object(object) => walk_object(object, placeholder),
        Value::String(text) if has_shape(text) => replace(text, placeholder),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn walk_object(object: &mut Map<String, Value>, placeholder: &Placeholder<'_>) -> bool {
    // An entry of a list of settings: the name stands beside the value.
    let has_value = object.contains_key("value");
    let speaks = |key: &&str| object.get(*key).and_then(Value::as_str).is_some_and(is_secret);
    let pair = has_value && (object.contains_key("keyName") || ["name", "key"].iter().any(speaks));
    let mut masked = false;
    for (key, value) in object.iter_mut() {
        // `key` beside `value` names what the value is.
        let named = is_secret(key) && !(has_value && key == "key");
        masked |= if named || (pair && key == "value") {
            hide(value, placeholder)
        } else {
            walk(value, placeholder)
        };
    }
    masked
}

/// Masks what stands under a secret's name: text, texts, or a parameter's `value` and `defaultValue`.
fn hide(value: &mut Value, placeholder: &Placeholder<'_>) -> bool {
    match value {
        Value::String(text) => replace(text, placeholder),
        Value::Array(items) => items.iter_mut().fold(false, |masked, item| hide(item, placeholder) | masked),
        Value::Object(object) => {
            let mut masked = false;
            for (key, value) in object.iter_mut() {
                masked |= if matches!(key.as_str(), "value" | "defaultValue") {
                    hide(value, placeholder)
                } else {
                    walk(value, placeholder) | (is_secret(key) && hide(value, placeholder))
                };
            }
            masked
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn replace(text: &mut String, placeholder: &Placeholder<'_>) -> bool {
    let reference = text.starts_with("/subscriptions/") || text.starts_with("<redacted:");
    if reference || HARMLESS.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return false;
    }
    *text = placeholder(KIND, text.as_bytes());
    true
}

fn has_shape(text: &str) -> bool {
    if !text.contains('=') {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    SHAPES.iter().any(|shape| lower.contains(shape)) || lower.contains("?sig=")
}

fn is_secret(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if REFERENCES.contains(&last.as_str()) || words.iter().any(|word| word == "public" || word == "ssh") {
        return false;
    }
    let squashed = words.concat();
    LAST.contains(&last.as_str()) || PARTS.iter().any(|part| squashed.contains(part))
}

/// `primaryKey`, `PRIMARY_KEY` and `primary-key` are `primary`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower = false;
    let mut begun = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() {
            begun = false;
            lower = false;
            continue;
        }
        if !begun || (letter.is_ascii_uppercase() && lower) {
            words.push(String::new());
            begun = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
        lower = !letter.is_ascii_uppercase();
    }
    words
}
