//! Which kinds a cluster serves.

use serde::Deserialize;
use serde_json::Value;

use super::{Cluster, ReadError, Resource, refusal::read_json};
use crate::Request;

impl Cluster<'_> {
    /// Every kind that the cluster serves, core group first, then in discovery's order, each group in its
    /// preferred version. A group that does not answer is left out.
    pub fn resources(&self) -> Result<Vec<Resource>, ReadError> {
        let core = self.get_path("/api")?;
        let core_version = core.pointer("/versions/0").and_then(Value::as_str).unwrap_or("v1").to_owned();
        let mut versions = vec![(String::new(), core_version)];
        let groups: GroupList = serde_json::from_value(self.get_path("/apis")?)
            .map_err(|error| ReadError::Unavailable(format!("discovery is not readable: {error}")))?;
        versions.extend(groups.groups.into_iter().filter_map(|group| {
            let version = group.preferred_version.or_else(|| group.versions.into_iter().next())?;
            Some((group.name, version.version))
        }));
        let requests = versions
            .iter()
            .map(|(group, version)| {
                let path = if group.is_empty() {
                    format!("/api/{version}")
                } else {
                    format!("/apis/{group}/{version}")
                };
                Request::get(self.upstream, path)
            })
            .collect();
        let mut resources = Vec::new();
        for ((group, version), answer) in versions.iter().zip(self.host.send_all(requests)) {
            let Ok(list) = read_json(answer) else { continue };
            let Ok(list) = serde_json::from_value::<ResourceList>(list) else { continue };
            resources.extend(list.resources.into_iter().filter(|resource| !resource.name.contains('/')).map(
                |resource| Resource {
                    group: group.clone(),
                    version: version.clone(),
                    singular: if resource.singular_name.is_empty() {
                        resource.kind.to_ascii_lowercase()
                    } else {
                        resource.singular_name
                    },
                    listable: resource.verbs.iter().any(|verb| verb == "list"),
                    plural: resource.name,
                    kind: resource.kind,
                    short_names: resource.short_names,
                    namespaced: resource.namespaced,
                },
            ));
        }
        Ok(resources)
    }
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<Version>,
    preferred_version: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiResource {
    name: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    namespaced: bool,
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
}
