//! Reads requests to Azure Resource Manager and to Log Analytics: into a scope, an operation, and whether it is
//! a read at all.
//!
//! The invariant: whatever is declared or granted, nothing but GET, HEAD and the two queries passes, and no
//! operation that hands out a key or a credential. Azure compares paths without regard to case, and so does
//! everything here.

mod graph;
mod never;

#[cfg(test)]
mod tests;

use http::Method;

use super::target::{Letters, ServiceRequest, Verdict};

/// Why a path is none that the service has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Resource Manager serves other things elsewhere, a batch of requests among them.
    #[error("`{0}` is neither below `/subscriptions` nor below `/providers`")]
    Outside(String),
    /// Servers do not agree about what it means.
    #[error("`{0}` is not a segment that a path of Azure may have")]
    Segment(String),
    /// Log Analytics has two things to ask for.
    #[error("`{0}` is neither `query` nor `metadata` of a workspace or a resource below `/v1`")]
    NoQuery(String),
}

/// The one POST of Resource Manager that only reads.
const RESOURCE_GRAPH: [&str; 3] = ["providers", "Microsoft.ResourceGraph", "resources"];

/// Reads a request to Azure Resource Manager.
pub(super) fn arm(method: &Method, segments: Vec<String>) -> Result<ServiceRequest, Refusal> {
    if !segments.first().is_some_and(|first| any_case(first, &["subscriptions", "providers"])) {
        return Err(Refusal::Outside(path(&segments)));
    }
    check(&segments)?;
    let graph = same(&segments, &RESOURCE_GRAPH);
    let verdict = if let Some(reason) = never::reason(&segments) {
        Verdict::Never(reason)
    } else if is_read(method) || (graph && method == Method::POST) {
        Verdict::Read
    } else if method == Method::POST {
        let action = segments.last().map(String::as_str).unwrap_or_default();
        Verdict::Never(format!(
            "`{action}` is an action; the only POST that reads is Resource Graph's `/{}`",
            RESOURCE_GRAPH.join("/")
        ))
    } else {
        Verdict::Never(changes(method))
    };
    let operation = operation(method, &segments, graph);
    let scope = scope(&segments);
    Ok(request(method, segments, operation, scope, verdict))
}

/// Reads a request to the Log Analytics API: `/v1/workspaces/{id}/query` or `/v1/{resource id}/query`.
pub(super) fn logs(method: &Method, segments: Vec<String>) -> Result<ServiceRequest, Refusal> {
    // The version stands before what has types and names.
    check(segments.get(1..).unwrap_or_default())?;
    let (about, what) = match segments.as_slice() {
        [version, middle @ .., what] if version == "v1" && any_case(what, &["query", "metadata"]) => {
            (middle, what)
        }
        _ => return Err(Refusal::NoQuery(path(&segments))),
    };
    let scope = match about {
        [workspaces, id] if any_case(workspaces, &["workspaces"]) => format!("workspace `{id}`"),
        [first, _, ..] if any_case(first, &["subscriptions"]) => scope(about),
        _ => return Err(Refusal::NoQuery(path(&segments))),
    };
    let verdict = if is_read(method) || (method == Method::POST && any_case(what, &["query"])) {
        Verdict::Read
    } else if method == Method::POST {
        Verdict::Never("the only POST that reads is a `query`".to_owned())
    } else {
        Verdict::Never(changes(method))
    };
    let operation = format!("Microsoft.OperationalInsights/workspaces/{}/read", what.to_ascii_lowercase());
    Ok(request(method, segments, operation, scope, verdict))
}

/// Why a request that passed so far is not sent with this body, if it is not.
pub(super) fn refusal_of_body(request: &ServiceRequest, body: Option<&[u8]>) -> Option<String> {
    let graph = request.method == Method::POST && same(&request.segments, &RESOURCE_GRAPH);
    graph.then(|| graph::refusal(body)).flatten()
}

fn request(
    method: &Method,
    segments: Vec<String>,
    operation: String,
    scope: String,
    verdict: Verdict,
) -> ServiceRequest {
    let (operation, scope) = (Some(operation), Some(scope));
    ServiceRequest { method: method.clone(), segments, operation, scope, verdict, letters: Letters::AnyCase }
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn changes(method: &Method) -> String {
    format!("`{method}` changes something, and nothing may be changed in Azure")
}

/// Types stand at even places and names at odd ones, from the first segment on. A type is plain ASCII; a name
/// may have any letters (resource groups do), but nothing that a server could decode, split or cut off.
fn check(segments: &[String]) -> Result<(), Refusal> {
    for (index, segment) in segments.iter().enumerate() {
        let plain = if index % 2 == 0 {
            segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        } else {
            segment.chars().all(|letter| letter.is_alphanumeric() || " -._()~:@+,=$!'".contains(letter))
        };
        let trimmed = segment.ends_with('.') || segment.trim() != segment;
        if !plain || trimmed {
            return Err(Refusal::Segment(segment.clone()));
        }
    }
    Ok(())
}

/// The action as Azure's role definitions spell it.
fn operation(method: &Method, segments: &[String], graph: bool) -> String {
    let provider = last_provider(segments);
    let namespace =
        provider.and_then(|at| segments.get(at + 1)).map_or("Microsoft.Resources", String::as_str);
    let types = segments.get(provider.map_or(0, |at| at + 2)..).unwrap_or_default();
    let mut operation = namespace.to_owned();
    for kind in types.iter().step_by(2) {
        operation.push('/');
        operation.push_str(kind);
    }
    operation.push_str(match *method {
        Method::GET | Method::HEAD => "/read",
        Method::POST if graph => "/read",
        Method::POST => "/action",
        Method::DELETE => "/delete",
        _ => "/write",
    });
    operation
}

/// Where the innermost `providers/{namespace}` begins: a resource may have a resource of another provider.
fn last_provider(segments: &[String]) -> Option<usize> {
    let even = |index: &usize| index.is_multiple_of(2);
    let named = |index: &usize| segments.get(index + 1).is_some();
    let provider = |index: &usize| segments.get(*index).is_some_and(|one| any_case(one, &["providers"]));
    (0..segments.len()).rev().filter(even).filter(named).find(provider)
}

/// What a request is about, for people.
fn scope(segments: &[String]) -> String {
    let after = |at: usize, name: &str| {
        let named = segments.get(at).is_some_and(|one| any_case(one, &[name]));
        segments.get(at + 1).filter(|_| named)
    };
    match (after(0, "subscriptions"), after(2, "resourceGroups")) {
        (Some(subscription), Some(group)) => {
            format!("resource group `{group}` of subscription `{subscription}`")
        }
        (Some(subscription), None) => format!("subscription `{subscription}`"),
        (None, _) => "the tenant".to_owned(),
    }
}

fn path(segments: &[String]) -> String {
    format!("/{}", segments.join("/"))
}

fn any_case(text: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(text))
}

fn same(segments: &[String], names: &[&str]) -> bool {
    segments.len() == names.len()
        && segments.iter().zip(names).all(|(segment, name)| segment.eq_ignore_ascii_case(name))
}
