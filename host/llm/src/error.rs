//! Why a model gave no answer.

use std::time::Duration;

/// What kind of failure it was. Retries, fallbacks and exit codes depend on this, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmErrorKind {
    /// The credential was refused, or lacks a right.
    Unauthorized,
    /// The deployment, model or path does not exist.
    NotFound,
    /// Too many requests or tokens.
    RateLimited {
        /// When the provider said to come back.
        retry_after: Option<Duration>,
    },
    /// The subscription has no quota left; waiting does not help.
    QuotaExhausted,
    /// The conversation does not fit the model.
    ContextTooLong,
    /// The provider's content filter refused.
    ContentFiltered,
    /// The provider does not accept the request.
    Rejected,
    /// Server error, time-out or no connection.
    Unavailable,
    /// The stream ended before the answer did.
    Cut,
    /// The answer is not what the protocol says.
    Malformed,
}

/// Why a model gave no answer: one sentence with the cause and, where there is one, the fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LlmError {
    /// What kind of failure it was.
    pub kind: LlmErrorKind,
    /// For people; holds no secret.
    pub message: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
}

impl LlmError {
    /// An error without an HTTP answer.
    pub fn new(kind: LlmErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None }
    }
}
