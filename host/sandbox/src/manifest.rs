//! What a plugin says about itself: `toolset.toml`, and the section `holmes:toolset` it is packed into.
//!
//! Metadata is read from the file, never by running code: a loader looks at the section alone.

use std::collections::BTreeMap;

use holmes_protocol::{SideEffect, ToolName, ToolSpec, ToolsetName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{LoadError, limits::Wishes, upstream::kubernetes::Verb};

/// The custom section that carries [`Packed`] as JSON.
pub(crate) const SECTION: &str = "holmes:toolset";

/// `toolset.toml`: what a toolset is called and what it asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this file's shape: 1.
    pub schema: u32,
    /// Who it is.
    pub toolset: About,
    /// What it wants to reach, by the names that the guest uses.
    #[serde(default)]
    pub upstreams: BTreeMap<String, UpstreamWish>,
    /// Tools that are not read-only must be named here; others may be.
    #[serde(default)]
    pub tools: BTreeMap<ToolName, ToolRules>,
    /// Limits it wishes for.
    #[serde(default)]
    pub limits: Wishes,
}

/// Who a toolset is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Unique in a host.
    pub name: ToolsetName,
    /// Its own version.
    pub version: String,
    /// The contract it was written for, `major.minor`.
    pub contract: String,
    /// One line.
    pub description: String,
}

/// An upstream that a toolset wants to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamWish {
    /// How requests to it are read: `kubernetes`, `prometheus`, `http`, …
    pub kind: String,
    /// Without it the toolset is listed as unavailable.
    #[serde(default)]
    pub required: bool,
    /// Shown to whoever grants.
    #[serde(default)]
    pub reason: String,
    /// Requests that change nothing.
    #[serde(default)]
    pub reads: Vec<ReadRule>,
    /// Requests that change something, and the tools that make them.
    #[serde(default)]
    pub writes: Vec<WriteRule>,
    /// What a person loses by not permitting a resource of a Kubernetes API: by `pods/log`,
    /// `deployments.apps`, or `*` for all others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loses: BTreeMap<String, String>,
}

impl UpstreamWish {
    /// The reads of a Kubernetes API.
    pub fn kubernetes_reads(&self) -> impl Iterator<Item = &KubernetesRule> {
        self.reads.iter().filter_map(|rule| match rule {
            ReadRule::Kubernetes(rule) => Some(rule),
            ReadRule::Http(_) => None,
        })
    }

    /// Is this a name under `loses` that a read declares?
    fn reads_what_is_lost(&self, name: &str) -> bool {
        let (resource, group) = name.split_once('.').unwrap_or((name, ""));
        let declares = |list: &[String], name: &str| list.iter().any(|one| one == "*" || one == name);
        self.kubernetes_reads()
            .any(|rule| name == "*" || (declares(&rule.resources, resource) && declares(&rule.groups, group)))
    }
}

/// Requests that a toolset declares as reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReadRule {
    /// For upstreams of kind `kubernetes`.
    Kubernetes(KubernetesRule),
    /// For all others.
    Http(HttpRule),
}

/// Kubernetes requests, named as RBAC names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesRule {
    /// `get`, `list`, …; no `*`.
    pub verbs: Vec<Verb>,
    /// API groups; `""` is the core group, `*` is any.
    pub groups: Vec<String>,
    /// `pods`, `pods/log`; `*` is any, subresources included.
    pub resources: Vec<String>,
}

/// Requests by method and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// `GET`, which is `HEAD` too, or `POST` for a query.
    pub methods: Vec<String>,
    /// `*` stands for one segment, a trailing `/**` for any number of them.
    pub paths: Vec<String>,
}

/// Requests that change something, and the tools that may make them after an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteRule {
    /// The tools; at least one.
    pub tools: Vec<ToolName>,
    /// The requests.
    #[serde(flatten)]
    pub rule: KubernetesRule,
}

/// What the manifest says about one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolRules {
    /// Must equal what `describe` says.
    pub side_effect: SideEffect,
}

/// What a packed component carries: the manifest and what `describe` said when it was packed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packed {
    /// `toolset.toml`.
    pub manifest: Manifest,
    /// What the model is told about the toolset as a whole.
    #[serde(default)]
    pub instructions: Option<String>,
    /// The tools.
    pub tools: Vec<PackedTool>,
}

/// One tool as `describe` told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackedTool {
    /// Its name.
    pub name: ToolName,
    /// What the model is told.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// What it may do.
    pub side_effect: SideEffect,
}

/// Longest description of a tool: what the model reads on every request must stay small.
const DESCRIPTION_BYTES: usize = 4_096;

/// Longest instructions of a toolset.
const INSTRUCTIONS_BYTES: usize = 16_384;

/// Methods with which something may be read: some queries are POSTs.
pub(crate) const HTTP_READS: [&str; 3] = ["GET", "HEAD", "POST"];

impl Manifest {
    /// Reads `toolset.toml`.
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        let manifest: Self = toml::from_str(text).map_err(|error| LoadError::Manifest(error.to_string()))?;
        manifest.validated()
    }

    fn validated(self) -> Result<Self, LoadError> {
        let refuse = |text: String| Err(LoadError::Manifest(text));
        if self.schema != 1 {
            return refuse(format!("`schema` is {}, expected 1", self.schema));
        }
        if self.toolset.contract != crate::CONTRACT {
            return Err(LoadError::Contract { found: self.toolset.contract, supported: crate::CONTRACT });
        }
        for (name, upstream) in &self.upstreams {
            if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
                return refuse(format!(
                    "the upstream name `{}` is not lower-case ASCII",
                    name.escape_debug()
                ));
            }
            for rule in &upstream.writes {
                let wild = rule.rule.groups.iter().chain(&rule.rule.resources).any(|name| name.contains('*'));
                if wild || rule.tools.is_empty() {
                    return refuse(format!("`upstreams.{name}.writes` must name tools and no `*`"));
                }
            }
            if let Some(lost) = upstream.loses.keys().find(|lost| !upstream.reads_what_is_lost(lost)) {
                return refuse(format!(
                    "`upstreams.{name}.loses` names `{}`, which no read declares",
                    lost.escape_debug()
                ));
            }
            for rule in &upstream.reads {
                let fits = matches!(rule, ReadRule::Kubernetes(_)) == (upstream.kind == "kubernetes");
                let reads = match rule {
                    ReadRule::Kubernetes(rule) => {
                        rule.verbs.iter().all(|verb| matches!(verb, Verb::Get | Verb::List | Verb::Watch))
                    }
                    ReadRule::Http(rule) => rule.is_well_formed(&HTTP_READS),
                };
                if !fits || !reads {
                    return refuse(format!(
                        "`upstreams.{name}.reads` has a rule that is no read of a {}",
                        upstream.kind
                    ));
                }
            }
        }
        Ok(self)
    }
}

impl Packed {
    /// Reads the section's JSON.
    pub(crate) fn from_section(bytes: &[u8]) -> Result<Self, LoadError> {
        let packed: Self =
            serde_json::from_slice(bytes).map_err(|error| LoadError::Manifest(error.to_string()))?;
        Self { manifest: packed.manifest.validated()?, ..packed }.validated()
    }

    /// Checks that `describe` and the manifest agree, and that names and texts keep the rules.
    pub(crate) fn validated(self) -> Result<Self, LoadError> {
        let disagree = |text: String| Err(LoadError::Disagreement(text));
        if self.tools.is_empty() {
            return disagree("it describes no tool".to_owned());
        }
        for (index, tool) in self.tools.iter().enumerate() {
            if self.tools.iter().skip(index + 1).any(|other| other.name == tool.name) {
                return disagree(format!("the tool `{}` is described twice", tool.name));
            }
            if tool.description.trim().is_empty() || tool.description.len() > DESCRIPTION_BYTES {
                return disagree(format!(
                    "the description of `{}` must have 1 to {DESCRIPTION_BYTES} bytes",
                    tool.name
                ));
            }
            if tool.input_schema.get("type").and_then(Value::as_str) != Some("object") {
                return disagree(format!("the schema of `{}` must have an object at its root", tool.name));
            }
            let declared = self.manifest.tools.get(&tool.name).map(|rules| rules.side_effect);
            if declared.unwrap_or(SideEffect::ReadOnly) != tool.side_effect {
                return disagree(format!(
                    "`{}` is not `{}` in the manifest; add it under [tools.{}]",
                    tool.name,
                    if tool.side_effect == SideEffect::Mutating { "mutating" } else { "destructive" },
                    tool.name
                ));
            }
        }
        if let Some(name) =
            self.manifest.tools.keys().find(|name| self.tools.iter().all(|tool| tool.name != **name))
        {
            return disagree(format!("the manifest names `{name}`, which `describe` does not"));
        }
        if self.instructions.as_ref().is_some_and(|text| text.len() > INSTRUCTIONS_BYTES) {
            return disagree(format!("the instructions have more than {INSTRUCTIONS_BYTES} bytes"));
        }
        Ok(self)
    }

    /// The tools as they are offered to a model.
    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools
            .iter()
            .map(|tool| ToolSpec {
                name: tool.name.clone(),
                toolset: self.manifest.toolset.name.clone(),
                description: tool.description.clone(),
                input_schema: tool.input_schema.clone(),
                side_effect: tool.side_effect,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
