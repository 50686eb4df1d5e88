//! Which kinds a cluster serves: two requests where the server aggregates its discovery, else one per group.

use holmes_plugin::{
    Host, Request,
    kubernetes::{Cluster, ReadError, Resource},
    serde::Deserialize,
    serde_json,
};

/// Asks for everything in one document; a server that does not know the form answers with its groups.
const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList, application/json";

/// Every kind, core group first, then in discovery's order, each in its group's preferred version that has it.
pub(super) fn kinds(host: &Host) -> Result<Vec<Resource>, ReadError> {
    match aggregated(host) {
        Some(kinds) => Ok(kinds),
        None => Cluster::new(host).resources(),
    }
}

fn aggregated(host: &Host) -> Option<Vec<Resource>> {
    let requests = ["/api", "/apis"].map(|path| {
        let mut request = Request::get("kubernetes", path);
        request.headers.push(("accept".to_owned(), AGGREGATED.to_owned()));
        request
    });
    let mut kinds = Vec::new();
    for answer in host.send_all(requests.into()) {
        let answer = answer.ok().filter(|answer| answer.status() == 200)?;
        let list: GroupList = serde_json::from_slice(&answer.bytes().ok()?).ok()?;
        if list.kind != "APIGroupDiscoveryList" {
            return None;
        }
        kinds.extend(list.items.into_iter().flat_map(Group::kinds));
    }
    Some(kinds)
}

#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde")]
struct GroupList {
    kind: String,
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde")]
struct Group {
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

/// The core group has no name.
#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde")]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde")]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Served>,
}

#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde", rename_all = "camelCase")]
struct Served {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(crate = "holmes_plugin::serde")]
struct ResponseKind {
    kind: String,
}

impl Group {
    /// Versions are told in order of preference; a kind may be in a later one only.
    fn kinds(self) -> Vec<Resource> {
        let mut kinds: Vec<Resource> = Vec::new();
        for Version { version, resources } in self.versions {
            for served in resources {
                if !kinds.iter().any(|known| known.plural == served.resource) {
                    kinds.push(served.resource(&self.metadata.name, &version));
                }
            }
        }
        kinds
    }
}

impl Served {
    fn resource(self, group: &str, version: &str) -> Resource {
        let kind = self.response_kind.map(|response| response.kind).unwrap_or_default();
        let known = Resource::known(group, version, &self.resource, &kind, self.scope == "Namespaced");
        Resource {
            singular: if self.singular_resource.is_empty() { known.singular } else { self.singular_resource },
            short_names: self.short_names,
            listable: self.verbs.iter().any(|verb| verb == "list"),
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, asked};
    use holmes_plugin::serde_json::{Value, json};

    fn resource(name: &str, kind: &str) -> Value {
        json!({
            "resource": name, "responseKind": {"group": "", "version": "", "kind": kind}, "scope": "Namespaced",
            "singularResource": kind.to_lowercase(), "verbs": ["get", "list"],
        })
    }

    #[test]
    fn aggregated_discovery_is_two_requests_and_a_later_version_adds_what_only_it_has() {
        let list = |items: Value| json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items});
        let core = json!([{"metadata": {}, "versions": [{"version": "v1", "resources": [resource("pods", "Pod")]}]}]);
        let group = json!([{"metadata": {"name": "contoso.io"}, "versions": [
            {"version": "v2", "resources": [resource("flags", "Flag")]},
            {"version": "v1", "resources": [resource("flags", "Flag"), resource("flips", "Flip")]},
        ]}]);
        let host = Fixture::new().document("/api", list(core)).document("/apis", list(group)).host();
        let found: Vec<String> =
            kinds(&host).unwrap().iter().map(|it| format!("{} {}", it.api_version(), it.plural)).collect();
        assert_eq!(found, ["v1 pods", "contoso.io/v2 flags", "contoso.io/v1 flips"]);
        assert_eq!(asked(&host, "discoveries"), 2);
    }

    #[test]
    fn a_server_that_does_not_aggregate_is_asked_group_by_group() {
        let found = kinds(&Fixture::new().discovered().host()).unwrap();
        let found: Vec<&str> = found.iter().map(|it| it.plural.as_str()).collect();
        assert_eq!(found, ["pods", "featureflags"]);
    }
}
