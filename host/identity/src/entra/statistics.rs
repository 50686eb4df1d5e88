//! What the cache has done so far, for metrics and the doctor: numbers and names, never a token.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Serialize;

use crate::{
    AuthError,
    entra::{Acquired, LinkOutcome},
};

/// Where no link of the chain can be named.
const UNKNOWN: &str = "none";

/// Everything counted since the start, and the tokens there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Acquisitions by the link that gave the token, or failed.
    pub refreshes: Vec<Refreshes>,
    /// Tokens dropped because a receiver refused them (401).
    pub invalidations: u64,
    /// One for every identity and scope that was asked for.
    pub tokens: Vec<TokenStatus>,
}

/// Acquisitions through one link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refreshes {
    /// The link's name, `none` where none can be named.
    pub source: &'static str,
    /// How many gave a token.
    pub obtained: u64,
    /// How many failed.
    pub failed: u64,
    /// What all of them took together, in seconds.
    pub seconds: f64,
}

/// What is known of one token, without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenStatus {
    /// The tenant, where the identity names one.
    pub tenant_id: Option<String>,
    /// The client, where the identity names one.
    pub client_id: Option<String>,
    /// The scope it is for.
    pub scope: String,
    /// The link it came from; none: there is no token now.
    pub source: Option<&'static str>,
    /// Seconds since it was obtained.
    pub age_seconds: Option<u64>,
    /// Seconds until it is over.
    pub remaining_seconds: Option<u64>,
    /// The last attempt failed.
    pub failing: bool,
}

/// The counters behind [`Statistics`]. Touched by acquisitions and refusals, never by a hit.
#[derive(Debug, Default)]
pub(super) struct Counters {
    refreshes: Mutex<BTreeMap<&'static str, Tally>>,
    invalidations: AtomicU64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    obtained: u64,
    failed: u64,
    took: Duration,
}

impl Counters {
    pub(super) fn acquisition(&self, outcome: Result<&Acquired, &AuthError>, took: Duration) {
        let source = match outcome {
            Ok(acquired) => acquired.link.as_str(),
            Err(error) => failed_link(error),
        };
        let mut refreshes = self.refreshes.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = refreshes.entry(source).or_default();
        match outcome {
            Ok(_) => tally.obtained += 1,
            Err(_) => tally.failed += 1,
        }
        tally.took += took;
    }

    pub(super) fn invalidation(&self) {
        self.invalidations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, tokens: Vec<TokenStatus>) -> Statistics {
        let refreshes = self.refreshes.lock().unwrap_or_else(PoisonError::into_inner);
        let refreshes = refreshes.iter().map(|(source, tally)| Refreshes {
            source,
            obtained: tally.obtained,
            failed: tally.failed,
            seconds: tally.took.as_secs_f64(),
        });
        Statistics {
            refreshes: refreshes.collect(),
            invalidations: self.invalidations.load(Ordering::Relaxed),
            tokens,
        }
    }
}

/// The link that an error is about: the last one that tried.
fn failed_link(error: &AuthError) -> &'static str {
    let failed = error.links.iter().rev().find(|report| report.outcome == LinkOutcome::Failed);
    failed.map_or(UNKNOWN, |report| report.link.as_str())
}
