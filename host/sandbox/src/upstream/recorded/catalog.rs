//! What the recorded API server serves: its kinds, and its discovery documents.

mod builtin;
mod synthesis;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::error::Warning;

pub(super) use builtin::{of_kind, of_plural, plural_of};

/// One kind in one version.
#[expect(clippy::struct_field_names, reason = "`kind` is what the API machinery calls it")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
}

impl Kind {
    pub(super) fn group_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Kinds by group, version and plural; documents by path.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    kinds: HashMap<(String, String, String), Kind>,
    documents: BTreeMap<String, Bytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceList {
    group_version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl Catalog {
    /// Reads the discovery documents of a recording, by path; a damaged one is named and left out.
    pub(super) fn recorded(documents: BTreeMap<String, Bytes>, warnings: &mut Vec<Warning>) -> Self {
        let mut catalog = Self::default();
        for (path, document) in documents {
            let result = if path == "/apis" {
                catalog.add_groups(&document)
            } else if path == "/api" {
                serde_json::from_slice(&document).map(|_: serde::de::IgnoredAny| ())
            } else {
                catalog.add_resources(&document)
            };
            match result {
                Ok(()) => drop(catalog.documents.insert(path, document)),
                Err(error) => {
                    warnings.push(Warning::new(&format!("discovery{path}"), format!("damaged: {error}")));
                }
            }
        }
        catalog
    }

    /// Makes discovery out of the well-known kinds and those that were seen.
    pub(super) fn synthesised(seen: Vec<Kind>) -> Self {
        let mut kinds: Vec<Kind> = builtin::all().collect();
        for kind in seen {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let documents = synthesis::documents(&kinds);
        let key = |kind: &Kind| (kind.group.clone(), kind.version.clone(), kind.plural.clone());
        Self { kinds: kinds.into_iter().map(|kind| (key(&kind), kind)).collect(), documents }
    }

    pub(super) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Kind> {
        self.kinds.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    pub(super) fn document(&self, path: &str) -> Option<Bytes> {
        self.documents.get(path).cloned()
    }

    fn add_resources(&mut self, document: &[u8]) -> Result<(), serde_json::Error> {
        let list: ResourceList = serde_json::from_slice(document)?;
        let (group, version) = list.group_version.split_once('/').unwrap_or(("", &list.group_version));
        for Resource { name: plural, kind, namespaced } in list.resources {
            if !plural.contains('/') {
                let kind = Kind { group: group.into(), version: version.into(), plural, kind, namespaced };
                self.kinds.insert((group.into(), version.into(), kind.plural.clone()), kind);
            }
        }
        Ok(())
    }

    /// Every group of the list is also a document of its own.
    fn add_groups(&mut self, document: &[u8]) -> Result<(), serde_json::Error> {
        let list: GroupList = serde_json::from_slice(document)?;
        for mut group in list.groups {
            let Some(path) =
                group.get("name").and_then(|name| name.as_str()).map(|name| format!("/apis/{name}"))
            else {
                continue;
            };
            group.insert("kind".into(), json!("APIGroup"));
            group.insert("apiVersion".into(), json!("v1"));
            self.documents.insert(path, serde_json::Value::Object(group).to_string().into());
        }
        Ok(())
    }
}
