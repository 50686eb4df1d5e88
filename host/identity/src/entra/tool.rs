//! What the links that ask a command line tool have in common: its token, and how it can fail.

use azure_core::credentials::AccessToken;
use secrecy::SecretString;

use crate::AuthErrorKind;

use super::{
    attempt::{Obtained, Refusal},
    command::Ended,
    failure, sentence,
};

pub(super) use failure::number_in;

/// The tool's token. Tools keep tokens themselves, so that one may have minutes left.
pub(super) fn obtained(token: &AccessToken, source: &'static str) -> Obtained {
    Obtained {
        token: SecretString::from(token.token.secret().to_owned()),
        expires_at: token.expires_on.into(),
        refresh_in: None,
        clock_offset_seconds: None,
        source,
    }
}

/// A failure that is the same for every tool.
pub(super) fn refusal(tool: &str, ended: &Ended) -> Refusal {
    match ended {
        Ended::TooSlow(seconds) => {
            let message = format!("`{tool}` did not finish within {seconds} s and was ended");
            Refusal::failed(AuthErrorKind::Transient, message)
        }
        Ended::NotStarted(reason) => {
            Refusal::Unavailable(format!("`{tool}` can not be started: {}", sentence::one_line(reason, &[])))
        }
        Ended::Badly(status, _) if status.code() == Some(127) => {
            Refusal::Unavailable(format!("`{tool}` is not installed"))
        }
        Ended::Badly(_, said) => {
            let message = format!("`{tool}` failed: {}", sentence::one_line(said, &[]));
            Refusal::failed(AuthErrorKind::Refused, message)
        }
    }
}
