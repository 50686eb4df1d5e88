//! A request about Kubernetes resources, in RBAC's words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done, spelt as RBAC spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// One object.
    Get,
    /// A collection.
    List,
    /// The changes of a collection.
    Watch,
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH.
    Patch,
    /// DELETE of one object.
    Delete,
    /// DELETE of a collection.
    DeleteCollection,
}

impl Verb {
    /// As RBAC spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A request about resources, as an API server's authorizer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesRequest {
    /// What is done.
    pub verb: Verb,
    /// Empty for the core group.
    pub group: String,
    /// `v1`, `v1beta1`, …
    pub version: String,
    /// The plural, without the subresource.
    pub resource: String,
    /// `log`, `status`, `scale`, …
    pub subresource: Option<String>,
    /// None: cluster-scoped, or all namespaces. A namespace itself is in its own namespace, as RBAC has it.
    pub namespace: Option<String>,
    /// None: a collection.
    pub name: Option<String>,
}

impl KubernetesRequest {
    /// True for what changes nothing: get, list, watch, and the reviews of one's own rights, which are POSTs.
    pub fn is_read(&self) -> bool {
        match self.verb {
            Verb::Get | Verb::List | Verb::Watch => true,
            Verb::Create => {
                self.group == "authorization.k8s.io"
                    && self.subresource.is_none()
                    && matches!(
                        self.resource.as_str(),
                        "selfsubjectaccessreviews" | "selfsubjectrulesreviews"
                    )
            }
            Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => false,
        }
    }

    /// The resource as RBAC rules name it: `pods/log`.
    pub fn rule_resource(&self) -> String {
        match &self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.resource),
            None => self.resource.clone(),
        }
    }

    /// The resource with its group: `pods/log`, `deployments.apps/scale`.
    pub fn qualified_resource(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        let slash = if self.subresource.is_some() { "/" } else { "" };
        let subresource = self.subresource.as_deref().unwrap_or_default();
        format!("{}{dot}{}{slash}{subresource}", self.resource, self.group)
    }
}

/// `list pods in namespace shop`, `patch deployments.apps web in namespace payments`, `list nodes`.
impl fmt::Display for KubernetesRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.qualified_resource())?;
        if let Some(name) = &self.name {
            write!(formatter, " {name}")?;
        }
        match &self.namespace {
            Some(namespace) if self.resource != "namespaces" => {
                write!(formatter, " in namespace {namespace}")
            }
            _ => Ok(()),
        }
    }
}
