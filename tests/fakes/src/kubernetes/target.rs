//! A request's path, taken apart as an API server takes it apart, and its query.

use std::collections::BTreeMap;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) namespace: Option<String>,
    pub(super) plural: String,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Target {
    /// Of `/api/v1/…` or `/apis/<group>/<version>/…`.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
        let root = take(&mut segments)?;
        let (group, version) = match root.as_str() {
            "api" => (String::new(), take(&mut segments)?),
            "apis" => (take(&mut segments)?, take(&mut segments)?),
            _ => return None,
        };
        // `namespaces/<name>` is the namespace itself; anything behind it is in the namespace.
        let is_in_namespace =
            segments.first().is_some_and(|first| first == "namespaces") && segments.len() > 2;
        let namespace = if is_in_namespace {
            take(&mut segments)?;
            Some(take(&mut segments)?)
        } else {
            None
        };
        let plural = take(&mut segments)?;
        let name = take(&mut segments);
        let subresource = take(&mut segments);
        segments.is_empty().then_some(Self { group, version, namespace, plural, name, subresource })
    }

    /// `deployments.apps`, as error messages name it.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

fn take(segments: &mut Vec<String>) -> Option<String> {
    if segments.is_empty() { None } else { Some(segments.remove(0)) }
}

/// A query's values by name.
pub(super) fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits).into_owned();
                decoded.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
