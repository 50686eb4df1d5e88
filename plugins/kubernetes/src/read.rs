//! Reads of objects, page by page, with what costs tokens or must not be shown taken out.

use std::collections::BTreeSet;

use holmes_plugin::{
    ErrorKind, Host, ToolError,
    kubernetes::{Cluster, ReadError},
    serde_json::{Value, json},
};

use crate::{field, scope::Scope};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How often a list may begin again because its pages expired: a server that keeps expiring them is overloaded.
const RESTARTS: usize = 2;

/// Reading stops so long before the deadline, in milliseconds, so that what was read is still told.
const RESERVE: u64 = 3_000;

/// How far a list was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Objects that were shown to the visitor.
    pub objects: usize,
    /// Why it is not the whole list, and how much is missing.
    pub rest: Option<Rest>,
}

/// What is missing of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    /// Objects that were not read, if the server told.
    pub objects: Option<u64>,
    /// Why.
    pub reason: String,
}

impl Rest {
    /// `only the first 500 of 5000 objects were read: …`.
    pub(crate) fn told(&self, read: usize) -> String {
        let of = self.objects.map_or_else(String::new, |rest| format!(" of {}", read as u64 + rest));
        format!("only the first {read}{of} objects were read: {}", self.reason)
    }

    /// For an answer that needs the whole list.
    pub(crate) fn error(&self, scope: &Scope, read: usize) -> ToolError {
        let message = format!(
            "could not list {} in {} to its end, so nothing is answered: {}. Narrow it by namespace or selector",
            scope.kind(),
            scope.place(),
            self.told(read)
        );
        ToolError { retryable: true, ..ToolError::new(ErrorKind::Unavailable, message) }
    }
}

/// Shows every object of a scope to `visit`, one page in memory at a time, and counts them.
///
/// A list that breaks off is an error: half a list must never pass for the whole.
pub(crate) fn each(host: &Host, scope: &Scope, visit: impl FnMut(Value)) -> Result<usize, ToolError> {
    let Part { objects, rest } = part(host, scope, visit)?;
    rest.map_or(Ok(objects), |rest| Err(rest.error(scope, objects)))
}

/// As [`each`], for an answer that can be given of a part and says so.
pub(crate) fn part(host: &Host, scope: &Scope, mut visit: impl FnMut(Value)) -> Result<Part, ToolError> {
    let action = format!("list {} in {}", scope.kind(), scope.place());
    let cluster = Cluster::new(host).lean();
    let mut seen = BTreeSet::new();
    let mut restarts = 0;
    let mut missing = None;
    let mut token: Option<String> = None;
    loop {
        let broken =
            |reason: String| Part { objects: seen.len(), rest: Some(Rest { objects: missing, reason }) };
        if host.is_cancelled() {
            return Err(ToolError::new(ErrorKind::Cancelled, format!("cancelled while reading: {action}")));
        }
        if token.is_some() && host.remaining_ms() < RESERVE {
            return Ok(broken("the time of this call is over".to_owned()));
        }
        let page = match cluster.list_page(&scope.resource, &scope.options, token.as_deref()) {
            Ok(page) => page,
            // A server keeps the state of a list for minutes only; what was seen already is skipped.
            Err(ReadError::Invalid(_)) if token.is_some() && restarts < RESTARTS => {
                restarts += 1;
                token = None;
                continue;
            }
            Err(ReadError::Unavailable(reason)) if !seen.is_empty() => return Ok(broken(reason)),
            Err(error) => return Err(failed_in(scope, error, &action)),
        };
        for mut object in page.items {
            if seen.insert(format!("{}/{}", field::namespace(&object), field::name(&object))) {
                clean(&mut object);
                visit(object);
            }
        }
        missing = page.remaining;
        token = page.continue_token;
        if token.is_none() {
            return Ok(Part { objects: seen.len(), rest: None });
        }
    }
}

/// One object; none if there is no such object.
pub(crate) fn one(host: &Host, scope: &Scope, name: &str) -> Result<Option<Value>, ToolError> {
    let namespace = scope.options.namespace.as_deref();
    match Cluster::new(host).get(&scope.resource, namespace, name) {
        Ok(mut object) => {
            clean(&mut object);
            Ok(Some(object))
        }
        Err(ReadError::NotFound(_)) => Ok(None),
        Err(error) => {
            Err(failed(error, &format!("get {} `{name}` in {}", scope.resource.singular, scope.place())))
        }
    }
}

/// Rights are often given by namespace, so that only the list over all of them is forbidden.
fn failed_in(scope: &Scope, error: ReadError, action: &str) -> ToolError {
    let hint = matches!(error, ReadError::Forbidden(_)) && scope.spans_namespaces();
    let mut error = failed(error, action);
    if hint {
        error.message.push_str("; in one namespace it may be permitted: name one");
    }
    error
}

/// What a failed read means. A forbidden one says so, and that it proves nothing.
pub(crate) fn failed(error: ReadError, action: &str) -> ToolError {
    let message = if let ReadError::Forbidden(reason) = &error {
        format!("not permitted to {action}: {reason}. Whether there is anything remains unknown")
    } else {
        format!("could not {action}: {}", error.message())
    };
    ToolError { message, ..ToolError::from(error) }
}

/// Drops bookkeeping that nobody asks about, and values of Secrets that the host did not mask itself.
pub(crate) fn clean(object: &mut Value) {
    let secret = field::text(object, "/kind") == "Secret" && field::text(object, "/apiVersion") == "v1";
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    if !secret {
        return;
    }
    for part in ["data", "stringData"] {
        let values = object.get_mut(part).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(|values| values.values_mut()) {
            // The host's placeholders are words in brackets; a real value is base64.
            if part == "stringData" || value.as_str().is_none_or(is_base64) {
                *value = json!("<hidden>");
            }
        }
    }
}

fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, asked, pod};

    #[test]
    fn secrets_keep_their_keys_and_lose_their_values() {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "x", "managedFields": [], "annotations": {LAST_APPLIED: "FAKE"}},
            "data": {"password": "RkFLRQ==", "tls.crt": "<certificate CN=x>"},
        });
        clean(&mut secret);
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"},
            "data": {"password": "<hidden>", "tls.crt": "<certificate CN=x>"},
        });
        assert_eq!(secret, expected);
    }

    #[test]
    fn forbidden_is_an_error_that_says_so() {
        let host = Fixture::new().forbid("pods").host();
        let scope = Scope::parse(&host, "pods", Some("billing")).unwrap();
        let error = each(&host, &scope, |_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PolicyDenied);
        assert!(error.message.starts_with("not permitted to list pods (v1) in namespace billing"), "{error}");
        assert!(one(&host, &scope, "x").unwrap_err().message.starts_with("not permitted to get pod `x`"));
        let everywhere = Scope::parse(&host, "pods", None).unwrap();
        assert!(each(&host, &everywhere, |_| ()).unwrap_err().message.ends_with("name one"));
    }

    fn cluster(pods: usize) -> Fixture {
        (0..pods).fold(Fixture::new(), |cluster, number| cluster.with(pod("a", &format!("p{number:04}"))))
    }

    fn names(host: &Host) -> Result<Vec<String>, ToolError> {
        let scope = Scope::parse(host, "pods", Some("a"))?;
        let mut names = Vec::new();
        each(host, &scope, |object| names.push(field::name(&object).to_owned()))?;
        Ok(names)
    }

    #[test]
    fn pages_of_any_size_give_the_same_objects() {
        let whole = names(&cluster(40).host()).unwrap();
        assert_eq!(whole.len(), 40);
        for size in [1, 7, 500] {
            assert_eq!(names(&cluster(40).paged(size).host()).unwrap(), whole, "{size}");
        }
    }

    #[test]
    fn a_list_whose_pages_expired_begins_again_and_shows_each_object_once() {
        let host = cluster(40).paged(7).expires_at(4).host();
        assert_eq!(names(&host).unwrap().len(), 40);
        assert_eq!(asked(&host, "lists"), 3 + 1 + 6);
        let first = cluster(40).expires_at(1).host();
        assert!(
            names(&first).unwrap_err().message.contains("too old"),
            "the first page has nothing to expire"
        );
    }

    #[test]
    fn a_list_that_breaks_off_is_an_error_for_whom_a_part_will_not_do() {
        let host = cluster(40).paged(7).breaks_off().host();
        let error = names(&host).unwrap_err();
        let expected =
            "to its end, so nothing is answered: only the first 7 of 40 objects were read: the API server";
        assert!(error.message.contains(expected), "{error}");
        let scope = Scope::parse(&host, "pods", Some("a")).unwrap();
        let read = part(&host, &scope, |_| ()).unwrap();
        assert_eq!((read.objects, read.rest.unwrap().objects), (7, Some(33)));
    }
}
