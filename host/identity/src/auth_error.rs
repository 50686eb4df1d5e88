//! Why a request could not be signed: the cause by kind, and what the identity provider said.

use std::time::Duration;

use crate::entra::LinkReport;

/// What kind of failure it was. Caching, retries and exit codes depend on this, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthErrorKind {
    /// No link of the chain has a credential here.
    NoCredential,
    /// What is configured can not be right: a file is missing, a value malformed, a method unknown.
    Configuration,
    /// The identity provider refused: a wrong secret, no federated credential, an unknown tenant.
    Refused,
    /// The provider wants more than a token request can say (conditional access, a claims challenge).
    ClaimsChallenge,
    /// The provider, or the way to it, failed; another try may succeed.
    Transient,
    /// A fixed token's time is over.
    Expired,
}

/// Why there is no token: one sentence with the cause and, where there is one, the fix. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AuthError {
    /// What kind of failure it was.
    pub kind: AuthErrorKind,
    /// For people.
    pub message: String,
    /// The number behind `AADSTS`, if Entra gave one.
    pub aadsts: Option<u32>,
    /// OAuth's `error`, for example `invalid_client`.
    pub oauth_error: Option<String>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// By which Microsoft's support finds the request.
    pub trace_id: Option<String>,
    /// The same for a chain of requests.
    pub correlation_id: Option<String>,
    /// When the provider said to come back.
    pub retry_after: Option<Duration>,
    /// Every link of the chain that was tried or skipped, and why; empty where no chain was walked.
    pub links: Vec<LinkReport>,
}

impl AuthError {
    /// An error without an answer of the provider.
    pub fn new(kind: AuthErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            aadsts: None,
            oauth_error: None,
            status: None,
            trace_id: None,
            correlation_id: None,
            retry_after: None,
            links: Vec::new(),
        }
    }
}
