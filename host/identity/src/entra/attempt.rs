//! What one link of the chain came to: a token, nothing to offer, or a failure that has to be told.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;

use crate::{AuthError, AuthErrorKind};

/// What a link answers.
pub(super) type Attempt = Result<Obtained, Refusal>;

/// A token as one link got it. `Debug` shows no token.
#[derive(Debug)]
pub(super) struct Obtained {
    pub(super) token: SecretString,
    pub(super) expires_at: SystemTime,
    pub(super) refresh_in: Option<Duration>,
    pub(super) clock_offset_seconds: Option<i64>,
    /// Where it came from, for people: `client secret`, `projected token`.
    pub(super) source: &'static str,
}

/// Why a link gave no token. The difference decides whether the next link is asked.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nothing is set up here; why, in one sentence.
    Unavailable(String),
    /// It is set up and does not work.
    Failed(Box<AuthError>),
}

impl Refusal {
    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    pub(super) fn failed(kind: AuthErrorKind, message: impl Into<String>) -> Self {
        Self::Failed(Box::new(AuthError::new(kind, message)))
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// What is asked for, with the environment's defaults filled in and every value checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) tenant: Option<&'a str>,
    pub(super) client: Option<&'a str>,
    pub(super) scope: &'a str,
    /// Only one link is to be tried: whoever names it wants no probing and more patience.
    pub(super) pinned: bool,
}
