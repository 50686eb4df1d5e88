//! Runs a tool natively against canned upstream answers.
//!
//! ```
//! use holmes_plugin::testing::Canned;
//! # use holmes_plugin::{Host, Request};
//! let host = Canned::new().answer("kubernetes", "/version", 200, r#"{"gitVersion":"v1.36.0"}"#).host();
//! let answer = host.send(Request::get("kubernetes", "/version")).unwrap();
//! assert_eq!(answer.status(), 200);
//! ```

use std::collections::BTreeMap;

use crate::{
    CredentialStatus, ErrorKind, Host, LogLevel, Request, Response, ToolError,
    host::{Backend, Bytes},
};

type Handler = Box<dyn Fn(&Request) -> Option<(u16, Vec<u8>)>>;

/// Canned answers and settings; [`Canned::host`] makes the [`Host`] that gives them.
#[derive(Default)]
pub struct Canned {
    answers: BTreeMap<(String, String), (u16, Vec<u8>)>,
    handlers: Vec<Handler>,
    settings: BTreeMap<String, String>,
    now_unix_ms: u64,
}

impl std::fmt::Debug for Canned {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Canned").field("answers", &self.answers.keys()).finish_non_exhaustive()
    }
}

impl Canned {
    /// No answers: every request gets 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers requests for this path, whatever their query.
    #[must_use]
    pub fn answer(mut self, upstream: &str, path: &str, status: u16, body: impl Into<Vec<u8>>) -> Self {
        self.answers.insert((upstream.to_owned(), path.to_owned()), (status, body.into()));
        self
    }

    /// Answers requests by a function, asked before the canned paths; none passes the request on.
    #[must_use]
    pub fn respond(mut self, handler: impl Fn(&Request) -> Option<(u16, Vec<u8>)> + 'static) -> Self {
        self.handlers.push(Box::new(handler));
        self
    }

    /// A setting of the operator.
    #[must_use]
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The moment that `now_unix_ms` tells.
    #[must_use]
    pub fn at(mut self, now_unix_ms: u64) -> Self {
        self.now_unix_ms = now_unix_ms;
        self
    }

    /// The host that gives these answers.
    pub fn host(self) -> Host {
        Host { backend: Box::new(self) }
    }

    fn reply(&self, request: &Request) -> (u16, Vec<u8>) {
        if let Some(answer) = self.handlers.iter().find_map(|handler| handler(request)) {
            return answer;
        }
        let key = (request.upstream.clone(), request.path.clone());
        self.answers.get(&key).cloned().unwrap_or_else(|| {
            (
                404,
                br#"{"kind":"Status","reason":"NotFound","message":"no canned answer","code":404}"#.to_vec(),
            )
        })
    }
}

impl Backend for Canned {
    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, ToolError>> {
        requests
            .iter()
            .map(|request| {
                if request.path.contains("..") {
                    return Err(ToolError::new(
                        ErrorKind::InvalidArguments,
                        "the path is not allowed to exist",
                    ));
                }
                let (status, body) = self.reply(request);
                Ok(Response { status, headers: Vec::new(), body: Box::new(Bytes { rest: body.into() }) })
            })
            .collect()
    }

    fn now_unix_ms(&self) -> u64 {
        self.now_unix_ms
    }

    fn monotonic_ms(&self) -> u64 {
        0
    }

    fn sleep_ms(&self, _duration: u32) {}

    fn remaining_ms(&self) -> u64 {
        30_000
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn output_budget(&self) -> u64 {
        1 << 20
    }

    fn progress(&self, _done: u64, _total: Option<u64>, _message: &str) {}

    fn log(&self, _level: LogLevel, _message: &str, _fields: &[(&str, String)]) {}

    fn setting(&self, key: &str) -> Option<String> {
        self.settings.get(key).cloned()
    }

    fn credential(&self, _upstream: &str) -> CredentialStatus {
        CredentialStatus::Ready
    }
}
