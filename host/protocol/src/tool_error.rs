//! A failed tool call: one error with two readers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it was. Retries, blame and exit codes depend on this, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolErrorKind {
    /// The arguments do not fit the tool's schema.
    InvalidArguments,
    /// The thing that was asked for does not exist.
    NotFound,
    /// The manifest or the operator's grant does not allow it.
    PolicyDenied,
    /// The upstream refused the credential, or there is none.
    Unauthorized,
    /// The upstream asked to slow down.
    RateLimited,
    /// A wall-clock or CPU limit was reached.
    Timeout,
    /// The upstream, or a free place in the sandbox, could not be had.
    Unavailable,
    /// A byte limit was reached.
    TooLarge,
    /// The call was cancelled.
    Cancelled,
    /// The tool can not do this.
    Unsupported,
    /// The plugin failed: a trap, a broken result.
    Internal,
}

impl ToolErrorKind {
    /// The kind as it is spelt in JSON and in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid-arguments",
            Self::NotFound => "not-found",
            Self::PolicyDenied => "policy-denied",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::TooLarge => "too-large",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ToolErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A failed tool call. The model reads `message`; only the operator's log reads `detail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ToolError {
    /// What kind of failure it was.
    pub kind: ToolErrorKind,
    /// What the model is told: what happened and what to try instead.
    pub message: String,
    /// What the operator's log is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// May the same call succeed later?
    #[serde(default)]
    pub retryable: bool,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
}

impl ToolError {
    /// An error that a repetition will not mend.
    pub fn new(kind: ToolErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None, retryable: false, retry_after_ms: None }
    }

    /// Adds what only the operator's log may read.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Says that the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}
