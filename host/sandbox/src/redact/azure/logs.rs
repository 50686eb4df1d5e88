//! Masks credentials in what Log Analytics says: by shape alone, for a row's values stand apart from their names.
//! The document is never held as a tree: an answer may be long, and few of its strings are worth a second look.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::{Placeholder, shapes};

/// Documents in strings of documents, at most; below, a string is a text like any other.
const DEEPEST: usize = 4;

/// The text of a JSON document without credentials in its strings. What is no JSON is a text like any other.
pub(crate) fn mask<'a>(text: &'a str, placeholder: &Placeholder<'_>) -> Cow<'a, str> {
    if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        document(text, placeholder, DEEPEST).map_or(Cow::Borrowed(text), Cow::Owned)
    } else {
        shapes::without(text, placeholder).map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

/// A document without credentials; none if it has none.
fn document(text: &str, placeholder: &Placeholder<'_>, depth: usize) -> Option<String> {
    let mut masked = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(start) = text.get(at..)?.find('"').map(|quote| at + quote) {
        let end = start + string(text.get(start..)?);
        if let Some(clean) = text.get(start..end).and_then(|literal| value(literal, placeholder, depth)) {
            masked.push_str(text.get(kept..start)?);
            masked.push_str(&clean);
            kept = end;
        }
        at = end;
    }
    (kept > 0).then(|| masked + text.get(kept..).unwrap_or_default())
}

/// Bytes of the string that a text begins with, its quotation marks among them.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A string, with its quotation marks, without credentials; none if it has none.
fn value(literal: &str, placeholder: &Placeholder<'_>, depth: usize) -> Option<String> {
    if !literal.contains(['=', '\\', '@', '.', '-']) {
        return None;
    }
    let text: String = serde_json::from_str(literal).ok()?;
    let nested = depth > 0
        && text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<IgnoredAny>(&text).is_ok();
    let clean =
        if nested { document(&text, placeholder, depth - 1) } else { shapes::without(&text, placeholder) };
    clean.and_then(|clean| serde_json::to_string(&clean).ok())
}
