//! One recorded object: its own bytes, and the little that selecting it needs.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Kept as recorded: an answer is built of these bytes, never of a parsed copy.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) raw: Bytes,
    /// `namespace/name` or `name`: the order in which etcd, and so the API server, lists objects.
    key: Box<str>,
    /// Masked before it leaves, wherever it was recorded.
    pub(super) secret: bool,
}

/// What is read of every object when the recording is opened.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

impl Head {
    pub(super) fn read(raw: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(raw)
    }

    pub(super) fn namespaced(&self) -> bool {
        self.metadata.namespace.as_deref().is_some_and(|namespace| !namespace.is_empty())
    }

    pub(super) fn has_name(&self) -> bool {
        !self.metadata.name.is_empty()
    }

    /// True for what is an object by itself.
    pub(super) fn is_complete(&self) -> bool {
        self.has_name() && !self.kind.is_empty() && !self.api_version.is_empty()
    }

    /// Group and version.
    pub(super) fn group_version(&self) -> (&str, &str) {
        self.api_version.split_once('/').unwrap_or(("", &self.api_version))
    }
}

impl Object {
    pub(super) fn new(raw: Bytes, head: &Head, resource: &str) -> Self {
        let secret = resource == "secrets" || head.kind == "Secret" || head.kind == "SecretList";
        let name = &head.metadata.name;
        let key = match head.metadata.namespace.as_deref() {
            None | Some("") => name.clone(),
            Some(namespace) => format!("{namespace}/{name}"),
        };
        Self { raw, key: key.into_boxed_str(), secret }
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

    pub(super) fn labels(&self) -> HashMap<String, String> {
        pluck(&self.raw, &["metadata", "labels"])
            .and_then(|labels| serde_json::from_str(labels.get()).ok())
            .unwrap_or_default()
    }
}

/// The value at a path, without parsing what lies beside it.
pub(super) fn pluck<'a>(raw: &'a [u8], path: &[&str]) -> Option<&'a RawValue> {
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

/// The items of a `List`, as slices of the file's own bytes.
pub(super) fn items(list: &Bytes) -> Result<Vec<Bytes>, serde_json::Error> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    let parsed: List<'_> = serde_json::from_slice(list)?;
    Ok(parsed
        .items
        .unwrap_or_default()
        .into_iter()
        .map(|item| list.slice_ref(item.get().as_bytes()))
        .collect())
}
