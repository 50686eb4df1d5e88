//! `http`: requests to named upstreams. Resolve, decide, send, and count every byte on the way back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use holmes_telemetry::audit::Record;
use wasmtime::component::Resource;

use crate::{
    bindings::holmes::toolset::{
        http::{Host, HostResponse, Method, Request, Upstream},
        types::{ErrorKind, ToolError},
    },
    policy::{self, Decision},
    state::{Caller, Reached, Shared, State},
    upstream::{self, Allowed, SendError, target::Target},
};

/// Request headers that a guest may set; the host adds its own.
const HEADERS: [&str; 6] = ["accept", "content-type", "if-match", "if-none-match", "prefer", "range"];

/// Longest name of an upstream. The refusal of one that is not declared goes into the audit trail with its
/// name, so a name has to have an end.
const UPSTREAM_BYTES: usize = 64;

/// Most bytes of one read: what the SDK asks for. A guest that asks for more gets it in several.
const READ: usize = 256 << 10;

/// What a guest is told when a response, or all of a call together, pass their limit.
const TOO_LARGE: &str =
    "the answers of this call are too large; ask for less: a namespace, a selector, a limit";

/// A response that a guest holds.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: stream::BoxStream<'static, Result<Bytes, upstream::BodyError>>,
    rest: Bytes,
    /// How the body ended, once it has.
    end: Option<Result<(), ToolError>>,
    left: u64,
    /// Bytes of a body that lies here whole while the guest holds the response.
    held: u64,
}

type Sent = Result<Response, ToolError>;

impl Host for State {
    fn upstreams(&mut self) -> wasmtime::Result<Vec<Upstream>> {
        self.enter(0)?;
        let rights = self.shared.rights.upstreams.iter();
        Ok(rights
            .map(|(name, rights)| Upstream { name: name.clone(), kind: rights.kind.clone(), writable: false })
            .collect())
    }

    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Resource<Response>, ToolError>> {
        self.enter(size(&request))?;
        let entered = Instant::now();
        let sent = send(Arc::clone(&self.shared), self.caller.clone(), request).await;
        self.cpu.waited(entered);
        self.keep(sent)
    }

    async fn send_all(
        &mut self,
        requests: Vec<Request>,
    ) -> wasmtime::Result<Vec<Result<Resource<Response>, ToolError>>> {
        self.enter(requests.iter().map(size).sum())?;
        let limit = self.shared.limits.batch;
        if requests.len() > limit {
            let text = format!("{} requests in one batch, at most {limit} are allowed", requests.len());
            let refused = refusal(ErrorKind::InvalidArguments, text);
            return Ok(requests.iter().map(|_| Err(refused.clone())).collect());
        }
        // Each request counts, not only the batch.
        for _ in requests.iter().skip(1) {
            self.enter(0)?;
        }
        let entered = Instant::now();
        let (shared, caller) = (Arc::clone(&self.shared), self.caller.clone());
        let sends =
            requests.into_iter().map(move |request| send(Arc::clone(&shared), caller.clone(), request));
        let mut sent = stream::iter(sends).buffered(self.shared.limits.in_flight);
        let mut kept = Vec::new();
        // Kept one by one, so that what does not fit is dropped before the next one arrives.
        while let Some(sent) = sent.next().await {
            kept.push(self.keep(sent)?);
        }
        self.cpu.waited(entered);
        Ok(kept)
    }
}

impl HostResponse for State {
    fn status(&mut self, response: Resource<Response>) -> wasmtime::Result<u16> {
        self.enter(0)?;
        Ok(self.table.get(&response)?.status)
    }

    fn headers(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<(String, String)>> {
        self.enter(0)?;
        Ok(self.table.get(&response)?.headers.clone())
    }

    async fn read(
        &mut self,
        response: Resource<Response>,
        max_bytes: u32,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, ToolError>> {
        self.enter(0)?;
        let entered = Instant::now();
        let deadline = tokio::time::Instant::from_std(self.caller.deadline);
        let response = self.table.get_mut(&response)?;
        let read =
            tokio::time::timeout_at(deadline, response.next(max_bytes as usize, &mut self.responses_left))
                .await;
        self.cpu.waited(entered);
        Ok(read.unwrap_or_else(|_| {
            Err(refusal(ErrorKind::Timeout, "the answer did not arrive before the deadline"))
        }))
    }

    fn drop(&mut self, response: Resource<Response>) -> wasmtime::Result<()> {
        self.held_left += self.table.delete(response)?.held;
        Ok(())
    }
}

impl State {
    fn keep(&mut self, sent: Sent) -> wasmtime::Result<Result<Resource<Response>, ToolError>> {
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        let Some(left) = self.held_left.checked_sub(response.held) else {
            return Ok(Err(refusal(ErrorKind::TooLarge, TOO_LARGE)));
        };
        self.held_left = left;
        match self.table.push(response) {
            Ok(handle) => Ok(Ok(handle)),
            Err(_) => Err(Reached::Handles(self.shared.limits.handles).into()),
        }
    }
}

impl Response {
    /// At least one byte, at most `max_bytes`; none at the end.
    async fn next(&mut self, max_bytes: usize, budget: &mut u64) -> Result<Option<Vec<u8>>, ToolError> {
        let most = max_bytes.clamp(1, READ);
        while self.rest.is_empty() {
            match &self.end {
                Some(Ok(())) => return Ok(None),
                Some(Err(error)) => return Err(error.clone()),
                None => {
                    let next = self.body.next().await;
                    self.arrived(next);
                }
            }
        }
        let mut chunk = Vec::from(self.rest.split_to(self.rest.len().min(most)));
        // What has arrived meanwhile comes along: a network's pieces are small, and every read is a host call.
        while chunk.len() < most && self.end.is_none() {
            let Some(next) = self.body.next().now_or_never() else { break };
            self.arrived(next);
            chunk.extend_from_slice(&self.rest.split_to(self.rest.len().min(most - chunk.len())));
        }
        let bytes = chunk.len() as u64;
        if bytes > self.left || bytes > *budget {
            return Err(refusal(ErrorKind::TooLarge, TOO_LARGE));
        }
        self.left -= bytes;
        *budget -= bytes;
        Ok(Some(chunk))
    }

    fn arrived(&mut self, next: Option<Result<Bytes, upstream::BodyError>>) {
        match next {
            Some(Ok(bytes)) => self.rest = bytes,
            Some(Err(error)) => {
                let text = format!("the answer broke off: {error}");
                self.end = Some(Err(refusal(ErrorKind::Unavailable, text)));
            }
            None => self.end = Some(Ok(())),
        }
    }
}

/// One request: normalised, resolved, decided, sent, audited.
async fn send(shared: Arc<Shared>, caller: Caller, request: Request) -> Sent {
    if request.upstream.len() > UPSTREAM_BYTES {
        let text = format!("the upstream's name has more than {UPSTREAM_BYTES} bytes");
        return Err(refusal(ErrorKind::InvalidArguments, text));
    }
    let headers = allowed_headers(&request.headers)?;
    if request.body.as_ref().is_some_and(|body| body.len() as u64 > shared.limits.request_body) {
        let text = format!("the request's body has more than {} bytes", shared.limits.request_body);
        return Err(refusal(ErrorKind::TooLarge, text));
    }
    let method = method(request.method);
    if request.body.is_some() && matches!(method, ::http::Method::GET | ::http::Method::HEAD) {
        let text = format!("a {method} has no body");
        return Err(refusal(ErrorKind::InvalidArguments, text));
    }
    let kind = shared.rights.upstreams.get(&request.upstream).map_or("", |rights| rights.kind.as_str());
    let target = Target::read(kind, &method, &request.path, &request.query).map_err(|error| {
        refusal(ErrorKind::InvalidArguments, format!("the request is not allowed to exist: {error}"))
    })?;
    let spelt = target.to_string();
    let started = Instant::now();
    let audit = |decision: &str, rule: &str, status: Option<u16>| {
        shared.audit.write(&Record {
            investigation: caller.investigation.as_str(),
            call: caller.call.as_str(),
            digest: &shared.digest,
            toolset: shared.name.as_str(),
            tool: caller.tool.as_str(),
            upstream: &request.upstream,
            request: &spelt,
            decision,
            rule,
            status,
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    };
    let rule = match policy::decide(&shared.rights, &request.upstream, &target, request.body.as_deref()) {
        Decision::Allow { rule } => rule,
        Decision::Deny(text) => {
            audit("denied", &text, None);
            return Err(refusal(ErrorKind::PolicyDenied, text));
        }
    };
    let Some(backend) = shared.upstreams.get(&request.upstream) else {
        audit("denied", "not bound", None);
        return Err(refusal(
            ErrorKind::Unavailable,
            format!("upstream `{}` is not bound to anything", request.upstream),
        ));
    };
    let placeholder = |kind: &str, value: &[u8]| caller.redactor.placeholder(kind, value);
    let allowed = Allowed {
        path: &request.path,
        query: &request.query,
        headers: &headers,
        body: request.body.as_deref(),
        placeholder: &placeholder,
        largest: shared.limits.response,
    };
    let limit = time_limit(&caller, request.timeout_ms);
    let sent = tokio::time::timeout(limit, backend.send(&target, &allowed)).await;
    let sent = sent.unwrap_or(Err(SendError::Timeout(limit)));
    audit("allowed", &rule, sent.as_ref().ok().map(|answer| answer.status));
    let answer = sent.map_err(|error| unsent(&error, &caller))?;
    Ok(Response {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        rest: Bytes::new(),
        end: None,
        left: shared.limits.response,
        held: answer.held,
    })
}

/// Why there is no answer, for the guest.
fn unsent(error: &SendError, caller: &Caller) -> ToolError {
    let kind = match error {
        SendError::Unauthorized(_) => ErrorKind::Unauthorized,
        SendError::Unavailable(_) | SendError::NotRecorded(_) => ErrorKind::Unavailable,
        SendError::Timeout(_) => ErrorKind::Timeout,
        SendError::Withheld(_) | SendError::TooLarge(_) => ErrorKind::TooLarge,
    };
    // The system's own words may hold an address; they are for the model's eyes only after redaction.
    let refusal = refusal(kind, caller.redactor.redact_text(&error.to_string()).text);
    // What was not recorded will not be recorded by asking again.
    let again = refusal.retryable && !matches!(error, SendError::NotRecorded(_));
    ToolError { retryable: again, ..refusal }
}

fn time_limit(caller: &Caller, wish: Option<u32>) -> Duration {
    let remaining = caller.deadline.saturating_duration_since(Instant::now());
    wish.map_or(remaining, |wish| remaining.min(Duration::from_millis(wish.into())))
}

fn allowed_headers(headers: &[(String, String)]) -> Result<Vec<(String, String)>, ToolError> {
    headers
        .iter()
        .map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let clean = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            if HEADERS.contains(&name.as_str()) && clean {
                Ok((name, value.clone()))
            } else {
                let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
                Err(refusal(ErrorKind::InvalidArguments, format!("the header `{shown}` is not allowed")))
            }
        })
        .collect()
}

fn method(method: Method) -> ::http::Method {
    match method {
        Method::Get => ::http::Method::GET,
        Method::Head => ::http::Method::HEAD,
        Method::Post => ::http::Method::POST,
        Method::Put => ::http::Method::PUT,
        Method::Patch => ::http::Method::PATCH,
        Method::Delete => ::http::Method::DELETE,
    }
}

fn size(request: &Request) -> usize {
    let pairs = request.query.iter().chain(&request.headers).map(|(key, value)| key.len() + value.len());
    request.upstream.len()
        + request.path.len()
        + pairs.sum::<usize>()
        + request.body.as_ref().map_or(0, Vec::len)
}

fn refusal(kind: ErrorKind, message: impl Into<String>) -> ToolError {
    let retryable = matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout);
    ToolError { kind, message: message.into(), detail: None, retryable, retry_after_ms: None }
}
