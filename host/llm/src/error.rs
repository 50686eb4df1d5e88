//! Why a model gave no answer.

use std::time::Duration;

/// What kind of failure it was. Retries, fallbacks and exit codes depend on this, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmErrorKind {
    /// No credential could be obtained for the request.
    NoCredential,
    /// Who gives credentials is away; another try may succeed.
    IdentityUnavailable,
    /// The token was refused: its audience is another, or its time is over.
    TokenRejected,
    /// The key is not one of this resource.
    KeyInvalid,
    /// The credential is known and lacks a role.
    RoleMissing,
    /// The resource takes no keys.
    LocalAuthDisabled,
    /// The resource refuses this network.
    NetworkDenied,
    /// Tokens need a custom subdomain, which the resource lacks.
    NoCustomDomain,
    /// The token is one of another tenant.
    WrongTenant,
    /// Refused (401, 403) for a reason that has no name here.
    Unauthorized,
    /// The deployment or model does not exist.
    DeploymentMissing,
    /// There is nothing at the path: the base or the API version is wrong.
    WrongPath,
    /// The deployment does not speak this protocol.
    WrongApi,
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
    /// The deployment does not take a parameter.
    UnsupportedParameter,
    /// Encrypted reasoning of another deployment was sent back.
    StaleReasoning,
    /// The provider does not accept the request, for another reason.
    Rejected,
    /// Server error, time-out or no connection.
    Unavailable,
    /// The stream ended before the answer did.
    Cut,
    /// The answer is not what the protocol says.
    Malformed,
}

impl LlmErrorKind {
    /// A name that scripts may rely on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::IdentityUnavailable => "identity_unavailable",
            Self::TokenRejected => "token_rejected",
            Self::KeyInvalid => "key_invalid",
            Self::RoleMissing => "role_missing",
            Self::LocalAuthDisabled => "local_auth_disabled",
            Self::NetworkDenied => "network_denied",
            Self::NoCustomDomain => "no_custom_domain",
            Self::WrongTenant => "wrong_tenant",
            Self::Unauthorized => "unauthorized",
            Self::DeploymentMissing => "deployment_missing",
            Self::WrongPath => "wrong_path",
            Self::WrongApi => "wrong_api",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::ContextTooLong => "context_too_long",
            Self::ContentFiltered => "content_filtered",
            Self::UnsupportedParameter => "unsupported_parameter",
            Self::StaleReasoning => "stale_reasoning",
            Self::Rejected => "rejected",
            Self::Unavailable => "unavailable",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
        }
    }
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
