//! Chat Completions: Azure's deployments, `OpenAI`, and every server that speaks like it.
//!
//! One call is: a body, tries until the first byte (see [`crate::retry`]), then pieces until the end. What
//! a deployment refuses is learnt once and kept.

pub(crate) mod endpoint;
mod failure;
mod mapping;
pub(crate) mod parameters;
mod stream;
mod wire;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream::BoxStream};
use reqwest::{Client, Response, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use self::{
    endpoint::Endpoint,
    failure::{Failure, classify, classify_frame},
    parameters::Learnt,
    stream::Answer,
    wire::Chunk,
};
use crate::{
    ChatEvent, ChatModel, ChatReply, ChatRequest, LlmError, LlmErrorKind, Settings,
    events::{self, Progress},
    retry::{self, Decision, Retry, Tries},
    sse::Decoder,
};

/// More than the longest answer; protects memory from a server that never stops.
const MAX_BODY_BYTES: usize = 32 << 20;
/// Different parameters that one call may learn about: a limit's name, sampling, `stream_options`.
const MAX_ADAPTATIONS: u32 = 4;

/// A deployment as it is spoken to.
#[derive(Debug)]
pub(crate) struct OpenAi {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) window: u64,
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) learnt: Mutex<Learnt>,
}

impl ChatModel for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        events::stream(move |progress| self.run(request, progress))
    }
}

impl OpenAi {
    async fn run(&self, request: ChatRequest, mut progress: Progress) -> Result<ChatReply, LlmError> {
        let mut tries = Tries::new(&self.settings.retry);
        let mut adaptations = 0;
        loop {
            let body = self.body(&request);
            let failure = match self.attempt(&body, &mut progress).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if progress.delivered() {
                return Err(failure.error);
            }
            if adaptations < MAX_ADAPTATIONS && self.learn(&failure, &body) {
                adaptations += 1;
                continue;
            }
            match tries.after(failure.retry, retry::chance()) {
                Decision::GiveUp => return Err(failure.error),
                Decision::OverBudget(hint) => return Err(self.over_budget(failure.error, hint)),
                Decision::Wait(wait) => {
                    tracing::info!(model = %self.name, wait_ms = wait.as_millis(), "model call is tried again");
                    progress.send(ChatEvent::Retry { reason: failure.error.message, wait });
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn body(&self, request: &ChatRequest) -> Map<String, Value> {
        let mut body = mapping::body(request, &self.endpoint.address.model);
        body.extend(self.parameters.clone());
        body.insert("stream".to_owned(), true.into());
        if self.endpoint.address.stream_options {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).apply(&mut body);
        body
    }

    /// Whether the failure taught something that makes another try different.
    fn learn(&self, failure: &Failure, body: &Map<String, Value>) -> bool {
        let Some(parameter) = &failure.unsupported else { return false };
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).refuse(parameter, body)
    }

    fn over_budget(&self, mut error: LlmError, hint: Duration) -> LlmError {
        let (hint, budget) = (hint.as_secs(), self.settings.retry.budget.as_secs());
        error.message = format!(
            "{}; it asks to wait {hint} s, more than the {budget} s that a call may wait \
             (`LLM_RATE_LIMIT_MAX_WAIT_SECONDS`)",
            error.message
        );
        error
    }

    /// One request and its answer.
    async fn attempt(
        &self,
        body: &Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<ChatReply, Failure> {
        let deadline = Instant::now() + self.settings.request_timeout;
        let request = self.client.post(self.endpoint.address.url.clone()).json(body);
        let request = request.header("x-ms-client-request-id", client_request_id());
        let sent = timeout_at(deadline, self.endpoint.sign(request).send()).await;
        let response = sent.map_err(|_| self.too_slow())?.map_err(|error| self.unreachable(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let is_json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = is_json.is_some_and(|value| value.to_ascii_lowercase().contains("json"));
        if !status.is_success() {
            let text = self.whole(response, deadline).await.unwrap_or_default();
            return Err(classify(status, &headers, &text, &self.endpoint));
        }
        if is_json {
            let text = self.whole(response, deadline).await?;
            let mut answer = Answer::default();
            progress.text(self.push(&mut answer, &text)?);
            return answer.finish().map_err(broken);
        }
        self.read_stream(response, deadline, progress).await
    }

    async fn read_stream(
        &self,
        response: Response,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<ChatReply, Failure> {
        let mut decoder = Decoder::default();
        let mut answer = Answer::default();
        let mut bytes = response.bytes_stream();
        let mut size = 0;
        loop {
            let idle = deadline.min(Instant::now() + self.settings.idle_timeout);
            let piece = match timeout_at(idle, bytes.next()).await {
                Ok(Some(Ok(piece))) => piece,
                // Usage may be missing then, but the answer is whole.
                Ok(Some(Err(_)) | None) | Err(_) if answer.is_whole() => break,
                Ok(None) => break,
                Ok(Some(Err(_))) => return Err(cut("the connection broke in the middle of the answer")),
                Err(_) => return Err(cut("the model stopped sending in the middle of the answer")),
            };
            size += piece.len();
            if size > MAX_BODY_BYTES {
                return Err(malformed("the answer is larger than any model's"));
            }
            for data in decoder.feed(&piece).map_err(|error| malformed(&error.to_string()))? {
                if data.trim() == "[DONE]" {
                    answer.end();
                    return answer.finish().map_err(broken);
                }
                progress.text(self.push(&mut answer, &data)?);
            }
        }
        match decoder.finish() {
            Some(data) if data.trim() == "[DONE]" => answer.end(),
            Some(data) if !answer.is_whole() => progress.text(
                self.push(&mut answer, &data)
                    .map_err(|_| cut("the connection ended in the middle of the answer"))?,
            ),
            Some(_) | None => {}
        }
        answer.finish().map_err(broken)
    }

    /// Takes one JSON text into the answer.
    fn push(&self, answer: &mut Answer, data: &str) -> Result<String, Failure> {
        if data.trim().is_empty() {
            return Ok(String::new());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| {
            malformed("the server's answer is not what Chat Completions says: check `api_base`")
        })?;
        match chunk.error.as_ref().filter(|error| !error.is_null()) {
            Some(error) => Err(classify_frame(error, &self.endpoint)),
            None => Ok(answer.push(chunk)),
        }
    }

    /// A whole body as text, within its limits.
    async fn whole(&self, response: Response, deadline: Instant) -> Result<String, Failure> {
        let mut bytes = response.bytes_stream();
        let mut body = Vec::new();
        loop {
            let idle = deadline.min(Instant::now() + self.settings.idle_timeout);
            match timeout_at(idle, bytes.next()).await {
                Err(_) => return Err(self.too_slow()),
                Ok(None) => return Ok(String::from_utf8_lossy(&body).into_owned()),
                Ok(Some(Err(error))) => return Err(self.unreachable(error)),
                Ok(Some(Ok(piece))) if body.len() + piece.len() <= MAX_BODY_BYTES => {
                    body.extend_from_slice(&piece);
                }
                Ok(Some(Ok(_))) => return Err(malformed("the answer is larger than any model's")),
            }
        }
    }

    fn too_slow(&self) -> Failure {
        let (host, limit) = (self.endpoint.host(), self.settings.request_timeout.as_secs());
        let message = format!("`{host}` did not answer in time (`LLM_REQUEST_TIMEOUT` is {limit} s)");
        // It used the whole time it has; another try would double a wait that is already long.
        Failure { retry: Retry::Never, ..Failure::transient(message) }
    }

    /// No connection, or a broken one: the innermost cause is the one that helps.
    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let doing = if error.is_connect() { "can not connect to" } else { "lost the connection to" };
        let cause = self.endpoint.redact(&cause.to_string());
        Failure::transient(format!("{doing} `{}`: {cause}", self.endpoint.host()))
    }
}

/// Where nothing was delivered yet, a cut answer is worth another try.
fn cut(message: &str) -> Failure {
    let error = LlmError::new(LlmErrorKind::Cut, message);
    Failure { error, retry: Retry::Transient(None), unsupported: None }
}

fn malformed(message: &str) -> Failure {
    broken(LlmError::new(LlmErrorKind::Malformed, message))
}

fn broken(error: LlmError) -> Failure {
    let retry = if error.kind == LlmErrorKind::Cut { Retry::Transient(None) } else { Retry::Never };
    Failure { error, retry, unsupported: None }
}

/// A random UUID, by which Azure's support finds a request.
fn client_request_id() -> String {
    let (high, low) = (retry::random(), retry::random());
    let (time_low, time_mid, time_high) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (clock, node) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{time_low:08x}-{time_mid:04x}-4{time_high:03x}-{clock:04x}-{node:012x}")
}
