//! One request and its answer, whole or in pieces.

use futures::StreamExt;
use holmes_identity::{AuthError, AuthErrorKind};
use http::HeaderMap;
use reqwest::{Response, header::CONTENT_TYPE};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Deployment,
    failure::{Failure, classify, classify_frame},
};
use crate::{
    ChatReply, LlmError, LlmErrorKind,
    dialect::{Answer, Dialect, Step},
    events::Progress,
    retry::{self, Retry},
    sse::Decoder,
    transport::innermost,
};

/// More than the longest answer; protects memory from a server that never stops.
const MAX_BODY_BYTES: usize = 32 << 20;

impl Deployment {
    /// One request and its answer.
    pub(super) async fn attempt(
        &self,
        dialect: Dialect,
        body: &Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<ChatReply, Failure> {
        let Some(address) = self.endpoint.routes.of(dialect) else {
            return Err(malformed("the deployment has no address for this protocol"));
        };
        // The queue comes first: a token must not age in it, nor the time that the provider has.
        let queued = timeout(self.settings.request_timeout, self.limiter.place()).await;
        let _place = queued.map_err(|_| self.too_busy())?;
        let deadline = Instant::now() + self.settings.request_timeout;
        let signed = timeout_at(deadline, self.endpoint.sign()).await.map_err(|_| self.too_slow())?;
        let (mut headers, stamp) = signed.map_err(no_credential)?;
        dialect.add_headers(&mut headers);
        let client = self.transport.client(&address.url).map_err(broken)?;
        let request = client.post(address.url.clone()).headers(headers).json(body);
        let request = request.header("x-ms-client-request-id", client_request_id());
        let sent = timeout_at(deadline, request.send()).await;
        let response = sent.map_err(|_| self.too_slow())?.map_err(|error| self.unreachable(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        log_identifiers(&self.name, &headers);
        if !status.is_success() {
            let text = self.whole(response, deadline).await.unwrap_or_default();
            return Err(classify(status, &headers, &text, &self.endpoint, dialect).signed_by(stamp));
        }
        self.limiter.answered(&headers);
        let is_json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut answer = Answer::new(dialect);
        if is_json.is_some_and(|value| value.to_ascii_lowercase().contains("json")) {
            let text = self.whole(response, deadline).await?;
            progress.text(self.push(&mut answer, &text)?);
        } else {
            self.read_stream(&mut answer, response, deadline, progress).await?;
        }
        answer.finish(&self.endpoint.origin()).map_err(broken)
    }

    async fn read_stream(
        &self,
        answer: &mut Answer,
        response: Response,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut decoder = Decoder::default();
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
                    return Ok(());
                }
                progress.text(self.push(answer, &data)?);
            }
            // Chat Completions counts tokens after its last word; the others say when they are done.
            if answer.has_ended() {
                return Ok(());
            }
        }
        match decoder.finish() {
            Some(data) if data.trim() == "[DONE]" => answer.end(),
            Some(data) if !answer.is_whole() => progress.text(
                self.push(answer, &data)
                    .map_err(|_| cut("the connection ended in the middle of the answer"))?,
            ),
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Takes one JSON text into the answer.
    fn push(&self, answer: &mut Answer, data: &str) -> Result<String, Failure> {
        if data.trim().is_empty() {
            return Ok(String::new());
        }
        match answer.push(data).map_err(broken)? {
            Step::Text(piece) => Ok(piece),
            Step::Failed(error) => Err(classify_frame(&error, &self.endpoint, answer.dialect())),
        }
    }

    /// A whole body as text, within its limits.
    pub(super) async fn whole(&self, response: Response, deadline: Instant) -> Result<String, Failure> {
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

    fn too_busy(&self) -> Failure {
        let host = self.endpoint.host();
        let message = format!(
            "no place for another call to `{host}` came free in time: it limits the rate, or too many ask at once \
             (`LLM_MAX_CONCURRENT_CALLS_PER_MODEL`)"
        );
        let error = LlmError::new(LlmErrorKind::RateLimited { retry_after: None }, message);
        Failure { error, retry: Retry::Never, remedy: None }
    }

    pub(super) fn too_slow(&self) -> Failure {
        let (host, limit) = (self.endpoint.host(), self.settings.request_timeout.as_secs());
        let message = format!("`{host}` did not answer in time (`LLM_REQUEST_TIMEOUT` is {limit} s)");
        // It used the whole time it has; another try would double a wait that is already long.
        Failure { retry: Retry::Never, ..Failure::transient(message) }
    }

    /// No connection, or a broken one: the innermost cause is the one that helps.
    pub(super) fn unreachable(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let doing = if error.is_connect() { "can not connect to" } else { "lost the connection to" };
        let cause = self.endpoint.redact(&innermost(&error));
        Failure::transient(format!("{doing} `{}`: {cause}", self.endpoint.host()))
    }
}

/// By these Azure's support finds a request.
fn log_identifiers(model: &str, headers: &HeaderMap) {
    let header = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    tracing::debug!(
        model,
        apim_request_id = header("apim-request-id"),
        request_id = header("x-request-id"),
        region = header("x-ms-region"),
        "the model answered"
    );
}

/// The request could not be signed. The token cache has its own retries; only an outage is worth more of them.
pub(super) fn no_credential(error: AuthError) -> Failure {
    let (kind, retry) = match error.kind {
        AuthErrorKind::Transient => (LlmErrorKind::IdentityUnavailable, Retry::Transient(error.retry_after)),
        AuthErrorKind::NoCredential
        | AuthErrorKind::Configuration
        | AuthErrorKind::Refused
        | AuthErrorKind::ClaimsChallenge
        | AuthErrorKind::Expired => (LlmErrorKind::NoCredential, Retry::Never),
    };
    Failure { error: LlmError::new(kind, error.message), retry, remedy: None }
}

/// Where nothing was delivered yet, a cut answer is worth another try.
fn cut(message: &str) -> Failure {
    let error = LlmError::new(LlmErrorKind::Cut, message);
    Failure { error, retry: Retry::Transient(None), remedy: None }
}

fn malformed(message: &str) -> Failure {
    broken(LlmError::new(LlmErrorKind::Malformed, message))
}

fn broken(error: LlmError) -> Failure {
    let retry = if error.kind == LlmErrorKind::Cut { Retry::Transient(None) } else { Retry::Never };
    Failure { error, retry, remedy: None }
}

/// A random UUID, by which Azure's support finds a request.
fn client_request_id() -> String {
    let (high, low) = (retry::random(), retry::random());
    let (time_low, time_mid, time_high) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (clock, node) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{time_low:08x}-{time_mid:04x}-4{time_high:03x}-{clock:04x}-{node:012x}")
}
