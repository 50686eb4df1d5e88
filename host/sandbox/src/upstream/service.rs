//! Sends a decided request to a live service: signed at the last moment, never redirected, read within limits.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use holmes_identity::{AuthErrorKind, Authorizer, Readiness, Stamp};
use holmes_telemetry::with_causes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Client, Url, redirect};

use super::{
    Allowed, Answer, Kind, SendError, answers, cassette::Recorder, endpoint::Endpoint, target::ServiceRequest,
};

/// A host that does not even take the connection is not worth a call's whole time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Request headers of a guest that are passed on; `accept` is ours, because an answer has to be read to be masked,
/// and so is `content-type`: a body means to the service what it meant to the policy.
const PASSED: [&str; 1] = ["prefer"];

/// What a 401 says when the identity is known and lacks a role: another token would be refused as well.
const NOT_PERMITTED: [&str; 3] = ["PermissionDenied", "AuthorizationFailed", "InsufficientAccessError"];

/// A live service and who signs for it.
#[derive(Debug)]
pub struct Service {
    endpoint: Endpoint,
    /// Made for the first request: making it reads every root certificate of the system.
    client: OnceLock<Client>,
    authorizer: Arc<dyn Authorizer>,
    recorder: Option<Recorder>,
}

/// What came back, whole.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    stamp: Stamp,
}

impl Service {
    /// A service at an address. With a recorder, everything that a guest sees of it is written down. Its client
    /// follows no redirect, and trusts the system's authorities or `SSL_CERT_FILE`.
    pub fn new(endpoint: Endpoint, authorizer: Arc<dyn Authorizer>, recorder: Option<Recorder>) -> Self {
        Self { endpoint, client: OnceLock::new(), authorizer, recorder }
    }

    fn client(&self) -> Result<&Client, SendError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("holmes-host/", env!("CARGO_PKG_VERSION")));
        if self.endpoint.is_loopback() {
            // What goes to this machine may go in clear text, and then it must not pass anybody else.
            builder = builder.no_proxy();
        }
        let failed = |error| SendError::Unavailable(format!("no HTTPS client: {}", causes(&error)));
        let client = builder.build().map_err(failed)?;
        // Two that are made at once are alike; the first stays.
        Ok(self.client.get_or_init(|| client))
    }

    /// The service's kind.
    pub fn kind(&self) -> Kind {
        self.endpoint.kind()
    }

    /// Whether a request could be signed, as far as is known.
    pub(super) fn readiness(&self) -> Readiness {
        self.authorizer.readiness()
    }

    /// A recording's moment: requests that hold the time must hold the same one when they are played back.
    pub(super) fn now_unix_ms(&self) -> Option<u64> {
        self.recorder.as_ref().map(Recorder::now_unix_ms)
    }

    pub(super) async fn send(
        &self,
        request: &ServiceRequest,
        allowed: &Allowed<'_>,
    ) -> Result<Answer, SendError> {
        let received = self.ask(request, allowed).await?;
        let status = received.status.as_u16();
        let headers = answers::headers(&received.headers, |text| self.authorizer.redact(text));
        let text =
            String::from_utf8(received.body).map_err(|_| SendError::Withheld("it is not text".to_owned()))?;
        let text = self.authorizer.redact(&text);
        let body = answers::body(self.kind(), status, &text, allowed.placeholder)?.into_owned();
        if let Some(recorder) = &self.recorder {
            recorder.write(request, allowed, status, &headers, &body).await;
        }
        Ok(Answer::held(status, headers, Bytes::from(body)))
    }

    /// Asks, and asks once more when the token was refused and another can be had.
    async fn ask(&self, request: &ServiceRequest, allowed: &Allowed<'_>) -> Result<Received, SendError> {
        let url = self.endpoint.url(&request.segments, allowed.query).ok_or_else(|| {
            SendError::Unavailable(format!("`{}` does not fit the upstream's address", request.path()))
        })?;
        let first = self.once(&url, request, allowed).await?;
        let refused = first.status == StatusCode::UNAUTHORIZED && !not_permitted(&first.body);
        if refused && self.authorizer.refused(first.stamp) {
            return self.once(&url, request, allowed).await;
        }
        Ok(first)
    }

    async fn once(
        &self,
        url: &Url,
        request: &ServiceRequest,
        allowed: &Allowed<'_>,
    ) -> Result<Received, SendError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if allowed.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in allowed.headers.iter().filter(|(name, _)| PASSED.contains(&name.as_str())) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        let stamp = self.authorizer.sign(&mut headers).await.map_err(|error| {
            let text = format!("no credential for `{}`: {error}", self.kind());
            match error.kind {
                AuthErrorKind::Transient => SendError::Unavailable(text),
                AuthErrorKind::NoCredential
                | AuthErrorKind::Configuration
                | AuthErrorKind::Refused
                | AuthErrorKind::ClaimsChallenge
                | AuthErrorKind::Expired => SendError::Unauthorized(text),
            }
        })?;
        let mut sent = self.client()?.request(request.method.clone(), url.clone()).headers(headers);
        if let Some(body) = allowed.body {
            sent = sent.body(body.to_vec());
        }
        let mut response = sent.send().await.map_err(|error| self.broken(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if (body.len() + chunk.len()) as u64 > allowed.largest && request.method != Method::HEAD {
                return Err(SendError::TooLarge(allowed.largest));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Received { status: response.status(), headers: response.headers().clone(), body, stamp })
    }

    fn broken(&self, error: &reqwest::Error) -> SendError {
        let text = format!("`{}` does not answer: {}", self.endpoint.host(), causes(error));
        SendError::Unavailable(self.authorizer.redact(&text))
    }
}

fn not_permitted(body: &[u8]) -> bool {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = body.pointer("/error/code").and_then(serde_json::Value::as_str).unwrap_or_default();
    NOT_PERMITTED.iter().any(|name| name.eq_ignore_ascii_case(code))
}

/// An error with what lies under it, without the URL: its query is the guest's own.
fn causes(error: &reqwest::Error) -> String {
    let what = if error.is_connect() { "no connection" } else { "the exchange broke off" };
    with_causes(what, error)
}
