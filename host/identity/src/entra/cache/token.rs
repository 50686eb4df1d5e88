//! One token in memory: the header that carries it, when to look for the next one, and when it is over.
//!
//! The header's bytes are the only copy; requests share it, and it is overwritten when the last one is gone.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::entra::{Acquired, Link};

/// From here on callers wait for the next token: a request that starts now may be read after the expiry.
pub(super) const CLOSING: Duration = Duration::from_mins(1);
/// Tokens that live shorter are used until [`CLOSING`]; looking ahead for them would double the requests.
const SHORT: Duration = Duration::from_mins(5);
/// From this lifetime on a token is renewed at half of it: an outage of hours then goes unnoticed. Two hours,
/// less what a token of two hours may lose on its way here.
const LONG: Duration = Duration::from_mins(119);
/// The usual head start; Entra's own libraries use the same five minutes.
const AHEAD: Duration = Duration::from_mins(5);
/// Replicas that started together do not ask together.
const JITTER: Duration = Duration::from_mins(1);
/// The scheme before the token.
const SCHEME: &str = "Bearer ";
/// No token lives longer; keeps a nonsensical expiry away from the arithmetic of clocks.
const LONGEST: Duration = Duration::from_hours(24 * 30);

/// Both clocks, read together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Now {
    pub(super) fn read() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    fn after(self, span: Duration) -> Moment {
        Moment { monotonic: self.monotonic + span, wall: self.wall + span }
    }
}

/// A moment on both clocks. The one that reaches it first counts: the monotonic clock stands still while a
/// laptop sleeps, and the wall clock can be set back.
#[derive(Debug, Clone, Copy)]
struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// What is left until then; zero afterwards.
    fn remaining(self, now: Now) -> Duration {
        let wall = self.wall.duration_since(now.wall).unwrap_or_default();
        self.monotonic.saturating_duration_since(now.monotonic).min(wall)
    }
}

/// What a token is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and look for the next one.
    Due,
    /// Valid, but too close to its end to start with if there can be another one.
    Closing,
    /// Over.
    Expired,
}

/// A token that can be used. `Debug` shows no token.
pub(in crate::entra) struct Token {
    header: HeaderValue,
    generation: u64,
    link: Link,
    acquired: Instant,
    due: Moment,
    expires: Moment,
}

impl Token {
    /// None: it is over already, or no header can carry it.
    pub(super) fn new(acquired: &Acquired, generation: u64, now: Now) -> Option<Self> {
        let lifetime = acquired.expires_at.duration_since(now.wall).ok()?.min(LONGEST);
        if lifetime.is_zero() {
            return None;
        }
        let span = renew_after(lifetime, acquired.refresh_in);
        let jitter = if lifetime < SHORT { Duration::ZERO } else { JITTER.min(span / 10).mul_f64(chance()) };
        Some(Self {
            header: bearer(&acquired.token)?,
            generation,
            link: acquired.link,
            acquired: now.monotonic,
            due: now.after(span.saturating_sub(jitter)),
            expires: now.after(lifetime),
        })
    }

    /// `Bearer` and the token; marked as sensitive. A copy shares the bytes.
    pub(in crate::entra) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The link that it came from.
    pub(super) fn link(&self) -> Link {
        self.link
    }

    pub(in crate::entra) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn freshness(&self, now: Now) -> Freshness {
        let remaining = self.expires.remaining(now);
        if remaining.is_zero() {
            Freshness::Expired
        } else if remaining <= CLOSING {
            Freshness::Closing
        } else if self.due.remaining(now).is_zero() {
            Freshness::Due
        } else {
            Freshness::Fresh
        }
    }

    pub(super) fn remaining(&self, now: Now) -> Duration {
        self.expires.remaining(now)
    }

    pub(super) fn age(&self, now: Now) -> Duration {
        now.monotonic.saturating_duration_since(self.acquired)
    }

    /// Takes the token out of a text.
    pub(super) fn redact(&self, text: String) -> String {
        match self.header.to_str().ok().and_then(|value| value.strip_prefix(SCHEME)) {
            Some(token) if !token.is_empty() && text.contains(token) => text.replace(token, "[redacted]"),
            _ => text,
        }
    }

    pub(super) fn same_secret(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("generation", &self.generation)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// How long after its arrival a token is renewed.
fn renew_after(lifetime: Duration, refresh_in: Option<Duration>) -> Duration {
    if let Some(refresh_in) = refresh_in {
        refresh_in.min(lifetime)
    } else if lifetime >= LONG {
        lifetime / 2
    } else if lifetime < SHORT {
        lifetime.saturating_sub(CLOSING)
    } else {
        // Never before half of the lifetime: a token of six minutes would be renewed after one.
        lifetime.saturating_sub(AHEAD.max(lifetime / 10).min(lifetime / 2))
    }
}

/// A number from 0 to 1 that differs between processes and calls. No secret depends on it.
fn chance() -> f64 {
    let drawn = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(drawn >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// The header's bytes belong to a secret, which overwrites them when the last request lets go of them.
struct Line(SecretString);

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// `Authorization`'s value for a token; none: it holds characters that no header can carry, or nothing.
pub(in crate::entra) fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    if token.is_empty() {
        return None;
    }
    // Sized at once: a string that grows or shrinks leaves its old bytes behind.
    let mut line = String::with_capacity(SCHEME.len() + token.len());
    line.push_str(SCHEME);
    line.push_str(token);
    let line = Line(SecretString::from(line));
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(line)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests;
