//! What an operator grants, and what is left of it: effective rights = declared ∩ granted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    manifest::{HttpRule, KubernetesRule, Manifest, ReadRule, WriteRule},
    upstream::{
        kubernetes::{KubernetesRequest, Verb},
        target::{Letters, ServiceRequest},
    },
};

/// What an operator grants of one upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Grant {
    /// `declared`: every read that the manifest declares, and no write.
    All(Declared),
    /// Only what these rules name, of a Kubernetes API.
    Rules(Vec<GrantRule>),
    /// Only what these rules name, of any other upstream.
    Http(Vec<HttpRule>),
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
    /// The same for kinds other than `kubernetes`.
    pub(crate) http_reads: Vec<HttpRule>,
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
                let (mut reads, mut http_reads) = (Vec::new(), Vec::new());
                for rule in &wish.reads {
                    match rule {
                        ReadRule::Kubernetes(rule) => reads.push(rule.clone()),
                        ReadRule::Http(rule) => http_reads.push(rule.clone()),
                    }
                }
                let effective = EffectiveUpstream {
                    kind: wish.kind.clone(),
                    reads,
                    http_reads,
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

impl HttpRule {
    /// Does this rule name the request? A rule for GET is one for HEAD.
    pub(crate) fn covers(&self, request: &ServiceRequest) -> bool {
        let method = match request.method.as_str() {
            "HEAD" => "GET",
            method => method,
        };
        let same = |pattern: &str, segment: &str| match request.letters {
            Letters::Exact => pattern == segment,
            Letters::AnyCase => pattern.eq_ignore_ascii_case(segment),
        };
        self.methods.iter().any(|candidate| candidate == method || *candidate == request.method.as_str())
            && self.paths.iter().any(|pattern| path_matches(pattern, &request.segments, same))
    }

    /// Whether every method is one of these, and every path can be matched as its author means it.
    pub(crate) fn is_well_formed(&self, methods: &[&str]) -> bool {
        let path = |path: &String| {
            let pattern = path.strip_suffix("/**").unwrap_or(path);
            let plain = |segment: &str| segment == "*" || !(segment.is_empty() || segment.contains('*'));
            pattern.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain))
        };
        !self.methods.is_empty()
            && !self.paths.is_empty()
            && self.methods.iter().all(|method| methods.contains(&method.as_str()))
            && self.paths.iter().all(path)
    }
}

/// `*` is one segment; `/**` at the end is any rest, and none.
fn path_matches(pattern: &str, segments: &[String], same: impl Fn(&str, &str) -> bool) -> bool {
    let (pattern, open) = match pattern.strip_suffix("/**") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let parts: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let long_enough = if open { segments.len() >= parts.len() } else { segments.len() == parts.len() };
    long_enough && parts.iter().zip(segments).all(|(part, segment)| *part == "*" || same(part, segment))
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
