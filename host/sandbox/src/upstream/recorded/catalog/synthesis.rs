//! Discovery documents for a recording that has none.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Value, json};

use super::Kind;

/// Every document by its path: `/api`, `/apis`, the groups and the group versions.
pub(super) fn documents(kinds: &[Kind]) -> BTreeMap<String, Bytes> {
    let mut by_version: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for kind in kinds {
        by_version.entry((&kind.group, &kind.version)).or_default().push(resource(kind));
        versions.entry(&kind.group).or_default().insert(&kind.version);
    }
    let mut documents = BTreeMap::new();
    for ((group, version), mut resources) in by_version {
        if (group, version) == ("", "v1") {
            resources.push(json!({"name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"]}));
        }
        let (path, group_version) = match group {
            "" => (format!("/api/{version}"), version.to_owned()),
            _ => (format!("/apis/{group}/{version}"), format!("{group}/{version}")),
        };
        let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources});
        documents.insert(path, list.to_string().into());
    }
    let core: Vec<&str> = versions.remove("").into_iter().flatten().collect();
    documents.insert("/api".into(), json!({"kind": "APIVersions", "versions": core}).to_string().into());
    let groups: Vec<Value> = versions.iter().map(|(group, versions)| api_group(group, versions)).collect();
    for (name, group) in versions.keys().zip(&groups) {
        let mut group = group.clone();
        if let Some(group) = group.as_object_mut() {
            group.insert("kind".into(), json!("APIGroup"));
            group.insert("apiVersion".into(), json!("v1"));
        }
        documents.insert(format!("/apis/{name}"), group.to_string().into());
    }
    let list = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
    documents.insert("/apis".into(), list.to_string().into());
    documents
}

fn resource(kind: &Kind) -> Value {
    json!({"name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": ["get", "list"]})
}

/// Stable versions come before betas, and later ones before earlier ones, as the API server prefers them.
fn api_group(name: &str, versions: &BTreeSet<&str>) -> Value {
    let mut versions: Vec<&str> = versions.iter().copied().collect();
    versions.sort_by_key(|version| {
        (version.contains("alpha"), version.contains("beta"), std::cmp::Reverse(*version))
    });
    let versions: Vec<Value> = versions
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}
