//! One recorded object: where its own bytes lie, and the little that selecting it needs.

mod head;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::spool::{Span, Store};

pub(super) use head::Head;

/// Kept as recorded: an answer is built of these bytes, never of a parsed copy.
#[derive(Debug)]
pub(super) struct Object {
    /// `namespace/name` or `name`: the order in which etcd, and so the API server, lists objects.
    key: Box<str>,
    pub(super) place: Place,
}

/// Where an object's bytes lie.
pub(super) enum Place {
    /// In the store.
    Stored(Span),
    /// A Secret: in memory, because the store may be on a disk.
    Secret(Bytes),
    /// A Secret of a list that told only at its end what it is of.
    StoredSecret(Span),
}

impl Object {
    pub(super) fn new(head: &Head, place: Place) -> Self {
        let name = &head.name;
        let key = match head.namespace.as_deref() {
            None | Some("") => name.clone(),
            Some(namespace) => format!("{namespace}/{name}"),
        };
        Self { key: key.into_boxed_str(), place }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn namespace(&self) -> &str {
        self.key.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    pub(super) fn name(&self) -> &str {
        self.key.split_once('/').map_or(&self.key, |(_, name)| name)
    }

    /// Is it masked before it leaves?
    pub(super) fn is_secret(&self) -> bool {
        match self.place {
            Place::Stored(_) => false,
            Place::Secret(_) | Place::StoredSecret(_) => true,
        }
    }

    /// It turned out to be a Secret.
    pub(super) fn hide(&mut self) {
        if let Place::Stored(span) = self.place {
            self.place = Place::StoredSecret(span);
        }
    }

    /// The bytes as they were recorded. Those of a Secret are not for anybody's eyes.
    pub(super) fn raw(&self, store: &Store) -> io::Result<Cow<'_, [u8]>> {
        match &self.place {
            Place::Stored(span) | Place::StoredSecret(span) => {
                let mut raw = Vec::new();
                store.read(*span, &mut raw)?;
                Ok(Cow::Owned(raw))
            }
            Place::Secret(raw) => Ok(Cow::Borrowed(raw)),
        }
    }
}

/// Without a Secret's bytes.
impl std::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stored(span) => span.fmt(formatter),
            Self::Secret(_) | Self::StoredSecret(_) => formatter.write_str("Secret"),
        }
    }
}

pub(super) fn labels(raw: &[u8]) -> HashMap<String, String> {
    pluck(raw, &["metadata", "labels"])
        .and_then(|labels| serde_json::from_str(labels.get()).ok())
        .unwrap_or_default()
}

/// The value at a path, without parsing what lies beside it.
fn pluck<'a>(raw: &'a [u8], path: &[&str]) -> Option<&'a RawValue> {
    let (first, rest) = path.split_first()?;
    let fields: HashMap<String, &RawValue> = serde_json::from_slice(raw).ok()?;
    let value = *fields.get(*first)?;
    if rest.is_empty() { Some(value) } else { pluck(value.get().as_bytes(), rest) }
}

/// A scalar at a path as a field selector compares it.
pub(super) fn scalar(raw: &[u8], path: &[&str]) -> Option<String> {
    match serde_json::from_str(pluck(raw, path)?.get()).ok()? {
        serde_json::Value::String(text) => Some(text),
        value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => Some(value.to_string()),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// The object with its kind, which items of typed lists do not repeat.
pub(super) fn with_kind(raw: &[u8], kind: &str, api_version: &str) -> Vec<u8> {
    if Head::read(raw).is_ok_and(|head| !head.kind.is_empty() && !head.api_version.is_empty()) {
        return raw.to_vec();
    }
    let head = serde_json::json!({"kind": kind, "apiVersion": api_version}).to_string();
    let rest = raw.trim_ascii().strip_prefix(b"{").unwrap_or_default();
    let separator: &[u8] = if rest.trim_ascii_start().starts_with(b"}") { b"" } else { b"," };
    [head.trim_end_matches('}').as_bytes(), separator, rest].concat()
}
