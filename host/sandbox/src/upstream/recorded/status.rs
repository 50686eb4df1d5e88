//! The `Status` answers of an API server, in its words.

use serde_json::{Value, json};

use super::super::kubernetes::KubernetesRequest;
use super::Answer;

fn status(code: u16, reason: &str, message: &str, details: &Value) -> Answer {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "details": details, "code": code,
    });
    Answer::json(code, body.to_string().into())
}

/// The kind is not served.
pub(super) fn no_such_resource() -> Answer {
    status(404, "NotFound", "the server could not find the requested resource", &json!({}))
}

/// The kind is served, the object is not there.
pub(super) fn not_found(request: &KubernetesRequest, name: &str) -> Answer {
    let resource = qualified(request);
    let details = details(&request.group, Some(name), &request.resource);
    status(404, "NotFound", &format!("{resource} \"{name}\" not found"), &details)
}

/// The recording's account was not permitted.
pub(super) fn forbidden(request: &KubernetesRequest) -> Answer {
    let subject = match &request.name {
        Some(name) => format!("{} \"{name}\"", qualified(request)),
        None => qualified(request),
    };
    let place = match &request.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let message = format!(
        "{subject} is forbidden: User \"recorder\" cannot {} resource \"{}\" in API group \"{}\" {place}",
        request.verb,
        request.rule_resource(),
        request.group,
    );
    status(403, "Forbidden", &message, &details(&request.group, request.name.as_deref(), &request.resource))
}

/// Files of `kubectl get` hold some kinds only: "not recorded" must read neither as "there are none" nor as
/// "not permitted". The reason is our own; a live API server never gives it.
pub(super) fn not_recorded(request: &KubernetesRequest) -> Answer {
    let resource = qualified(request);
    let message = format!("the recording has no {resource}");
    status(404, "NotRecorded", &message, &details(&request.group, request.name.as_deref(), &request.resource))
}

pub(super) fn bad_request(message: &str) -> Answer {
    status(400, "BadRequest", message, &json!({}))
}

pub(super) fn invalid_log_options(pod: &str, problem: &str) -> Answer {
    let message = format!("PodLogOptions \"{pod}\" is invalid: {problem}");
    status(422, "Invalid", &message, &json!({"name": pod, "kind": "PodLogOptions"}))
}

pub(super) fn not_allowed(message: &str) -> Answer {
    status(405, "MethodNotAllowed", message, &json!({}))
}

/// An API that answered with an error while the recording was made.
pub(super) fn unavailable(code: u16, message: &str) -> Answer {
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    };
    status(code, reason, message, &json!({}))
}

pub(super) fn withheld(message: &str) -> Answer {
    status(500, "InternalError", message, &json!({}))
}

/// The temporary file, or a log in a folder, is gone or broken.
pub(super) fn unreadable(error: &std::io::Error) -> Answer {
    status(500, "InternalError", &format!("the recording cannot be read any more: {error}"), &json!({}))
}

fn qualified(request: &KubernetesRequest) -> String {
    if request.group.is_empty() {
        request.resource.clone()
    } else {
        format!("{}.{}", request.resource, request.group)
    }
}

fn details(group: &str, name: Option<&str>, kind: &str) -> Value {
    let mut details = serde_json::Map::new();
    for (key, value) in [("name", name.unwrap_or_default()), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.insert(key.to_owned(), value.into());
        }
    }
    details.into()
}
