//! The limits of one call, and what counts against them. Each has a default, a ceiling and a test that trips it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;

const MIB: u64 = 1 << 20;

/// What one call may use. Defaults are those of the contract's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes over all linear memories together: Wasmtime's own limits are per memory.
    pub memory: u64,
    /// Elements over all tables together.
    pub table_elements: u64,
    /// Wall clock.
    pub wall: Duration,
    /// Time in the guest itself; waiting for the host does not count.
    pub cpu: Duration,
    /// Calls of host functions.
    pub host_calls: u32,
    /// Bytes of one request's body.
    pub request_body: u64,
    /// Bytes that one host call may carry into the host.
    pub host_call_bytes: u64,
    /// Bytes that all host calls together may carry into the host.
    pub inbound_bytes: u64,
    /// Bytes of one response, decompressed.
    pub response: u64,
    /// Bytes of all responses, decompressed.
    pub responses: u64,
    /// Requests of one `send-all`.
    pub batch: usize,
    /// Requests in flight.
    pub in_flight: usize,
    /// Open responses.
    pub handles: usize,
    /// Bytes of the result.
    pub result: u64,
    /// Bytes of everything `emit`ted.
    pub emitted: u64,
    /// Lines of log.
    pub log_lines: u32,
    /// Calls of one toolset at a time.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 128 * MIB,
            table_elements: 100_000,
            wall: Duration::from_secs(30),
            cpu: Duration::from_secs(5),
            host_calls: 2_000,
            request_body: MIB,
            host_call_bytes: 4 * MIB,
            inbound_bytes: 16 * MIB,
            response: 16 * MIB,
            responses: 64 * MIB,
            batch: 64,
            in_flight: 16,
            handles: 1_000,
            result: MIB,
            emitted: 4 * MIB,
            log_lines: 1_000,
            concurrency: 8,
        }
    }
}

/// What an author wishes for (`[limits]` of `toolset.toml`) or an operator sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wishes {
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "memory_mib")]
    pub memory_mib: Option<u64>,
    /// Wall clock in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "wall_seconds")]
    pub wall_seconds: Option<u64>,
    /// Guest time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "cpu_seconds")]
    pub cpu_seconds: Option<u64>,
    /// All responses of a call in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "response_mib")]
    pub response_mib: Option<u64>,
    /// Calls of host functions.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "host_calls")]
    pub host_calls: Option<u32>,
    /// Calls of the toolset at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
}

/// No wish goes beyond these. Memory and answers are those of a cluster with 50,000 pods, of which the largest part is
/// held at once; what a call does not use is not taken, and an operator may set less.
const CEILING: Wishes = Wishes {
    memory_mib: Some(3_072),
    wall_seconds: Some(120),
    cpu_seconds: Some(60),
    response_mib: Some(2_048),
    host_calls: Some(20_000),
    concurrency: Some(64),
};

impl Limits {
    /// The defaults, moved by the author's wishes, then by the operator's settings, which win.
    pub fn effective(author: &Wishes, operator: &Wishes) -> Self {
        let mut limits = Self::default();
        // Places are taken from other toolsets: an author may ask for fewer, and only an operator for more.
        let concurrency = author.concurrency.map(|wish| wish.min(limits.concurrency));
        for wishes in [&Wishes { concurrency, ..*author }, operator] {
            limits.apply(wishes);
        }
        limits
    }

    fn apply(&mut self, wishes: &Wishes) {
        if let Some(mib) = capped(wishes.memory_mib, CEILING.memory_mib) {
            self.memory = mib * MIB;
        }
        if let Some(seconds) = capped(wishes.wall_seconds, CEILING.wall_seconds) {
            self.wall = Duration::from_secs(seconds);
        }
        if let Some(seconds) = capped(wishes.cpu_seconds, CEILING.cpu_seconds) {
            self.cpu = Duration::from_secs(seconds);
        }
        if let Some(mib) = capped(wishes.response_mib, CEILING.response_mib) {
            self.responses = mib * MIB;
            // A larger budget is asked for by toolsets that read much, and so is a larger report.
            self.response = self.response.max(self.responses / 4);
            self.result = self.result.max(self.responses / 64).min(self.host_call_bytes);
        }
        if let Some(calls) = capped(wishes.host_calls, CEILING.host_calls) {
            self.host_calls = calls;
        }
        if let Some(concurrency) = capped(wishes.concurrency, CEILING.concurrency) {
            self.concurrency = concurrency.max(1);
        }
    }
}

fn capped<T: Ord + Copy>(wish: Option<T>, ceiling: Option<T>) -> Option<T> {
    wish.zip(ceiling).map(|(wish, ceiling)| wish.min(ceiling))
}

/// Counts memory and tables of one store: the sum over all of them, not each by itself.
#[derive(Debug)]
pub(crate) struct Space {
    memory_left: u64,
    table_left: u64,
    /// Set when a growth was refused, so that the trap that follows can be explained.
    pub(crate) refused: Option<&'static str>,
}

impl Space {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_left: limits.memory, table_left: limits.table_elements, refused: None }
    }

    fn grow(left: &mut u64, current: usize, desired: usize) -> bool {
        let more = desired.saturating_sub(current) as u64;
        match left.checked_sub(more) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }
}

impl ResourceLimiter for Space {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = Self::grow(&mut self.memory_left, current, desired);
        if !granted {
            self.refused = Some("memory");
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = Self::grow(&mut self.table_left, current, desired);
        if !granted {
            self.refused = Some("table");
        }
        Ok(granted)
    }
}

/// Tells the guest's own time from the time it waits for the host.
#[derive(Debug)]
pub(crate) struct CpuClock {
    started: Instant,
    waiting: Duration,
}

impl CpuClock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), waiting: Duration::ZERO }
    }

    /// Time in the guest so far.
    pub(crate) fn spent(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.waiting)
    }

    /// Takes time out that was spent inside a host function since `entered`.
    pub(crate) fn waited(&mut self, entered: Instant) {
        self.waiting += entered.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_wins_over_an_author_and_neither_passes_the_ceiling() {
        let author = Wishes { memory_mib: Some(4_096), wall_seconds: Some(60), ..Wishes::default() };
        let operator = Wishes { wall_seconds: Some(10), ..Wishes::default() };
        let limits = Limits::effective(&author, &operator);
        assert_eq!(limits.memory, 3_072 * MIB);
        assert_eq!(limits.wall, Duration::from_secs(10));
        assert_eq!(limits.cpu, Limits::default().cpu);
    }

    #[test]
    fn memories_are_counted_together() {
        let mut space = Space::new(&Limits { memory: 100, ..Limits::default() });
        assert!(space.memory_growing(0, 60, None).unwrap());
        assert!(!space.memory_growing(0, 60, None).unwrap());
        assert_eq!(space.refused, Some("memory"));
        assert!(space.memory_growing(60, 100, None).unwrap());
    }
}
