//! What is known of one token: the one in use, the one before, the last failure, the acquisition under way.
//!
//! Decides and never waits.

use std::sync::Arc;

use tokio::{sync::watch, time::Instant};

use super::{
    pause::{self, BETWEEN_ATTEMPTS},
    token::{Freshness, Now, Token},
};
use crate::AuthError;

/// How an acquisition ended; shared by all who wait for it.
pub(super) type Outcome = Result<Arc<Token>, Arc<Failure>>;
/// An acquisition under way.
pub(super) type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) current: Option<Arc<Token>>,
    /// No longer used, but a late answer may still quote it.
    pub(super) previous: Option<Arc<Token>>,
    /// Of the newest token there ever was.
    pub(super) generation: u64,
    pub(super) attempted: Option<Instant>,
    /// When a receiver last had a token dropped.
    pub(super) refused: Option<Instant>,
    pub(super) failure: Option<Arc<Failure>>,
    pub(super) flight: Option<Flight>,
}

/// The last attempt, if it failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: AuthError,
    /// What the source looked like before the attempt.
    pub(super) fingerprint: u64,
    /// Failures in a row under the same circumstances.
    pub(super) count: u32,
    /// There was a valid token, so nobody noticed.
    pub(super) covered: bool,
    /// No further attempt before this.
    pub(super) until: Instant,
}

impl State {
    pub(super) fn usable(&self, now: Now) -> Option<&Arc<Token>> {
        self.current.as_ref().filter(|token| token.freshness(now) != Freshness::Expired)
    }

    /// Whether a valid token may be renewed now.
    pub(super) fn may_attempt(&self, now: Instant) -> bool {
        let rested = self.attempted.is_none_or(|at| now.saturating_duration_since(at) >= BETWEEN_ATTEMPTS);
        rested && self.failure.as_ref().is_none_or(|failure| now >= failure.until)
    }

    /// The acquisition under way. One whose task died with its runtime is none.
    pub(super) fn flying(&self) -> Option<Flight> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }

    pub(super) fn land(&mut self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        self.generation = token.generation();
        self.failure = None;
        match self.current.replace(Arc::clone(&token)) {
            // A source with a memory of its own gave the same one again.
            Some(replaced) if !replaced.same_secret(&token) => self.previous = Some(replaced),
            Some(_) | None => {}
        }
        token
    }

    pub(super) fn fail(&mut self, error: AuthError, fingerprint: u64, now: Now) -> Arc<Failure> {
        let remaining = self.usable(now).map(|token| token.remaining(now));
        let covered = remaining.is_some();
        let before = self.failure.as_ref().filter(|failure| failure.covered == covered);
        let count = before.map_or(1, |failure| failure.count.saturating_add(1));
        let pause = match remaining {
            Some(remaining) => pause::with_token(count, &error, remaining),
            None => pause::without_token(count, &error),
        };
        let failure = Arc::new(Failure { error, fingerprint, count, covered, until: now.monotonic + pause });
        self.failure = Some(Arc::clone(&failure));
        failure
    }
}
