//! A refusal into a kind, a sentence with the fix, and what to do next.

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::endpoint::Endpoint;
use crate::{
    LlmError, LlmErrorKind,
    retry::{self, Retry},
};

/// As much of an unknown body as a person needs to recognise it.
const QUOTED_CHARACTERS: usize = 500;

/// A failed try.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: LlmError,
    pub(crate) retry: Retry,
    /// A parameter that the deployment does not take.
    pub(crate) unsupported: Option<String>,
}

impl Failure {
    pub(crate) fn transient(message: String) -> Self {
        let error = LlmError::new(LlmErrorKind::Unavailable, message);
        Self { error, retry: Retry::Transient(None), unsupported: None }
    }
}

/// What providers put into an error, wherever they put it.
struct Body {
    code: String,
    message: String,
    param: String,
    /// Everything in lower case, for the texts of which no code exists.
    all: String,
}

impl Body {
    fn read(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let error = json.get("error").unwrap_or(&json);
        let word = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = if error.is_string() { word(Some(error)) } else { word(error.get("message")) };
        let code = word(error.get("code").filter(|code| !code.is_null()).or_else(|| error.get("type")));
        let message = if message.is_empty() { text.to_owned() } else { message };
        Self { code, message, param: word(error.get("param")), all: text.to_ascii_lowercase() }
    }

    fn has(&self, text: &str) -> bool {
        self.all.contains(text)
    }
}

/// Reads an answer that is no answer.
pub(crate) fn classify(status: StatusCode, headers: &HeaderMap, text: &str, endpoint: &Endpoint) -> Failure {
    let body = Body::read(text);
    let hint = retry::hint(headers, &body.message, Timestamp::now());
    let (kind, message) = match status.as_u16() {
        401 => (LlmErrorKind::Unauthorized, unauthorized(&body, endpoint)),
        403 => (LlmErrorKind::Unauthorized, forbidden(&body, endpoint)),
        404 => (LlmErrorKind::NotFound, not_found(&body, endpoint)),
        429 if body.has("insufficient_quota") => {
            let message = "the subscription has no quota left (`insufficient_quota`); waiting does not help: \
                           raise the quota or the billing limit, or use another model";
            (LlmErrorKind::QuotaExhausted, message.to_owned())
        }
        429 => {
            let message = format!("`{}` limits the rate: {}", endpoint.host(), quoted(&body, endpoint));
            (LlmErrorKind::RateLimited { retry_after: hint }, message)
        }
        408 | 409 | 500..=599 => {
            let message = format!("`{}` answered {status}: {}", endpoint.host(), quoted(&body, endpoint));
            (LlmErrorKind::Unavailable, message)
        }
        _ => refusal(status, &body, endpoint),
    };
    let should_retry = headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    let retry = match (kind, should_retry) {
        (_, Some("false")) => Retry::Never,
        (LlmErrorKind::RateLimited { .. }, _) => Retry::Throttled(hint),
        (LlmErrorKind::Unavailable, _) => Retry::Transient(hint),
        _ => Retry::Never,
    };
    let unsupported = (status == StatusCode::BAD_REQUEST).then(|| unsupported(&body)).flatten();
    Failure { error: LlmError { kind, message, status: Some(status.as_u16()) }, retry, unsupported }
}

/// An `error` frame inside a stream has no status of its own.
pub(crate) fn classify_frame(error: &Value, endpoint: &Endpoint) -> Failure {
    let text = serde_json::json!({ "error": error }).to_string();
    let body = Body::read(&text);
    let status = match body.code.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status) if status.is_client_error() || status.is_server_error() => status,
        _ if body.has("rate_limit") || body.has("too many requests") || body.has("insufficient_quota") => {
            StatusCode::TOO_MANY_REQUESTS
        }
        _ if body.has("content_filter")
            || body.has("context_length_exceeded")
            || body.has("invalid_request") =>
        {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut failure = classify(status, &HeaderMap::new(), &text, endpoint);
    failure.error.status = None;
    failure.unsupported = None;
    failure
}

fn unauthorized(body: &Body, endpoint: &Endpoint) -> String {
    let host = endpoint.host();
    if body.has("permissiondenied")
        || body.has("lacks the required data action")
        || body.has("does not have access")
    {
        return format!(
            "`{host}` knows the credential, but it lacks a role: assign `Cognitive Services OpenAI User`"
        );
    }
    if body.has("audience is incorrect") || body.has("access token is missing") {
        return format!(
            "`{host}` refused the credential: the key is missing or wrong for this resource; check `api_key`"
        );
    }
    format!(
        "`{host}` refused the key: check `api_key`, and that `api_base` is the resource the key belongs to"
    )
}

fn forbidden(body: &Body, endpoint: &Endpoint) -> String {
    let host = endpoint.host();
    if body.has("authenticationtypedisabled") || body.has("key based authentication is disabled") {
        return format!(
            "`{host}` has key authentication disabled; enable it, or use a resource that allows keys"
        );
    }
    if body.has("virtual network") || body.has("firewall") || body.has("public access is disabled") {
        return format!(
            "`{host}` refuses this network: use its private endpoint, or allow this address in its firewall"
        );
    }
    format!("`{host}` denies access: {}", quoted(body, endpoint))
}

fn not_found(body: &Body, endpoint: &Endpoint) -> String {
    let (host, model) = (endpoint.host(), &endpoint.address.model);
    if body.has("deploymentnotfound") || body.has("model_not_found") || body.has("does not exist") {
        return format!(
            "`{host}` has no deployment or model `{model}`: check the name; a new Azure deployment needs up to 5 minutes"
        );
    }
    format!("`{host}` has nothing at `{}`: check `api_base` and `api_version`", endpoint.address.url.path())
}

fn refusal(status: StatusCode, body: &Body, endpoint: &Endpoint) -> (LlmErrorKind, String) {
    if body.has("context_length_exceeded") || body.has("maximum context length") {
        let message = "the conversation does not fit the model's window: ask for less, or use a model with a larger one";
        return (LlmErrorKind::ContextTooLong, message.to_owned());
    }
    if body.code == "content_filter"
        || body.has("responsibleaipolicyviolation")
        || body.has("content_filter_result")
    {
        let message = format!(
            "the provider's content filter refused the request{}: rephrase the question, or relax the deployment's filter",
            filtered_categories(&body.all)
        );
        return (LlmErrorKind::ContentFiltered, message);
    }
    if status.is_redirection() {
        let message = format!(
            "`{}` redirects, which is not followed: put the final address into `api_base`",
            endpoint.host()
        );
        return (LlmErrorKind::Rejected, message);
    }
    let host = endpoint.host();
    (
        LlmErrorKind::Rejected,
        format!("`{host}` does not accept the request ({status}): {}", quoted(body, endpoint)),
    )
}

/// The categories that Azure marks as filtered, as ` (violence)`.
fn filtered_categories(all: &str) -> String {
    let body: Value = serde_json::from_str(all).unwrap_or_default();
    let inner = ["innererror", "inner_error"].iter().find_map(|name| body.get("error")?.get(name));
    let results = inner.and_then(|inner| inner.get("content_filter_result")).and_then(Value::as_object);
    let filtered = |value: &Value| value.get("filtered").and_then(Value::as_bool).unwrap_or(false);
    let names =
        results.into_iter().flatten().filter(|(_, value)| filtered(value)).map(|(name, _)| name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() { names } else { format!(" ({names})") }
}

/// The parameter that a 400 is about.
fn unsupported(body: &Body) -> Option<String> {
    if body.has("stream_options") {
        return Some("stream_options".to_owned());
    }
    let coded = matches!(body.code.as_str(), "unsupported_parameter" | "unsupported_value");
    (coded && !body.param.is_empty()).then(|| body.param.clone())
}

/// The provider's own words: without secrets and control characters, and not too many.
fn quoted(body: &Body, endpoint: &Endpoint) -> String {
    let text = endpoint.redact(&body.message);
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED_CHARACTERS);
    let clean: String = clean.collect();
    let clean = clean.trim();
    if clean.is_empty() { "no reason given".to_owned() } else { clean.to_owned() }
}
