//! How long to leave the provider alone after a failed attempt.

use std::time::Duration;

use super::token::CLOSING;
use crate::{AuthError, AuthErrorKind};

/// The least time between two attempts while there is a token to use; also the first pause after a failure.
pub(super) const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(30);
/// The longest pause while there is a token: a provider that recovers is noticed within it.
const LONGEST_BACKOFF: Duration = Duration::from_mins(10);
/// The first pause without a token: callers in this time get the same error at once.
const FIRST_REFUSAL: Duration = Duration::from_secs(2);
/// The longest, and at once the one for what does not mend itself; a person who mends it waits no longer.
const LONGEST_REFUSAL: Duration = Duration::from_secs(10);

/// After the `failures`th failure in a row with a token that is valid for as long as `remaining`. A hint of the
/// provider makes the pause longer, but no hint may outlast the token.
pub(super) fn with_token(failures: u32, error: &AuthError, remaining: Duration) -> Duration {
    let longest_hint = LONGEST_BACKOFF.min(remaining.saturating_sub(CLOSING));
    let hint = error.retry_after.unwrap_or_default().min(longest_hint);
    doubled(BETWEEN_ATTEMPTS, failures).min(LONGEST_BACKOFF).max(hint)
}

/// After the `failures`th failure in a row without a usable token.
pub(super) fn without_token(failures: u32, error: &AuthError) -> Duration {
    match error.kind {
        AuthErrorKind::Transient => doubled(FIRST_REFUSAL, failures).min(LONGEST_REFUSAL),
        AuthErrorKind::NoCredential
        | AuthErrorKind::Configuration
        | AuthErrorKind::Refused
        | AuthErrorKind::ClaimsChallenge
        | AuthErrorKind::Expired => LONGEST_REFUSAL,
    }
}

fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left of a token of a day.
    const LONG: Duration = Duration::from_hours(12);

    fn error(kind: AuthErrorKind, retry_after: Option<u64>) -> AuthError {
        AuthError { retry_after: retry_after.map(Duration::from_secs), ..AuthError::new(kind, "no") }
    }

    #[test]
    fn with_a_token_pauses_double_from_thirty_seconds_to_ten_minutes() {
        let error = error(AuthErrorKind::Transient, None);
        let seconds = [1, 2, 3, 6, 60].map(|failures| with_token(failures, &error, LONG).as_secs());
        assert_eq!(seconds, [30, 60, 120, 600, 600]);
    }

    #[test]
    fn the_providers_hint_is_a_floor_below_a_cap() {
        for (hint, expected) in [(5, 30), (300, 300), (900, 600), (4 * 3600, 600), (u64::MAX, 600)] {
            let error = error(AuthErrorKind::Transient, Some(hint));
            assert_eq!(with_token(1, &error, LONG).as_secs(), expected, "{hint}");
        }
    }

    #[test]
    fn no_hint_outlasts_the_token() {
        let error = error(AuthErrorKind::Transient, Some(3600));
        for (remaining, expected) in [(400, 340), (100, 40), (61, 30), (10, 30), (0, 30)] {
            let pause = with_token(1, &error, Duration::from_secs(remaining));
            assert_eq!(pause.as_secs(), expected, "{remaining}");
        }
    }

    #[test]
    fn without_a_token_pauses_double_from_two_to_ten_seconds() {
        let error = error(AuthErrorKind::Transient, None);
        let seconds = [1, 2, 3, 4, 99].map(|failures| without_token(failures, &error).as_secs());
        assert_eq!(seconds, [2, 4, 8, 10, 10]);
    }

    #[test]
    fn what_does_not_mend_itself_pauses_ten_seconds_at_once() {
        for kind in [AuthErrorKind::Refused, AuthErrorKind::Configuration, AuthErrorKind::NoCredential] {
            assert_eq!(without_token(1, &error(kind, None)).as_secs(), 10);
        }
    }
}
