//! `http`: requests to named upstreams. Resolve, decide, send, and count every byte on the way back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use holmes_telemetry::audit::Record;
use wasmtime::component::Resource;

use crate::{
    bindings::holmes::toolset::{
        http::{Host, HostResponse, Method, Request, Upstream},
        types::{ErrorKind, ToolError},
    },
    policy::{self, Decision},
    state::{Caller, Reached, Shared, State},
    upstream::{
        self, Allowed, SendError,
        kubernetes::{self, Resolved},
    },
};

/// Request headers that a guest may set; the host adds its own.
const HEADERS: [&str; 6] = ["accept", "content-type", "if-match", "if-none-match", "prefer", "range"];

/// A response that a guest holds.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: stream::BoxStream<'static, Result<Bytes, upstream::BodyError>>,
    rest: Bytes,
    left: u64,
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
        let sends =
            requests.into_iter().map(|request| send(Arc::clone(&self.shared), self.caller.clone(), request));
        let sent: Vec<Sent> = stream::iter(sends).buffered(self.shared.limits.in_flight).collect().await;
        self.cpu.waited(entered);
        sent.into_iter().map(|sent| self.keep(sent)).collect()
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
        self.table.delete(response)?;
        Ok(())
    }
}

impl State {
    fn keep(&mut self, sent: Sent) -> wasmtime::Result<Result<Resource<Response>, ToolError>> {
        match sent {
            Ok(response) => match self.table.push(response) {
                Ok(handle) => Ok(Ok(handle)),
                Err(_) => Err(Reached::Handles(self.shared.limits.handles).into()),
            },
            Err(error) => Ok(Err(error)),
        }
    }
}

impl Response {
    /// At least one byte, at most `max_bytes`; none at the end.
    async fn next(&mut self, max_bytes: usize, budget: &mut u64) -> Result<Option<Vec<u8>>, ToolError> {
        while self.rest.is_empty() {
            match self.body.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) => self.rest = chunk,
                Some(Err(error)) => {
                    return Err(refusal(ErrorKind::Unavailable, format!("the answer broke off: {error}")));
                }
            }
        }
        let chunk = self.rest.split_to(self.rest.len().min(max_bytes.max(1)));
        let bytes = chunk.len() as u64;
        if bytes > self.left || bytes > *budget {
            let text =
                "the answers of this call are too large; ask for less: a namespace, a selector, a limit";
            return Err(refusal(ErrorKind::TooLarge, text));
        }
        self.left -= bytes;
        *budget -= bytes;
        Ok(Some(chunk.into()))
    }
}

/// One request: normalised, resolved, decided, sent, audited.
async fn send(shared: Arc<Shared>, caller: Caller, request: Request) -> Sent {
    let headers = allowed_headers(&request.headers)?;
    if request.body.as_ref().is_some_and(|body| body.len() as u64 > shared.limits.request_body) {
        let text = format!("the request's body has more than {} bytes", shared.limits.request_body);
        return Err(refusal(ErrorKind::TooLarge, text));
    }
    let resolved =
        kubernetes::resolve(&method(request.method), &request.path, &request.query).map_err(|error| {
            refusal(ErrorKind::InvalidArguments, format!("the request is not allowed to exist: {error}"))
        })?;
    let spelt = match &resolved {
        Resolved::Resource(resource) => resource.to_string(),
        Resolved::NonResource(path) => path.clone(),
    };
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
    let rule = match policy::decide(&shared.rights, &request.upstream, &resolved) {
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
        resolved: &resolved,
        path: &request.path,
        query: &request.query,
        headers: &headers,
        placeholder: &placeholder,
        largest: shared.limits.response,
    };
    let limit = time_limit(&caller, request.timeout_ms);
    let sent = tokio::time::timeout(limit, backend.send(&allowed)).await;
    let sent = sent.unwrap_or(Err(SendError::Timeout(limit)));
    audit("allowed", &rule, sent.as_ref().ok().map(|answer| answer.status));
    let answer = sent.map_err(|error| {
        let kind = match &error {
            SendError::Unauthorized(_) => ErrorKind::Unauthorized,
            SendError::Unavailable(_) => ErrorKind::Unavailable,
            SendError::Timeout(_) => ErrorKind::Timeout,
            SendError::Withheld(_) => ErrorKind::TooLarge,
        };
        // The system's own words may hold an address; they are for the model's eyes only after redaction.
        refusal(kind, caller.redactor.redact_text(&error.to_string()).text)
    })?;
    Ok(Response {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        rest: Bytes::new(),
        left: shared.limits.response,
    })
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
    request.path.len() + pairs.sum::<usize>() + request.body.as_ref().map_or(0, Vec::len)
}

fn refusal(kind: ErrorKind, message: impl Into<String>) -> ToolError {
    let retryable = matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout);
    ToolError { kind, message: message.into(), detail: None, retryable, retry_after_ms: None }
}
