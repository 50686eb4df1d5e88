//! What a tool may ask of the host during one call.

use crate::{Request, Response, ToolError, http::Body};

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// For the operator.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// Would requests to an upstream be signed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialStatus {
    /// Yes.
    Ready,
    /// Nobody configured one.
    Missing,
    /// It is no longer valid.
    Expired,
    /// It may not be used.
    Denied,
}

/// The host's side of a call: the real one in a component, a canned one in native tests.
pub(crate) trait Backend {
    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, ToolError>>;
    fn now_unix_ms(&self) -> u64;
    fn monotonic_ms(&self) -> u64;
    fn sleep_ms(&self, duration: u32);
    fn remaining_ms(&self) -> u64;
    fn is_cancelled(&self) -> bool;
    fn output_budget(&self) -> u64;
    fn progress(&self, done: u64, total: Option<u64>, message: &str);
    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, String)]);
    fn setting(&self, key: &str) -> Option<String>;
    fn credential(&self, upstream: &str) -> CredentialStatus;
}

/// Everything a tool can reach: upstreams by name, a clock, settings, a log. No environment, no files.
pub struct Host {
    pub(crate) backend: Box<dyn Backend>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Host")
    }
}

/// The host sends at most this many requests side by side, and refuses a longer batch.
const BATCH: usize = 64;

impl Host {
    /// Sends one request and waits for the head of the answer.
    pub fn send(&self, request: Request) -> Result<Response, ToolError> {
        self.backend.send_all(vec![request]).pop().unwrap_or_else(|| Err(no_answer()))
    }

    /// Sends requests side by side, in batches that the host accepts; answers keep the order of the
    /// requests, and one failure does not stop the rest.
    pub fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, ToolError>> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut waiting = requests.into_iter().peekable();
        while waiting.peek().is_some() {
            let batch: Vec<Request> = waiting.by_ref().take(BATCH).collect();
            answers.extend(self.backend.send_all(batch));
        }
        answers
    }

    /// Now, in milliseconds since 1970; frozen at the moment of recording for a recorded cluster.
    pub fn now_unix_ms(&self) -> u64 {
        self.backend.now_unix_ms()
    }

    /// A clock that only moves forward, in milliseconds.
    pub fn monotonic_ms(&self) -> u64 {
        self.backend.monotonic_ms()
    }

    /// Waits; returns early when the call is cancelled.
    pub fn sleep_ms(&self, duration: u32) {
        self.backend.sleep_ms(duration);
    }

    /// Milliseconds until the deadline of this call.
    pub fn remaining_ms(&self) -> u64 {
        self.backend.remaining_ms()
    }

    /// Has the call been given up?
    pub fn is_cancelled(&self) -> bool {
        self.backend.is_cancelled()
    }

    /// Bytes that this call may still hand to the model.
    pub fn output_budget(&self) -> u64 {
        self.backend.output_budget()
    }

    /// Tells the person who waits how far the call is.
    pub fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        self.backend.progress(done, total, message);
    }

    /// Writes a line to the operator's log. The model never sees it.
    pub fn log(&self, level: LogLevel, message: &str, fields: &[(&str, String)]) {
        self.backend.log(level, message, fields);
    }

    /// A non-secret setting from the operator's configuration.
    pub fn setting(&self, key: &str) -> Option<String> {
        self.backend.setting(key)
    }

    /// Would requests to this upstream be signed?
    pub fn credential(&self, upstream: &str) -> CredentialStatus {
        self.backend.credential(upstream)
    }
}

pub(crate) fn no_answer() -> ToolError {
    ToolError::new(crate::ErrorKind::Internal, "the host gave no answer")
}

/// A body that is already here.
pub(crate) struct Bytes {
    pub(crate) rest: std::collections::VecDeque<u8>,
}

impl Body for Bytes {
    fn read(&mut self, max_bytes: u32) -> Result<Option<Vec<u8>>, ToolError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let count = self.rest.len().min(max_bytes as usize);
        Ok(Some(self.rest.drain(..count).collect()))
    }
}
