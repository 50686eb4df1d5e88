//! What hides inside strings: JSON in an annotation, a compressed copy of the object, a flag and its value in two
//! arguments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holmes_toolset::redact::Redactor;
use serde_json::Value;

/// How base64 of gzip and of zip begins: nobody can look for secrets in there, so it goes as a whole.
const COMPRESSED: [&str; 2] = ["H4sI", "UEsD"];

/// Redacts what a search through strings alone does not find; gives the number of replaced values.
pub(super) fn redact(redactor: &Redactor, value: &mut Value) -> usize {
    match value {
        Value::String(text) => string(redactor, text),
        Value::Array(items) => {
            let found: usize = items.iter_mut().map(|item| redact(redactor, item)).sum();
            found.saturating_add(flags(redactor, items))
        }
        Value::Object(object) => object
            .iter_mut()
            .map(|(key, value)| {
                let binary = if key == "binaryData" { binary(redactor, value) } else { 0 };
                binary.saturating_add(redact(redactor, value))
            })
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn string(redactor: &Redactor, text: &mut String) -> usize {
    let trimmed = text.trim_start();
    if COMPRESSED.iter().any(|magic| trimmed.starts_with(magic)) && trimmed.len() > 20 {
        *text = redactor.placeholder("compressed", text.as_bytes());
        return 1;
    }
    if !trimmed.starts_with(['{', '[']) {
        return 0;
    }
    // Written anew only where there is something to hide: the text is evidence, too.
    let Ok(mut inner) = serde_json::from_str::<Value>(text) else { return 0 };
    let found = redact(redactor, &mut inner).saturating_add(redactor.redact_value(&mut inner));
    if found > 0 {
        *text = inner.to_string();
    }
    found
}

/// Bytes that are no text can not be searched.
fn binary(redactor: &Redactor, entries: &mut Value) -> usize {
    let mut found = 0_usize;
    for (_, value) in entries.as_object_mut().into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        let bytes = STANDARD.decode(text).unwrap_or_else(|_| vec![0xff]);
        if String::from_utf8(bytes).is_err() {
            *value = redactor.placeholder("binary", text.as_bytes()).into();
            found = found.saturating_add(1);
        }
    }
    found
}

/// `["--password", "x"]` says no less than `--password x`.
fn flags(redactor: &Redactor, items: &mut [Value]) -> usize {
    let mut found = 0_usize;
    for index in 1..items.len() {
        let (Some(flag), Some(value)) = (
            items.get(index.saturating_sub(1)).and_then(Value::as_str).filter(|flag| flag.starts_with('-')),
            items.get(index).and_then(Value::as_str),
        ) else {
            continue;
        };
        let both = redactor.redact_text(&format!("{flag} {value}"));
        let Some(redacted) = both.text.strip_prefix(&format!("{flag} ")).filter(|_| both.count > 0) else {
            continue;
        };
        let redacted = Value::from(redacted);
        if let Some(item) = items.get_mut(index) {
            *item = redacted;
        }
        found = found.saturating_add(both.count);
    }
    found
}
