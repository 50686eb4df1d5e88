//! A refusal into a kind, a sentence with the fix, and what to do next.

mod access;
mod body;

use std::time::Duration;

use holmes_identity::Stamp;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use self::body::Body;
use crate::{
    LlmError, LlmErrorKind,
    dialect::Dialect,
    endpoint::Endpoint,
    retry::{self, Retry},
};

/// Anthropic's "overloaded".
const OVERLOADED: u16 = 529;

/// What providers say of reasoning that they can not take back.
const STALE: [&str; 5] = [
    "item with id",
    "invalid_encrypted_content",
    "blocks in the latest assistant message cannot be modified",
    "invalid `signature` in `thinking` block",
    "expected `thinking` or `redacted_thinking`",
];

/// A failed try.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: LlmError,
    pub(crate) retry: Retry,
    /// What would make another try different.
    pub(crate) remedy: Option<Remedy>,
}

/// What would make another try different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The parameter is not taken.
    WithoutParameter(String),
    /// The deployment wants to be spoken to otherwise.
    Speak(Dialect),
    /// What a former deployment encrypted can not be read by this one.
    WithoutCarried,
    /// The credential was refused; there may be a newer one.
    NewCredential(Stamp),
}

impl Failure {
    pub(crate) fn transient(message: String) -> Self {
        let error = LlmError::new(LlmErrorKind::Unavailable, message);
        Self { error, retry: Retry::Transient(None), remedy: None }
    }

    /// Says which credential the refused request was signed with.
    pub(crate) fn signed_by(mut self, stamp: Stamp) -> Self {
        // A role or a tenant that is wrong stays wrong with a newer token.
        if self.error.kind == LlmErrorKind::TokenRejected {
            self.remedy = Some(Remedy::NewCredential(stamp));
        }
        self
    }
}

/// Reads an answer that is no answer.
pub(crate) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    text: &str,
    endpoint: &Endpoint,
    dialect: Dialect,
) -> Failure {
    let body = Body::read(text);
    let hint = retry::hint(headers, &body.message, Timestamp::now());
    let host = endpoint.host();
    let (kind, message) = match status.as_u16() {
        401 | 403 => access::refused(status, &body, endpoint),
        400 if access::is_about_access(&body) => access::refused(status, &body, endpoint),
        404 => not_found(&body, endpoint, dialect),
        402 | 429 => throttled(&body, endpoint, hint),
        408 | 409 | OVERLOADED | 500..=599 => {
            let message = format!("`{host}` answered {}: {}", status.as_u16(), body.quoted(endpoint));
            (LlmErrorKind::Unavailable, message)
        }
        _ => refusal(status, &body, endpoint, dialect),
    };
    let should_retry = headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    let retry = match (kind, should_retry) {
        (_, Some("false")) => Retry::Never,
        (LlmErrorKind::RateLimited { .. }, _) => Retry::Throttled(hint),
        (LlmErrorKind::Unavailable, _) => Retry::Transient(hint),
        _ => Retry::Never,
    };
    let remedy = remedy(kind, status, &body, dialect);
    Failure { error: LlmError { kind, message, status: Some(status.as_u16()) }, retry, remedy }
}

/// An `error` frame inside a stream has no status of its own.
pub(crate) fn classify_frame(error: &Value, endpoint: &Endpoint, dialect: Dialect) -> Failure {
    let text = serde_json::json!({ "error": error }).to_string();
    let body = Body::read(&text);
    let has = |words: &[&str]| words.iter().any(|word| body.has(word));
    let status = match body.code.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status) if status.is_client_error() || status.is_server_error() => status,
        _ if has(&["authentication_error"]) => StatusCode::UNAUTHORIZED,
        _ if has(&["permission_error"]) => StatusCode::FORBIDDEN,
        _ if has(&["not_found_error"]) => StatusCode::NOT_FOUND,
        _ if has(&["rate_limit", "too many requests", "insufficient_quota", "billing_error"]) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        _ if has(&["content_filter", "context_length_exceeded", "invalid_request"]) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut failure = classify(status, &HeaderMap::new(), &text, endpoint, dialect);
    failure.error.status = None;
    failure.remedy = None;
    failure
}

fn throttled(body: &Body, endpoint: &Endpoint, hint: Option<Duration>) -> (LlmErrorKind, String) {
    if ["insufficient_quota", "billing_error", "credit balance is too low"].iter().any(|word| body.has(word))
    {
        let message = "the subscription has no quota or credit left; waiting does not help: \
                       raise the quota or the billing limit, or use another model";
        return (LlmErrorKind::QuotaExhausted, message.to_owned());
    }
    let message = format!("`{}` limits the rate: {}", endpoint.host(), body.quoted(endpoint));
    (LlmErrorKind::RateLimited { retry_after: hint }, message)
}

fn not_found(body: &Body, endpoint: &Endpoint, dialect: Dialect) -> (LlmErrorKind, String) {
    let (host, model) = (endpoint.host(), &endpoint.model);
    if ["deploymentnotfound", "model_not_found", "does not exist", "not_found_error"]
        .iter()
        .any(|word| body.has(word))
    {
        let message = format!(
            "`{host}` has no deployment or model `{model}`: check the name; a new Azure deployment needs up to 5 minutes"
        );
        return (LlmErrorKind::DeploymentMissing, message);
    }
    let path = endpoint.routes.of(dialect).map(|address| address.url.path().to_owned()).unwrap_or_default();
    let message = format!("`{host}` has nothing at `{path}`: check `api_base` and `api_version`");
    (LlmErrorKind::WrongPath, message)
}

fn refusal(status: StatusCode, body: &Body, endpoint: &Endpoint, dialect: Dialect) -> (LlmErrorKind, String) {
    let host = endpoint.host();
    if body.has("credit balance is too low") {
        return throttled(body, endpoint, None);
    }
    if [
        "context_length_exceeded",
        "maximum context length",
        "prompt is too long",
        "request_too_large",
        "exceed context limit",
    ]
    .iter()
    .any(|word| body.has(word))
    {
        let message = "the conversation does not fit the model's window: ask for less, or use a model with a larger one";
        return (LlmErrorKind::ContextTooLong, message.to_owned());
    }
    if body.code == "content_filter"
        || body.has("responsibleaipolicyviolation")
        || body.has("content_filter_result")
    {
        let message = format!(
            "the provider's content filter refused the request{}: rephrase the question, or relax the deployment's filter",
            body.filtered_categories()
        );
        return (LlmErrorKind::ContentFiltered, message);
    }
    if STALE.iter().any(|word| body.has(word)) {
        let message = format!("`{host}` can not read the reasoning of an earlier turn; ask again");
        return (LlmErrorKind::StaleReasoning, message);
    }
    if wanted(body, dialect).is_some() {
        let message = format!(
            "the deployment `{}` does not speak {}: {}; set `api: {}` in the entry",
            endpoint.model,
            dialect.as_str(),
            body.quoted(endpoint),
            if dialect == Dialect::Chat { "responses" } else { "chat" },
        );
        return (LlmErrorKind::WrongApi, message);
    }
    if let Some(parameter) = body.unsupported() {
        let message = format!(
            "the deployment `{}` does not take `{parameter}`: {}; remove it from the entry",
            endpoint.model,
            body.quoted(endpoint)
        );
        return (LlmErrorKind::UnsupportedParameter, message);
    }
    if status.is_redirection() {
        let message =
            format!("`{host}` redirects, which is not followed: put the final address into `api_base`");
        return (LlmErrorKind::Rejected, message);
    }
    let message = format!("`{host}` does not accept the request ({status}): {}", body.quoted(endpoint));
    (LlmErrorKind::Rejected, message)
}

/// The protocol that a refusal asks for.
fn wanted(body: &Body, dialect: Dialect) -> Option<Dialect> {
    let other = match dialect {
        Dialect::Chat => Dialect::Responses,
        Dialect::Responses => Dialect::Chat,
        Dialect::Messages => return None,
    };
    let asks = body.has("operationnotsupported")
        || body.has("use /v1/responses")
        || body.has("only supported in v1/responses");
    asks.then_some(other)
}

fn remedy(kind: LlmErrorKind, status: StatusCode, body: &Body, dialect: Dialect) -> Option<Remedy> {
    if kind == LlmErrorKind::StaleReasoning {
        return Some(Remedy::WithoutCarried);
    }
    // `OpenAI` says 404 of a model that only Responses has.
    let may_be_protocol = [LlmErrorKind::WrongApi, LlmErrorKind::DeploymentMissing, LlmErrorKind::WrongPath];
    if may_be_protocol.contains(&kind) {
        return wanted(body, dialect).map(Remedy::Speak);
    }
    let about_one = kind == LlmErrorKind::UnsupportedParameter && status == StatusCode::BAD_REQUEST;
    body.unsupported().filter(|_| about_one).map(Remedy::WithoutParameter)
}

#[cfg(test)]
mod tests;
