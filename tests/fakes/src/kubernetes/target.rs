//! A request's path and query, taken apart as an API server takes them apart.

use std::collections::BTreeMap;

/// What a path of a resource names.
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
    /// Of `/api/v1/…` or `/apis/<group>/<version>/…`; none: discovery, or a path of no resource.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
        let mut segments = segments.into_iter();
        let (group, version) = match segments.next()?.as_str() {
            "api" => (String::new(), segments.next()?),
            "apis" => (segments.next()?, segments.next()?),
            _ => return None,
        };
        let rest: Vec<String> = segments.collect();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        // `namespaces/<name>` is the namespace itself and in it; anything behind it is in the namespace.
        let (namespace, parts) = match rest.as_slice() {
            ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize"] => {
                (Some(*namespace), rest.as_slice())
            }
            ["namespaces", namespace, below @ ..] => (Some(*namespace), below),
            all => (None, all),
        };
        let owned = |part: &&str| (*part).to_owned();
        Some(Self {
            group,
            version,
            namespace: namespace.map(str::to_owned),
            plural: parts.first().map(owned)?,
            name: parts.get(1).map(owned),
            subresource: parts.get(2).map(owned),
        })
    }

    /// `deployments.apps`, as error messages name it.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `pods/log`, as RBAC names it.
    pub(super) fn rule_resource(&self) -> String {
        self.subresource.as_ref().map_or_else(|| self.plural.clone(), |sub| format!("{}/{sub}", self.plural))
    }

    /// `v1`, `apps/v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// A query's values by name.
pub(super) type Query = BTreeMap<String, String>;

pub(super) fn query(text: &str) -> Query {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// As the API machinery reads a boolean: whatever is there and not false is true.
pub(super) fn truth(query: &Query, name: &str) -> bool {
    query.get(name).is_some_and(|value| !value.eq_ignore_ascii_case("false") && value != "0")
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
