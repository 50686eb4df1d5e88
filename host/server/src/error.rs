//! What a client is told when something goes wrong, and what only the log is told.
//!
//! Invariant: `internal` never reaches a response. A provider's refusal is 502, never 401, so that no client
//! takes it for a wrong key of this server.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use holmes_agent::{AgentError, AgentErrorKind, LlmErrorKind};
use serde_json::{Value, json};

/// When to come back if all places are taken: about the length of a short investigation.
const BUSY_RETRY: Duration = Duration::from_secs(10);

/// `HolmesGPT`'s code for a rate limit, and the one for everything else.
const CODE_RATE_LIMIT: u32 = 5204;
const CODE_OTHER: u32 = 1;

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    external: String,
    internal: Option<String>,
    retry_after: Option<Duration>,
    findings: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, external: impl Into<String>) -> Self {
        Self { status, external: external.into(), internal: None, retry_after: None, findings: None }
    }

    pub(crate) fn bad_request(external: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, external)
    }

    pub(crate) fn unprocessable(external: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, external)
    }

    pub(crate) fn busy() -> Self {
        let text = "all places for investigations are taken; try again later";
        Self { retry_after: Some(BUSY_RETRY), ..Self::new(StatusCode::TOO_MANY_REQUESTS, text) }
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down")
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        let text = "the server failed; its log says more";
        Self { internal: Some(detail.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, text) }
    }

    /// `HolmesGPT`'s number for the error event of a stream.
    pub(crate) fn code(&self) -> u32 {
        if self.status == StatusCode::TOO_MANY_REQUESTS { CODE_RATE_LIMIT } else { CODE_OTHER }
    }

    /// What the client reads.
    pub(crate) fn external(&self) -> &str {
        &self.external
    }

    /// Adds what triage found before the failure: a client is not left with nothing.
    pub(crate) fn with_findings(&self, mut body: Value) -> Value {
        if let (Some(findings), Some(body)) = (&self.findings, body.as_object_mut()) {
            body.insert("metadata".to_owned(), json!({ "findings": findings }));
        }
        body
    }

    /// Tells the log what the client is not told.
    pub(crate) fn log(&self) {
        let status = self.status.as_u16();
        let internal = self.internal.as_deref().unwrap_or_default();
        if self.status.is_server_error() || self.internal.is_some() {
            tracing::warn!(status, external = self.external, internal, "request failed");
        } else {
            tracing::debug!(status, external = self.external, "request refused");
        }
    }
}

impl From<&AgentError> for ApiError {
    fn from(error: &AgentError) -> Self {
        let (status, external) = match error.kind() {
            AgentErrorKind::Model(kind) => model_failure(kind, error),
            AgentErrorKind::NoAnswer => {
                (StatusCode::BAD_GATEWAY, "the model neither answered nor called a tool")
            }
            AgentErrorKind::TimeLimit => {
                (StatusCode::GATEWAY_TIMEOUT, "there was no answer within the investigation's time limit")
            }
            AgentErrorKind::Cancelled => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the investigation was interrupted before there was an answer",
            ),
            AgentErrorKind::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the investigation failed inside the server; its log says more",
            ),
        };
        let retry_after = match error.kind() {
            AgentErrorKind::Model(LlmErrorKind::RateLimited { retry_after }) => retry_after,
            AgentErrorKind::Model(_)
            | AgentErrorKind::NoAnswer
            | AgentErrorKind::TimeLimit
            | AgentErrorKind::Cancelled
            | AgentErrorKind::Internal => None,
        };
        let findings = error.report().map(|report| json!(report.findings));
        Self { internal: Some(error.to_string()), retry_after, findings, ..Self::new(status, external) }
    }
}

/// The class of the failure. The sentence with hosts, deployments and the provider's words is the log's.
fn model_failure(kind: LlmErrorKind, error: &AgentError) -> (StatusCode, &'static str) {
    match kind {
        LlmErrorKind::NoCredential
        | LlmErrorKind::IdentityUnavailable
        | LlmErrorKind::TokenRejected
        | LlmErrorKind::KeyInvalid
        | LlmErrorKind::RoleMissing
        | LlmErrorKind::LocalAuthDisabled
        | LlmErrorKind::NetworkDenied
        | LlmErrorKind::NoCustomDomain
        | LlmErrorKind::WrongTenant
        | LlmErrorKind::Unauthorized => (
            StatusCode::BAD_GATEWAY,
            "the model's provider refused the server's credential or denies access; the server's log says more",
        ),
        LlmErrorKind::DeploymentMissing | LlmErrorKind::WrongPath => (
            StatusCode::BAD_GATEWAY,
            "the model's provider has no such deployment, model or path; the server's log says more",
        ),
        LlmErrorKind::RateLimited { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "the model's provider limits the rate; try again later")
        }
        LlmErrorKind::QuotaExhausted => (
            StatusCode::TOO_MANY_REQUESTS,
            "the model's quota is exhausted and waiting does not help; use another model",
        ),
        LlmErrorKind::ContextTooLong => (
            StatusCode::BAD_REQUEST,
            "the conversation does not fit the model's window; start a new one, or use a model with a larger window",
        ),
        LlmErrorKind::ContentFiltered => (
            StatusCode::BAD_REQUEST,
            "the provider's content filter stopped the request or its answer; rephrase the question",
        ),
        LlmErrorKind::Unavailable if timed_out(error) => {
            (StatusCode::GATEWAY_TIMEOUT, "the model's provider can not be reached or did not answer in time")
        }
        LlmErrorKind::Unavailable => {
            (StatusCode::BAD_GATEWAY, "the model's provider answered with a server error")
        }
        LlmErrorKind::Cut => (StatusCode::BAD_GATEWAY, "the model's answer ended before it was complete"),
        LlmErrorKind::Malformed => {
            (StatusCode::BAD_GATEWAY, "the model's provider sent an answer that its protocol does not allow")
        }
        LlmErrorKind::WrongApi
        | LlmErrorKind::UnsupportedParameter
        | LlmErrorKind::StaleReasoning
        | LlmErrorKind::Rejected => (
            StatusCode::BAD_GATEWAY,
            "the model's provider does not accept the request; the server's log says more",
        ),
    }
}

/// Whether there was no answer at all, or one that says that time ran out.
fn timed_out(error: &AgentError) -> bool {
    match error {
        AgentError::Model { source, .. } => matches!(source.status, None | Some(408 | 504)),
        AgentError::NoAnswer { .. }
        | AgentError::TimeLimit { .. }
        | AgentError::Cancelled { .. }
        | AgentError::Internal => false,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = self.with_findings(json!({ "detail": self.external }));
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: earlier would be too early.
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
