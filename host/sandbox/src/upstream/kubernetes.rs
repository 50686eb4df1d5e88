//! Reads a request to a Kubernetes API as an API server does: into a verb and a resource, or a path.
//!
//! The invariant: what does not parse is refused, so that policy never sees a request whose meaning the
//! API server could read differently.

mod names;
mod request;

#[cfg(test)]
mod tests;

use http::Method;

use super::path::{self, PathError};
pub use request::{KubernetesRequest, Verb};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Objects: RBAC rules about resources apply.
    Resource(KubernetesRequest),
    /// Discovery or the version; the normalised path.
    NonResource(String),
}

/// Why a request is refused whatever is granted. The text names nothing but what the guest itself sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The path may not exist at all.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The path is neither a resource's nor one of the few others that are allowed.
    #[error("`{0}` is not a Kubernetes resource path")]
    NotAResourcePath(String),
    /// `/api/v1/watch/…` and `/api/v1/proxy/…`.
    #[error("the legacy prefix `{0}` is never allowed")]
    LegacyPrefix(String),
    /// A subresource or resource that opens a channel or hands out a credential.
    #[error("`{0}` is never allowed")]
    NeverAllowed(String),
    /// A segment that cannot be what its place in the path says.
    #[error("`{value}` is not a valid {what}")]
    InvalidSegment {
        /// The place: `namespace`, `name`, …
        what: &'static str,
        /// What stood there.
        value: String,
    },
    /// A method that no Kubernetes API has.
    #[error("method `{0}` is not supported")]
    Method(String),
    /// A method other than GET and HEAD on a path that is not a resource's.
    #[error("`{method}` on `{path}` is not allowed, only GET")]
    NonResourceMethod {
        /// What was sent.
        method: String,
        /// Where to.
        path: String,
    },
    /// The API server reads any other value, even an empty one, as true.
    #[error("`watch` may be given once, as `true`, `1`, `false` or `0`")]
    Watch,
}

/// Reads a request as an API server does. `path` and `query` are not encoded.
pub fn resolve(method: &Method, path: &str, query: &[(String, String)]) -> Result<Resolved, Refusal> {
    let segments = path::normalise(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let watch = watch_parameter(query)?;
    match segments.as_slice() {
        ["version" | "api" | "apis"] | ["openapi", "v3", ..] => non_resource(method, path),
        ["api", version] => {
            names::version(version)?;
            non_resource(method, path)
        }
        ["apis", group] => {
            names::group(group)?;
            non_resource(method, path)
        }
        ["apis", group, version] => {
            names::group(group)?;
            names::version(version)?;
            non_resource(method, path)
        }
        ["api", version, rest @ ..] => resource(method, path, "", version, rest, watch),
        ["apis", group, version, rest @ ..] => {
            names::group(group)?;
            resource(method, path, group, version, rest, watch)
        }
        _ => Err(Refusal::NotAResourcePath(path.to_owned())),
    }
}

fn non_resource(method: &Method, path: &str) -> Result<Resolved, Refusal> {
    if method == Method::GET || method == Method::HEAD {
        Ok(Resolved::NonResource(path.to_owned()))
    } else {
        Err(Refusal::NonResourceMethod { method: method.to_string(), path: path.to_owned() })
    }
}

fn resource(
    method: &Method,
    path: &str,
    group: &str,
    version: &str,
    rest: &[&str],
    watch: Watch,
) -> Result<Resolved, Refusal> {
    names::version(version)?;
    legacy_prefix(rest)?;
    // `namespaces/{ns}/status` and `…/finalize` are subresources of the namespace itself.
    let (namespace, parts) = match rest {
        ["namespaces", namespace] | ["namespaces", namespace, "status" | "finalize", ..] => {
            (Some(*namespace), rest)
        }
        ["namespaces", namespace, below @ ..] => (Some(*namespace), below),
        _ => (None, rest),
    };
    legacy_prefix(parts)?;
    let (resource, name, subresource) = match parts {
        [resource] => (*resource, None, None),
        [resource, name] => (*resource, Some(*name), None),
        [resource, name, subresource, more @ ..] => {
            never_allowed(group, resource, Some(subresource))?;
            if !more.is_empty() {
                return Err(Refusal::NotAResourcePath(path.to_owned()));
            }
            (*resource, Some(*name), Some(*subresource))
        }
        [] => return Err(Refusal::NotAResourcePath(path.to_owned())),
    };
    never_allowed(group, resource, subresource)?;
    names::resource(resource)?;
    namespace.map_or(Ok(()), names::namespace)?;
    name.map_or(Ok(()), |name| names::object(group, name))?;
    subresource.map_or(Ok(()), names::subresource)?;
    Ok(Resolved::Resource(KubernetesRequest {
        verb: verb(method, name.is_some(), watch)?,
        group: group.to_owned(),
        version: version.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
    }))
}

/// Old spellings of verbs, which the API server reads before the resource.
fn legacy_prefix(parts: &[&str]) -> Result<(), Refusal> {
    match parts.first() {
        Some(prefix @ (&"watch" | &"proxy")) => Err(Refusal::LegacyPrefix((*prefix).to_owned())),
        _ => Ok(()),
    }
}

/// Channels into containers and nodes, and whatever mints or checks a credential.
fn never_allowed(group: &str, resource: &str, subresource: Option<&str>) -> Result<(), Refusal> {
    let refused = matches!(
        (resource, subresource),
        (_, Some("exec" | "attach" | "portforward" | "proxy"))
            | ("serviceaccounts", Some("token"))
            | ("tokenreviews" | "tokenrequests", _)
    );
    if !refused {
        return Ok(());
    }
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let subresource = subresource.map(|name| format!("/{name}")).unwrap_or_default();
    Err(Refusal::NeverAllowed(format!("{resource}{group}{subresource}")))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    Yes,
    No,
}

fn watch_parameter(query: &[(String, String)]) -> Result<Watch, Refusal> {
    let mut values = query.iter().filter(|(key, _)| key == "watch").map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (None, _) | (Some("false" | "0"), None) => Ok(Watch::No),
        (Some("true" | "1"), None) => Ok(Watch::Yes),
        _ => Err(Refusal::Watch),
    }
}

fn verb(method: &Method, named: bool, watch: Watch) -> Result<Verb, Refusal> {
    match (method.as_str(), named) {
        ("GET" | "HEAD", true) => Ok(Verb::Get),
        ("GET" | "HEAD", false) if watch == Watch::Yes => Ok(Verb::Watch),
        ("GET" | "HEAD", false) => Ok(Verb::List),
        ("POST", _) => Ok(Verb::Create),
        ("PUT", _) => Ok(Verb::Update),
        ("PATCH", _) => Ok(Verb::Patch),
        ("DELETE", true) => Ok(Verb::Delete),
        ("DELETE", false) => Ok(Verb::DeleteCollection),
        _ => Err(Refusal::Method(method.to_string())),
    }
}
