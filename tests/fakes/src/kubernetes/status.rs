//! What an API server says when it does not do what it is asked: a `Status`, in its own words.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{answer, target::Target};

/// A refusal.
#[derive(Debug)]
pub(super) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
    metadata: Value,
}

impl Status {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}), metadata: json!({}) }
    }

    pub(super) fn code(&self) -> u16 {
        self.code
    }

    fn about(self, target: &Target) -> Self {
        let mut details = json!({"kind": target.plural});
        if let Some(name) = &target.name {
            details["name"] = json!(name);
        }
        if !target.group.is_empty() {
            details["group"] = json!(target.group);
        }
        Self { details, ..self }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn forbidden(user: &str, verb: &str, target: &Target) -> Self {
        let subject = match &target.name {
            Some(name) => format!("{} \"{name}\"", target.qualified()),
            None => target.qualified(),
        };
        let scope = match &target.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{subject} is forbidden: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
            target.rule_resource(),
            target.group
        );
        Self::new(403, "Forbidden", message).about(target)
    }

    pub(super) fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        Self::new(403, "Forbidden", format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\""))
    }

    /// No such path or kind.
    pub(super) fn not_served() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// The kind is served, the object is not there.
    pub(super) fn not_found(target: &Target) -> Self {
        let name = target.name.as_deref().unwrap_or_default();
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", target.qualified())).about(target)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        Self::new(406, "NotAcceptable", message)
    }

    /// The page that was asked for is compacted away. With the token that goes on all the same.
    pub(super) fn expired(continue_token: &str) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can \
                       start a new list without the continue parameter, or use the continue token in this response \
                       to retrieve the remainder of the results. Continuing with the provided token results in an \
                       inconsistent list - objects that were created, modified, or deleted between the time the \
                       first chunk was returned and now may show up in the list.";
        Self { metadata: json!({"continue": continue_token}), ..Self::new(410, "Expired", message) }
    }

    pub(super) fn invalid_log_options(pod: &str, problem: &str) -> Self {
        Self::new(422, "Invalid", format!("PodLogOptions \"{pod}\" is invalid: {problem}"))
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let Self { code, reason, message, details, metadata } = self;
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": message, "reason": reason, "details": details, "code": code});
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, answer::json_of(&body)).into_response()
    }
}
