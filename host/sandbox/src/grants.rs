//! What an operator grants, and what is left of it: effective rights = declared ∩ granted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    manifest::{KubernetesRule, Manifest, ReadRule, WriteRule},
    upstream::kubernetes::{KubernetesRequest, Verb},
};

/// What an operator grants of one upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Grant {
    /// `declared`: every read that the manifest declares, and no write.
    All(Declared),
    /// Only what these rules name.
    Rules(Vec<GrantRule>),
}

/// The word `declared`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Declared {
    /// Every read that the manifest declares.
    Declared,
}

/// Kubernetes requests that an operator permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRule {
    /// `get`, `list`, …
    pub verbs: Vec<Verb>,
    /// API groups; `""` is the core group, `*` is any.
    pub groups: Vec<String>,
    /// `pods`, `pods/log`; `*` is any.
    pub resources: Vec<String>,
    /// Namespaces, a trailing `*` stands for any rest. Empty: all, and objects of the whole cluster.
    #[serde(default)]
    pub namespaces: Vec<String>,
}

/// What one toolset may do with one upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EffectiveUpstream {
    pub(crate) kind: String,
    pub(crate) reads: Vec<KubernetesRule>,
    pub(crate) writes: Vec<WriteRule>,
    /// None: the operator granted nothing.
    pub(crate) grant: Option<Grant>,
}

/// What one toolset may do at all, by the upstream's name in the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) toolset: String,
    pub(crate) upstreams: BTreeMap<String, EffectiveUpstream>,
}

impl Effective {
    /// Pairs what the manifest declares with what the operator grants.
    pub(crate) fn new(manifest: &Manifest, grants: &BTreeMap<String, Grant>) -> Self {
        let upstreams = manifest
            .upstreams
            .iter()
            .map(|(name, wish)| {
                let reads = wish.reads.iter().filter_map(|rule| match rule {
                    ReadRule::Kubernetes(rule) => Some(rule.clone()),
                    ReadRule::Http(_) => None,
                });
                let effective = EffectiveUpstream {
                    kind: wish.kind.clone(),
                    reads: reads.collect(),
                    writes: wish.writes.clone(),
                    grant: grants.get(name).cloned(),
                };
                (name.clone(), effective)
            })
            .collect();
        Self { toolset: manifest.toolset.name.to_string(), upstreams }
    }
}

impl KubernetesRule {
    /// Does this rule declare the request?
    pub(crate) fn covers(&self, request: &KubernetesRequest) -> bool {
        self.verbs.contains(&request.verb)
            && names(&self.groups, &request.group)
            && names(&self.resources, &request.rule_resource())
    }
}

impl GrantRule {
    /// Does this rule permit the request?
    pub(crate) fn covers(&self, request: &KubernetesRequest) -> bool {
        let namespace = request.namespace.as_deref().unwrap_or_default();
        self.verbs.contains(&request.verb)
            && names(&self.groups, &request.group)
            && names(&self.resources, &request.rule_resource())
            && (self.namespaces.is_empty()
                || (!namespace.is_empty()
                    && self.namespaces.iter().any(|pattern| matches(pattern, namespace))))
    }
}

/// Exact names, or `*` for any.
fn names(allowed: &[String], name: &str) -> bool {
    allowed.iter().any(|candidate| candidate == "*" || candidate == name)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}
