//! What a request asks for, read by the rules of the upstream's kind: what policy decides about and what the
//! audit trail spells.

use std::fmt;

use http::Method;

use super::{
    Kind, azure,
    kubernetes::{self, Resolved},
    path::{self, PathError},
};

/// A request that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// To a Kubernetes API.
    Kubernetes(Resolved),
    /// To anything else.
    Service(ServiceRequest),
}

/// A request to an HTTP service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceRequest {
    pub(crate) method: Method,
    /// Of the normalised path.
    pub(crate) segments: Vec<String>,
    /// In the service's own words: `Microsoft.ContainerService/managedClusters/read`.
    pub(crate) operation: Option<String>,
    /// What it is about, for people: a resource group of a subscription, a workspace.
    pub(crate) scope: Option<String>,
    pub(crate) verdict: Verdict,
    pub(crate) letters: Letters,
}

/// What the kind says about a request before anybody's rules are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It changes nothing and hands out nothing secret: the rules decide.
    Read,
    /// No manifest and no grant allows it, for this reason.
    Never(String),
}

/// Whether a service tells `A` from `a` in paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    Exact,
    AnyCase,
}

/// Why a request may not exist at all. The text names nothing but what the guest itself sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Kubernetes(#[from] kubernetes::Refusal),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Azure(#[from] azure::Refusal),
}

impl Target {
    /// Reads a request to an upstream of this kind. A kind that this host does not know is plain HTTP.
    pub(crate) fn read(
        kind: &str,
        method: &Method,
        path: &str,
        query: &[(String, String)],
    ) -> Result<Self, Refusal> {
        let request = match Kind::named(kind) {
            Some(Kind::Kubernetes) => {
                return Ok(Self::Kubernetes(kubernetes::resolve(method, path, query)?));
            }
            Some(kind) => kind.read(method, path::normalise(path)?)?,
            None => ServiceRequest::plain(method, path::normalise(path)?),
        };
        Ok(Self::Service(request))
    }
}

impl ServiceRequest {
    /// A request of which nothing is known but HTTP.
    pub(crate) fn plain(method: &Method, segments: Vec<String>) -> Self {
        let verdict = if method == Method::GET || method == Method::HEAD {
            Verdict::Read
        } else {
            Verdict::Never(format!("`{method}` may change something, and nothing may be changed"))
        };
        let letters = Letters::Exact;
        Self { method: method.clone(), segments, operation: None, scope: None, verdict, letters }
    }

    /// Why it is never sent with this body, whatever is declared or granted. None when it may be.
    pub(crate) fn refusal_of_body(&self, body: Option<&[u8]>) -> Option<String> {
        match self.letters {
            Letters::Exact => None,
            Letters::AnyCase => azure::refusal_of_body(self, body),
        }
    }

    /// The normalised path, not encoded.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }
}

/// As the audit trail has it: `GET Microsoft.ContainerService/managedClusters/read /subscriptions/…`.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes(Resolved::Resource(resource)) => resource.fmt(formatter),
            Self::Kubernetes(Resolved::NonResource(path)) => formatter.write_str(path),
            Self::Service(request) => {
                write!(formatter, "{} ", request.method)?;
                if let Some(operation) = &request.operation {
                    write!(formatter, "{operation} ")?;
                }
                formatter.write_str(&request.path())
            }
        }
    }
}
