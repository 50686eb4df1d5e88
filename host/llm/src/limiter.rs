//! How many calls one deployment gets at a time, shared by all investigations that use it.
//!
//! The number is halved when the provider says "too many" and grows by one with every answer; until the
//! moment the provider named, nobody calls. Without that, parallel investigations wake together and are
//! refused together. A place is given back before anybody sleeps.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use tokio::{sync::Notify, time::Instant};

/// Calls at a time when nobody says otherwise: more than a server's investigations need.
pub(crate) const PLACES: u32 = 64;
/// What a header may ask of everybody; more is left to the answer's own `retry-after`.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The limiter of one deployment.
#[derive(Debug)]
pub(crate) struct Limiter {
    state: Mutex<State>,
    freed: Notify,
    most: u32,
}

#[derive(Debug)]
struct State {
    taken: u32,
    limit: u32,
    closed_until: Option<Instant>,
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Limiter);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.taken = state.taken.saturating_sub(1);
        drop(state);
        self.0.freed.notify_one();
    }
}

impl Limiter {
    /// At most `most` calls at a time.
    pub(crate) fn new(most: u32) -> Self {
        let most = most.max(1);
        let state = State { taken: 0, limit: most, closed_until: None };
        Self { state: Mutex::new(state), freed: Notify::new(), most }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long nobody may call.
    pub(crate) fn pause(&self) -> Duration {
        let until = self.state().closed_until;
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Waits for a place, and until calls are taken at all. Cancelling the wait costs nobody one.
    pub(crate) async fn place(&self) -> Place<'_> {
        loop {
            let freed = self.freed.notified();
            let closed = self.pause();
            if !closed.is_zero() {
                tokio::time::sleep(closed).await;
                continue;
            }
            {
                let mut state = self.state();
                if state.taken < state.limit {
                    state.taken += 1;
                    let more = state.taken < state.limit;
                    drop(state);
                    // One notification may stand for several places.
                    if more {
                        self.freed.notify_one();
                    }
                    return Place(self);
                }
            }
            freed.await;
        }
    }

    /// The provider answered: there is room for one more, and its headers may say for how long.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        let mut state = self.state();
        state.limit = (state.limit + 1).min(self.most);
        drop(state);
        for what in ["requests", "tokens"] {
            let spent = number(headers, &format!("x-ratelimit-remaining-{what}")) == Some(0.0);
            if let Some(reset) = reset(headers, &format!("x-ratelimit-reset-{what}")).filter(|_| spent) {
                self.close(reset);
            }
        }
        self.freed.notify_one();
    }

    /// The provider said "too many".
    pub(crate) fn throttled(&self, hint: Option<Duration>) {
        let mut state = self.state();
        state.limit = (state.limit.min(state.taken.max(1)) / 2).max(1);
        drop(state);
        self.close(hint.unwrap_or_default());
    }

    fn close(&self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let until = Instant::now() + pause.min(LONGEST_PAUSE);
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Some(until));
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Seconds as Azure writes them, or `6m0s` and `20ms` as `OpenAI` does. Responses sends −1 for "unknown".
fn reset(headers: &HeaderMap, name: &str) -> Option<Duration> {
    if let Some(seconds) = number(headers, name) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut rest = headers.get(name)?.to_str().ok()?.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at_checked(digits)?;
        let amount: f64 = amount.parse().ok()?;
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let seconds = match unit {
            "h" => amount * 3600.0,
            "m" => amount * 60.0,
            "s" => amount,
            "ms" => amount / 1000.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(seconds).ok()?;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_halves_the_places_and_answers_give_them_back_one_by_one() {
        let limiter = Limiter::new(4);
        let places =
            [limiter.place().await, limiter.place().await, limiter.place().await, limiter.place().await];
        assert!(limiter.place().now_or_never().is_none());
        limiter.throttled(None);
        drop(places);
        let _first = limiter.place().await;
        let second = limiter.place().await;
        assert!(limiter.place().now_or_never().is_none(), "two places are left of four");
        limiter.answered(&HeaderMap::new());
        let _third = limiter.place().now_or_never().expect("an answer makes room for one more");
        drop(second);
        assert!(limiter.place().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_waiter_gets_the_place_that_another_gives_back() {
        let limiter = Limiter::new(1);
        let first = limiter.place().await;
        let waiting = limiter.place();
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        waiting.await;
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_calls_before_the_moment_that_the_provider_named() {
        let limiter = Limiter::new(4);
        limiter.throttled(Some(Duration::from_secs(5)));
        limiter.throttled(Some(Duration::from_secs(2)));
        assert_eq!(limiter.pause(), Duration::from_secs(5));
        assert!(limiter.place().now_or_never().is_none(), "a free place is none while nobody may call");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(limiter.pause(), Duration::ZERO);
        drop(limiter.place().await);
        limiter.answered(&headers(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "7"),
            ("x-ratelimit-remaining-tokens", "10"),
            ("x-ratelimit-reset-tokens", "50"),
        ]));
        assert_eq!(limiter.pause(), Duration::from_secs(7));
    }

    #[test]
    fn resets_are_read_as_azure_and_openai_write_them() {
        for (text, expected) in [
            ("7", Some(7.0)),
            ("0.5", Some(0.5)),
            ("6m0s", Some(360.0)),
            ("1h2m3s", Some(3723.0)),
            ("20ms", Some(0.02)),
            ("-1", None),
            ("soon", None),
            ("5x", None),
            ("s", None),
        ] {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(reset(&headers(&[("x", text)]), "x"), expected, "{text}");
        }
    }
}
