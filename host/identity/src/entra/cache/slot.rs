//! One token for one identity and scope: used while fresh, renewed in the background, waited for when over.
//!
//! Nobody waits for the lock: it is held to look and to decide, never across an acquisition. An acquisition is
//! a task of its own, so a caller that gives up does not take it away from the others.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    Shared, Source,
    pause::BETWEEN_ATTEMPTS,
    state::{Failure, Flight, Outcome, State},
    token::{Freshness, Now, Token},
};
use crate::{
    AuthError, AuthErrorKind, Readiness,
    entra::{Identity, statistics::TokenStatus},
};

/// Longer than every timeout and retry of the chain together; an acquisition that hangs would hang its waiters.
const ACQUISITION_LIMIT: Duration = Duration::from_mins(3);

/// The place of one token.
#[derive(Debug)]
pub(in crate::entra) struct Slot<S> {
    shared: Arc<Shared<S>>,
    who: Identity,
    scope: String,
    state: Mutex<State>,
}

/// What a caller has to do.
enum Step {
    Use(Arc<Token>),
    Wait(Flight),
    Refuse(Arc<Failure>),
}

impl<S: Source> Slot<S> {
    pub(super) fn new(shared: Arc<Shared<S>>, who: Identity, scope: String) -> Self {
        Self { shared, who, scope, state: Mutex::default() }
    }

    pub(super) fn who(&self) -> &Identity {
        &self.who
    }

    pub(in crate::entra) fn scope(&self) -> &str {
        &self.scope
    }

    /// The token, if it can be used without another thought.
    pub(in crate::entra) fn fresh(&self) -> Option<Arc<Token>> {
        let now = Now::read();
        self.state().current.as_ref().filter(|token| token.freshness(now) == Freshness::Fresh).map(Arc::clone)
    }

    /// A token that can be used, obtained if there is none.
    pub(in crate::entra) async fn token(self: &Arc<Self>) -> Result<Arc<Token>, AuthError> {
        loop {
            match self.step(Now::read()) {
                Step::Use(token) => return Ok(token),
                Step::Wait(flight) => return self.arrival(flight).await,
                // The lock is not held here: the source may look at files.
                Step::Refuse(failure) if self.shared.source.fingerprint(&self.who) == failure.fingerprint => {
                    return Err(failure.error.clone());
                }
                Step::Refuse(failure) => self.forget(&failure),
            }
        }
    }

    /// The receiver refused the token of this generation. True: the next one is another.
    pub(in crate::entra) fn refused(&self, generation: u64) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        if generation == 0 || generation > state.generation {
            return false;
        }
        if state.current.as_ref().is_none_or(|token| token.generation() != generation) {
            // Somebody else was quicker.
            return true;
        }
        // A receiver that refuses the replacement as well wants something that no token has.
        if state.refused.is_some_and(|at| now.saturating_duration_since(at) < BETWEEN_ATTEMPTS) {
            return false;
        }
        state.refused = Some(now);
        state.previous = state.current.take();
        drop(state);
        self.shared.counters.invalidation();
        true
    }

    /// Takes this and the last token out of a text.
    pub(in crate::entra) fn redact(&self, text: &str) -> String {
        let state = self.state();
        let known = [state.current.clone(), state.previous.clone()];
        drop(state);
        known.iter().flatten().fold(text.to_owned(), |text, token| token.redact(text))
    }

    pub(in crate::entra) fn readiness(&self) -> Readiness {
        let usable = self.is_usable();
        if !usable && self.state().failure.is_some() { Readiness::Failing } else { Readiness::Ready }
    }

    pub(super) fn is_usable(&self) -> bool {
        self.state().usable(Now::read()).is_some()
    }

    pub(super) fn status(&self) -> TokenStatus {
        let now = Now::read();
        let state = self.state();
        let token = state.usable(now);
        TokenStatus {
            tenant_id: self.who.tenant_id.clone(),
            client_id: self.who.client_id.clone(),
            scope: self.scope.clone(),
            source: token.map(|token| token.link().as_str()),
            age_seconds: token.map(|token| token.age(now).as_secs()),
            remaining_seconds: token.map(|token| token.remaining(now).as_secs()),
            failing: state.failure.is_some(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(self: &Arc<Self>, now: Now) -> Step {
        let mut state = self.state();
        if let Some(token) = state.usable(now).map(Arc::clone) {
            let attempt = state.may_attempt(now.monotonic);
            match token.freshness(now) {
                Freshness::Due => {
                    if attempt && state.flying().is_none() {
                        self.start(&mut state, now);
                    }
                    return Step::Use(token);
                }
                Freshness::Closing if attempt || state.flying().is_some() => {}
                Freshness::Fresh | Freshness::Closing | Freshness::Expired => return Step::Use(token),
            }
        }
        if let Some(flight) = state.flying() {
            return Step::Wait(flight);
        }
        match &state.failure {
            // A failure that a valid token covered has a pause made for that token, not for those without one.
            Some(failure) if !failure.covered && now.monotonic < failure.until => {
                Step::Refuse(Arc::clone(failure))
            }
            Some(_) | None => Step::Wait(self.start(&mut state, now)),
        }
    }

    /// Starts the one acquisition.
    fn start(self: &Arc<Self>, state: &mut State, now: Now) -> Flight {
        let (sender, flight) = watch::channel(None);
        state.attempted = Some(now.monotonic);
        state.flight = Some(flight.clone());
        let slot = Arc::clone(self);
        drop(tokio::spawn(async move {
            let outcome = slot.fly().await;
            sender.send_replace(Some(outcome));
        }));
        flight
    }

    async fn fly(&self) -> Outcome {
        let fingerprint = self.shared.source.fingerprint(&self.who);
        let started = Instant::now();
        let acquisition = self.shared.source.acquire(&self.who, &self.scope);
        let answer = timeout(ACQUISITION_LIMIT, acquisition).await.unwrap_or_else(|_| {
            let message = format!("no token within {} s", ACQUISITION_LIMIT.as_secs());
            Err(AuthError::new(AuthErrorKind::Transient, message))
        });
        self.shared.counters.acquisition(answer.as_ref(), started.elapsed());
        self.shared.clock.observe(answer.as_ref().ok().and_then(|acquired| acquired.clock_offset_seconds));
        let now = Now::read();
        let mut state = self.state();
        state.flight = None;
        let answer = answer.and_then(|acquired| {
            Token::new(&acquired, state.generation + 1, now).ok_or_else(|| {
                let message = format!(
                    "{} gave a token that is over already, or that no header can carry; is the clock right?",
                    acquired.link.as_str()
                );
                AuthError::new(AuthErrorKind::Transient, message)
            })
        });
        match answer {
            Ok(token) => {
                let token = state.land(token);
                drop(state);
                let (source, valid_seconds) = (token.link().as_str(), token.remaining(now).as_secs());
                tracing::debug!(scope = self.scope, source, valid_seconds, "new Entra token");
                Ok(token)
            }
            Err(error) => {
                let failure = state.fail(error, fingerprint, now);
                drop(state);
                self.warn(&failure, now.monotonic);
                Err(failure)
            }
        }
    }

    fn warn(&self, failure: &Failure, now: Instant) {
        tracing::warn!(
            scope = self.scope,
            failures = failure.count,
            next_attempt_seconds = failure.until.saturating_duration_since(now).as_secs(),
            token_still_valid = failure.covered,
            "no new Entra token: {}",
            failure.error
        );
    }

    async fn arrival(&self, mut flight: Flight) -> Result<Arc<Token>, AuthError> {
        let outcome = match flight.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        let error = match outcome {
            Some(Ok(token)) => return Ok(token),
            Some(Err(failure)) => failure.error.clone(),
            None => AuthError::new(AuthErrorKind::Transient, "the acquisition of the token was broken off"),
        };
        // Too close to its end to start with, but better than none.
        self.state().usable(Now::read()).map(Arc::clone).ok_or(error)
    }

    fn forget(&self, failure: &Arc<Failure>) {
        let mut state = self.state();
        if state.failure.as_ref().is_some_and(|known| Arc::ptr_eq(known, failure)) {
            state.failure = None;
        }
    }
}
