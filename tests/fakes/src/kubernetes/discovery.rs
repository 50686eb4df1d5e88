//! What the server serves: the recorded discovery documents, and the aggregated form made of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::target::Target;

/// Discovery documents by path, without the leading slash: `api/v1`, `apis`, `apis/apps/v1`.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    documents: BTreeMap<String, Value>,
}

/// A served resource or subresource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) kind: String,
    pub(super) namespaced: bool,
    pub(super) verbs: Vec<String>,
}

impl Discovery {
    /// Keeps a file of a recording: `apis__apps__v1`.
    pub(super) fn keep(&mut self, name: &str, document: Value) {
        self.documents.insert(name.replace("__", "/"), document);
    }

    pub(super) fn document(&self, path: &str) -> Option<&Value> {
        self.documents.get(path.trim_matches('/'))
    }

    /// The resource, or the subresource, that a request names.
    pub(super) fn served(&self, target: &Target) -> Option<Served> {
        let wanted = target.rule_resource();
        let resource = self.resources(&target.group, &target.version).find(|one| one["name"] == *wanted)?;
        Some(Served {
            kind: text(resource, "kind"),
            namespaced: resource["namespaced"].as_bool().unwrap_or_default(),
            verbs: texts(resource, "verbs"),
        })
    }

    /// The group's resource of a kind: its plural.
    pub(super) fn plural(&self, group: &str, version: &str, kind: &str) -> Option<String> {
        let mut resources = self.resources(group, version);
        let found = resources.find(|one| one["kind"] == *kind && !text(one, "name").contains('/'))?;
        Some(text(found, "name"))
    }

    /// `apidiscovery.k8s.io/v2`, of `/api` or of `/apis`.
    pub(super) fn aggregated(&self, root: &str) -> Option<Value> {
        let document = self.document(root)?;
        let items: Vec<Value> = if root.trim_matches('/') == "api" {
            let versions = texts(document, "versions").into_iter();
            let versions: Vec<Value> = versions.map(|version| self.version("", &version)).collect();
            vec![json!({"metadata": {}, "versions": versions})]
        } else {
            let groups = document["groups"].as_array().into_iter().flatten();
            groups.map(|group| self.group(group)).collect()
        };
        Some(json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": items}))
    }

    /// Its versions, the preferred one first.
    fn group(&self, group: &Value) -> Value {
        let name = text(group, "name");
        let preferred = group["preferredVersion"]["version"].as_str().unwrap_or_default();
        let mut versions: Vec<String> =
            group["versions"].as_array().into_iter().flatten().map(|one| text(one, "version")).collect();
        versions.sort_by_key(|version| version != preferred);
        let versions: Vec<Value> = versions.iter().map(|version| self.version(&name, version)).collect();
        json!({"metadata": {"name": name}, "versions": versions})
    }

    fn version(&self, group: &str, version: &str) -> Value {
        // An API whose server does not answer is stale, and has no resources.
        let freshness = if self.resources(group, version).next().is_some() { "Current" } else { "Stale" };
        let kind = |one: &Value| json!({"group": group, "version": version, "kind": text(one, "kind")});
        let mut resources: Vec<Value> = Vec::new();
        for one in self.resources(group, version).filter(|one| !text(one, "name").contains('/')) {
            let name = text(one, "name");
            let below = format!("{name}/");
            let subresources: Vec<Value> = self
                .resources(group, version)
                .filter_map(|sub| {
                    let subresource = sub["name"].as_str()?.strip_prefix(&below)?;
                    Some(
                        json!({"subresource": subresource, "responseKind": kind(sub), "verbs": sub["verbs"]}),
                    )
                })
                .collect();
            let scope = if one["namespaced"] == true { "Namespaced" } else { "Cluster" };
            resources.push(json!({"resource": name, "responseKind": kind(one), "scope": scope,
                "singularResource": one["singularName"], "verbs": one["verbs"],
                "shortNames": texts(one, "shortNames"), "categories": texts(one, "categories"),
                "subresources": subresources}));
        }
        json!({"version": version, "resources": resources, "freshness": freshness})
    }

    fn resources(&self, group: &str, version: &str) -> impl Iterator<Item = &Value> {
        let path =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let list = self.documents.get(&path).and_then(|document| document["resources"].as_array());
        list.into_iter().flatten()
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let values = value[key].as_array().into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}
