//! What toolsets declare, as resources with the verbs, the toolsets and what is lost without them.

use std::collections::{BTreeMap, BTreeSet};

use holmes_sandbox::{KubernetesRule, Manifest, UpstreamWish, upstream::kubernetes::Verb};

use super::builtin::{BUILTIN, CLUSTER_WIDE, Scope};

/// A resource, as RBAC names it. Sorts by group, then by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    /// Empty for the core group.
    pub(super) group: String,
    /// `pods`, `pods/log`.
    pub(super) name: String,
}

impl Resource {
    fn new(group: &str, name: &str) -> Self {
        Self { group: group.to_owned(), name: name.to_owned() }
    }

    /// `pods/log`, `deployments.apps`.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.name.clone() } else { format!("{}.{}", self.name, self.group) }
    }

    /// Is this how somebody names it: with its group, or its name alone, whatever the group?
    pub(super) fn is_called(&self, text: &str) -> bool {
        self.name == text || self.qualified() == text
    }

    /// Secrets are left out unless somebody asks for them.
    pub(super) fn is_secrets(&self) -> bool {
        self.group.is_empty() && self.name == "secrets"
    }
}

/// Why a resource is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    pub(super) scope: Scope,
    pub(super) verbs: BTreeSet<Verb>,
    /// What is lost without it, by toolset.
    pub(super) loses: BTreeMap<String, String>,
}

/// Everything that some toolsets read.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) resources: BTreeMap<Resource, Need>,
    /// Toolsets that ask for every kind, and get those that are built in.
    pub(super) every_kind: BTreeSet<String>,
}

impl Needs {
    pub(super) fn of<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> Self {
        let mut needs = Self::default();
        for manifest in manifests {
            for upstream in manifest.upstreams.values() {
                for rule in upstream.kubernetes_reads() {
                    needs.add(manifest.toolset.name.as_str(), upstream, rule);
                }
            }
        }
        needs
    }

    fn add(&mut self, toolset: &str, upstream: &UpstreamWish, rule: &KubernetesRule) {
        for group in &rule.groups {
            for name in &rule.resources {
                if group == "*" && name == "*" {
                    self.every_kind.insert(toolset.to_owned());
                }
                for (resource, scope) in resources(group, name) {
                    let verbs = rule.verbs.iter().copied().filter(|verb| serves(&resource, *verb)).collect();
                    self.insert(toolset, upstream, resource, scope, verbs);
                }
            }
        }
    }

    fn insert(
        &mut self,
        toolset: &str,
        upstream: &UpstreamWish,
        resource: Resource,
        scope: Scope,
        verbs: BTreeSet<Verb>,
    ) {
        let lost = lost(upstream, &resource);
        let empty = Need { scope, verbs: BTreeSet::new(), loses: BTreeMap::new() };
        let need = self.resources.entry(resource).or_insert(empty);
        need.verbs.extend(verbs);
        need.loses.insert(toolset.to_owned(), lost);
    }
}

/// What the author says is lost, of this resource or of all.
fn lost(upstream: &UpstreamWish, resource: &Resource) -> String {
    let said = upstream.loses.get(&resource.qualified()).or_else(|| upstream.loses.get("*"));
    said.cloned().unwrap_or_else(|| format!("whatever it tells from {}", resource.qualified()))
}

fn serves(resource: &Resource, verb: Verb) -> bool {
    let mut known = BUILTIN.iter().filter(|kind| Resource::new(kind.group, kind.resource) == *resource);
    known.next().is_none_or(|kind| kind.serves(verb))
}

/// What a declared group and name stand for. A `*` that no built-in kind answers to stays as it is.
fn resources(group: &str, name: &str) -> Vec<(Resource, Scope)> {
    let is = |pattern: &str, text: &str| pattern == "*" || pattern == text;
    let known: Vec<(Resource, Scope)> = BUILTIN
        .iter()
        .filter(|kind| is(group, kind.group) && is(name, kind.resource))
        .map(|kind| (Resource::new(kind.group, kind.resource), kind.scope))
        .collect();
    if !known.is_empty() {
        return known;
    }
    let scope = if CLUSTER_WIDE.contains(&(group, name)) { Scope::Cluster } else { Scope::Namespace };
    vec![(Resource::new(group, name), scope)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(reads: &str) -> Needs {
        let text = format!(
            "schema = 1\n[toolset]\nname = \"eyes\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\ndescription = \"Looks\"\n\
             [upstreams.kubernetes]\nkind = \"kubernetes\"\n{reads}"
        );
        Needs::of([&Manifest::from_toml(&text).unwrap()])
    }

    fn names(needs: &Needs) -> Vec<String> {
        needs.resources.keys().map(Resource::qualified).collect()
    }

    #[test]
    fn exactly_what_is_declared_is_needed_with_what_is_lost() {
        let needs = needs(
            "reads = [{ verbs = [\"get\", \"list\"], groups = [\"\"], resources = [\"pods\"] },\n\
             { verbs = [\"get\"], groups = [\"\"], resources = [\"pods/log\"] },\n\
             { verbs = [\"list\"], groups = [\"cert-manager.io\"], resources = [\"clusterissuers\"] },\n\
             { verbs = [\"list\"], groups = [\"shop.example\"], resources = [\"carts\"] }]\n\
             loses = { pods = \"everything\" }",
        );
        assert_eq!(
            names(&needs),
            ["pods", "pods/log", "clusterissuers.cert-manager.io", "carts.shop.example"]
        );
        let need = |group: &str, name: &str| &needs.resources[&Resource::new(group, name)];
        assert_eq!(need("", "pods/log").verbs, BTreeSet::from([Verb::Get]));
        assert_eq!(need("", "pods").loses["eyes"], "everything");
        assert_eq!(need("shop.example", "carts").loses["eyes"], "whatever it tells from carts.shop.example");
        assert_eq!(need("shop.example", "carts").scope, Scope::Namespace);
        assert_eq!(need("cert-manager.io", "clusterissuers").scope, Scope::Cluster);
    }

    #[test]
    fn every_kind_means_the_built_in_ones_by_name() {
        let needs = needs("reads = [{ verbs = [\"get\", \"list\"], groups = [\"*\"], resources = [\"*\"] }]");
        assert_eq!(needs.resources.len(), BUILTIN.len());
        assert!(needs.resources.keys().all(|resource| !resource.qualified().contains('*')));
        let log = &needs.resources[&Resource::new("", "pods/log")];
        assert_eq!(log.verbs, BTreeSet::from([Verb::Get]), "a log can not be listed");
        assert!(needs.every_kind.contains("eyes"));
    }

    #[test]
    fn a_star_in_one_place_stays_in_its_group_or_name() {
        let apps = needs("reads = [{ verbs = [\"get\"], groups = [\"policy\"], resources = [\"*\"] }]");
        assert_eq!(names(&apps), ["poddisruptionbudgets.policy"]);
        let pods = needs("reads = [{ verbs = [\"get\"], groups = [\"*\"], resources = [\"pods\"] }]");
        assert_eq!(names(&pods), ["pods", "pods.metrics.k8s.io"]);
        let custom =
            needs("reads = [{ verbs = [\"get\"], groups = [\"shop.example\"], resources = [\"*\"] }]");
        assert_eq!(names(&custom), ["*.shop.example"]);
    }
}
