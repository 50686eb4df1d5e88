//! Reads of objects, page by page, with what costs tokens or must not be shown taken out.

use holmes_plugin::{
    ErrorKind, Host, ToolError,
    kubernetes::{Cluster, ReadError},
    serde_json::{Value, json},
};

use crate::{field, scope::Scope};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Shows every object of a scope to `visit`, one page in memory at a time, and counts them.
///
/// A list that breaks off is an error: half a list must never pass for the whole.
pub(crate) fn each(host: &Host, scope: &Scope, mut visit: impl FnMut(Value)) -> Result<usize, ToolError> {
    let mut total = 0;
    let mut cancelled = false;
    let outcome = Cluster::new(host).list_pages(&scope.resource, &scope.options, |page| {
        for mut object in page.items {
            total += 1;
            clean(&mut object);
            visit(object);
        }
        cancelled = host.is_cancelled();
        !cancelled
    });
    let action = format!("list {} in {}", scope.kind(), scope.place());
    outcome.map_err(|error| {
        let mut error = failed(error, &action);
        if total > 0 {
            error.message.push_str(&format!("; the list broke off after {total} objects and was dropped"));
        }
        error
    })?;
    if cancelled {
        return Err(ToolError::new(ErrorKind::Cancelled, format!("cancelled while reading: {action}")));
    }
    Ok(total)
}

/// One object; none if there is no such object.
pub(crate) fn one(host: &Host, scope: &Scope, name: &str) -> Result<Option<Value>, ToolError> {
    let namespace = scope.options.namespace.as_deref();
    match Cluster::new(host).get(&scope.resource, namespace, name) {
        Ok(mut object) => {
            clean(&mut object);
            Ok(Some(object))
        }
        // Discovery told that the kind is served, so a bare 404 is about the object.
        Err(ReadError::NotFound(_) | ReadError::NoSuchKind(_)) => Ok(None),
        Err(error) => {
            Err(failed(error, &format!("get {} `{name}` in {}", scope.resource.singular, scope.place())))
        }
    }
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
    use crate::fixture::Fixture;

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
    }
}
