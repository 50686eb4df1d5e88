//! The one retry layer: what is tried again, and how long to wait before it.
//!
//! It acts only before the first byte of an answer was delivered, and within a budget of total waiting
//! time. A provider's hint is a floor; where it exceeds the budget, the call fails at once and says so.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use http::HeaderMap;
use jiff::{Timestamp, fmt::rfc2822};

/// When and how long to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Waiting time of one call, all tries together.
    pub budget: Duration,
    /// The first wait is a random part of this; it doubles with every try.
    pub base: Duration,
    /// What doubling does not exceed.
    pub cap: Duration,
    /// Tries again after a failure that says nothing about waiting: a dead server should be named soon.
    pub transient_retries: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            budget: Duration::from_mins(2),
            base: Duration::from_millis(500),
            cap: Duration::from_mins(1),
            transient_retries: 5,
        }
    }
}

/// Whether a failure may be gone at the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The same request fails again.
    Never,
    /// The provider asked to slow down.
    Throttled(Option<Duration>),
    /// The server, or the way to it, failed.
    Transient(Option<Duration>),
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Wait so long, then try again.
    Wait(Duration),
    /// Give up.
    GiveUp,
    /// Give up, because the provider wants more time than there is.
    OverBudget(Duration),
}

/// The tries of one call.
#[derive(Debug)]
pub(crate) struct Tries<'a> {
    policy: &'a Policy,
    made: u32,
    waited: Duration,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Self {
        Self { policy, made: 0, waited: Duration::ZERO }
    }

    /// Spends a wait that is no failure's. False: the budget has no room for it.
    pub(crate) fn spend(&mut self, wait: Duration) -> bool {
        let left = self.policy.budget.saturating_sub(self.waited);
        if wait <= left {
            self.waited += wait;
        }
        wait <= left
    }

    /// Decides after a failure. `chance` is between 0 and 1.
    pub(crate) fn after(&mut self, retry: Retry, chance: f64) -> Decision {
        let hint = match retry {
            Retry::Never => return Decision::GiveUp,
            Retry::Transient(None) if self.made >= self.policy.transient_retries => return Decision::GiveUp,
            Retry::Throttled(hint) | Retry::Transient(hint) => hint.unwrap_or_default(),
        };
        let left = self.policy.budget.saturating_sub(self.waited);
        if hint > left {
            return Decision::OverBudget(hint);
        }
        let ceiling = self.policy.base.saturating_mul(2_u32.saturating_pow(self.made)).min(self.policy.cap);
        let wait = hint.max(ceiling.mul_f64(chance.clamp(0.0, 1.0)));
        if wait > left || left.is_zero() {
            return Decision::GiveUp;
        }
        self.made += 1;
        self.waited += wait;
        Decision::Wait(wait)
    }
}

/// A random number between 0 and 1; jitter needs no better source than the one hash maps have.
pub(crate) fn chance() -> f64 {
    let bits = u32::try_from(random() >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

/// Random bits, for nothing that has to be secret.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// The provider's wish: `retry-after-ms`, `retry-after` in seconds or as a date, or words in the message.
pub(crate) fn hint(headers: &HeaderMap, message: &str, now: Timestamp) -> Option<Duration> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = || header("retry-after-ms")?.parse::<f64>().ok().map(|wait| wait / 1000.0);
    let seconds = || header("retry-after")?.parse::<f64>().ok();
    let date = || {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(header("retry-after")?).ok()?;
        Some(now.until(date).ok()?.total(jiff::Unit::Second).ok()?.max(0.0))
    };
    let words = || {
        let lower = message.to_ascii_lowercase();
        let (_, after) = lower.split_once("retry after ").or_else(|| lower.split_once("try again in "))?;
        let number: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let unit = after.get(number.len()..)?.trim_start();
        let number: f64 = number.trim_end_matches('.').parse().ok()?;
        Some(if unit.starts_with("ms") || unit.starts_with("milli") { number / 1000.0 } else { number })
    };
    let wait = milliseconds().or_else(seconds).or_else(date).or_else(words)?;
    Duration::try_from_secs_f64(wait).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn retry_after_ms_is_a_floor() {
        let policy = Policy::default();
        let mut tries = Tries::new(&policy);
        assert_eq!(tries.after(Retry::Throttled(Some(SECOND)), 0.0), Decision::Wait(SECOND));
        assert_eq!(tries.after(Retry::Throttled(Some(SECOND)), 0.9), Decision::Wait(SECOND));
        assert_eq!(tries.after(Retry::Throttled(Some(SECOND)), 1.0), Decision::Wait(SECOND * 2));
    }

    #[test]
    fn hint_over_budget_fails_fast() {
        let policy = Policy { budget: SECOND * 10, ..Policy::default() };
        let mut tries = Tries::new(&policy);
        let (long, short) = (Retry::Throttled(Some(SECOND * 11)), Retry::Throttled(Some(SECOND * 6)));
        assert_eq!(tries.after(long, 0.5), Decision::OverBudget(SECOND * 11));
        assert_eq!(tries.after(short, 0.0), Decision::Wait(SECOND * 6));
        assert_eq!(tries.after(short, 0.0), Decision::OverBudget(SECOND * 6));
    }

    #[test]
    fn waits_double_up_to_the_cap_and_transient_failures_end_soon() {
        let policy = Policy { budget: SECOND * 1000, ..Policy::default() };
        let mut tries = Tries::new(&policy);
        let waits: Vec<Decision> = (0..9).map(|_| tries.after(Retry::Throttled(None), 1.0)).collect();
        let expected = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0];
        assert_eq!(waits, expected.map(|wait| Decision::Wait(Duration::from_secs_f64(wait))));
        let mut tries = Tries::new(&policy);
        assert_eq!(
            (0..9).filter(|_| tries.after(Retry::Transient(None), 0.1) != Decision::GiveUp).count(),
            5
        );
        assert_eq!(tries.after(Retry::Never, 0.1), Decision::GiveUp);
    }

    #[test]
    fn hints_are_read_in_their_order() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (headers, message, expected) in [
            (vec![("retry-after-ms", "1500"), ("retry-after", "9")], "", Some(1.5)),
            (vec![("retry-after", "2.5")], "retry after 7 seconds", Some(2.5)),
            (vec![("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT")], "", Some(30.0)),
            (vec![("retry-after", "Wed, 31 Dec 2025 00:00:30 GMT")], "", Some(0.0)),
            (vec![], "Please retry after 7 seconds.", Some(7.0)),
            (vec![], "Please try again in 20ms.", Some(0.02)),
            (vec![("retry-after", "-1")], "", None),
            (vec![("retry-after", "soon")], "later", None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(name, value.parse().unwrap());
            }
            assert_eq!(hint(&map, message, now), expected.map(Duration::from_secs_f64), "{map:?} {message}");
        }
    }

    #[test]
    fn chance_stays_in_its_bounds() {
        assert!((0..100).all(|_| (0.0..=1.0).contains(&chance())));
    }
}
