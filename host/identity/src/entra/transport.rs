//! What stands between `azure_identity` and the network: it keeps the answer that the library's errors lose.
//!
//! One [`Capture`] serves one request. An answer that is no success, and a request without answer, become
//! errors of the kind that the library does not repeat; repeating is the chain's business. A success is
//! rebuilt before the library reads it (see [`Dialect`]).

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use azure_core::{
    Error as SdkError,
    cloud::{CloudConfiguration, CustomConfiguration},
    error::ErrorKind,
    http::{
        AsyncRawResponse, ClientOptions, HttpClient, Request, RetryOptions, Transport, Url,
        headers::{HeaderName, Headers},
    },
};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};

use super::{authority::Authority, dialect::Dialect};

/// An answer of Entra or of the metadata service is a few KiB; a page of a proxy may be anything.
const LONGEST_BODY: usize = 64 * 1024;

/// An answer as it came.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) clock_offset_seconds: Option<i64>,
    /// Empty where it held a token.
    pub(super) body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What became of a request.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// There was an answer, of any status.
    Answer(Answer),
    /// There was none; why.
    Nothing(String),
}

/// Where requests go instead of where the library sends them.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// As the library says.
    Unchanged,
    /// The same path at another scheme, host and port.
    Host(Url),
    /// App Service's endpoint and the header that opens it.
    AppService(Url, SecretString),
}

/// The transport of one credential object.
#[derive(Debug)]
pub(super) struct Capture {
    wire: Arc<dyn HttpClient>,
    route: Route,
    dialect: Dialect,
    seen: Mutex<Option<Seen>>,
    refresh_in: Mutex<Option<Duration>>,
}

impl Capture {
    pub(super) fn new(wire: &Arc<dyn HttpClient>, route: Route, dialect: Dialect) -> Arc<Self> {
        Arc::new(Self {
            wire: Arc::clone(wire),
            route,
            dialect,
            seen: Mutex::new(None),
            refresh_in: Mutex::new(None),
        })
    }

    /// Options of a credential that speaks through this transport: no repetition, and an authority always, so
    /// that the credential does not read `AZURE_AUTHORITY_HOST`.
    pub(super) fn options(self: &Arc<Self>, authority: &Authority) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        authority.as_str().clone_into(&mut cloud.authority_host);
        let transport: Arc<dyn HttpClient> = Arc::<Self>::clone(self);
        ClientOptions {
            transport: Some(Transport::new(transport)),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(CloudConfiguration::from(cloud))),
            ..ClientOptions::default()
        }
    }

    /// What became of the last request.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `refresh_in` of the last answer.
    pub(super) fn refresh_in(&self) -> Option<Duration> {
        *self.refresh_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    fn routed(&self, request: &Request) -> Request {
        let mut request = request.clone();
        match &self.route {
            Route::Unchanged => {}
            Route::Host(host) => {
                let mut url = host.clone();
                url.set_path(request.url().path());
                url.set_query(request.url().query());
                *request.url_mut() = url;
            }
            Route::AppService(endpoint, header) => {
                let mut url = endpoint.clone();
                let kept = request.url().clone();
                let kept =
                    kept.query_pairs().filter(|(name, _)| matches!(name.as_ref(), "resource" | "client_id"));
                url.query_pairs_mut().append_pair("api-version", "2019-08-01").extend_pairs(kept);
                *request.url_mut() = url;
                let name = HeaderName::from_static("x-identity-header");
                request.insert_header(name, header.expose_secret().to_owned());
            }
        }
        request
    }
}

#[async_trait]
impl HttpClient for Capture {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let final_kind = |message: String| SdkError::with_message(ErrorKind::Credential, message);
        let response = match self.wire.execute_request(&self.routed(request)).await {
            Ok(response) => read(response).await,
            Err(error) => Err(error),
        };
        let (mut answer, headers) = match response {
            Ok(response) => response,
            Err(error) => {
                self.note(Seen::Nothing(error.to_string()));
                return Err(final_kind("no answer".to_owned()));
            }
        };
        let status = answer.status;
        let rebuilt = if (200..300).contains(&status) { self.dialect.rebuild(&answer.body) } else { None };
        if rebuilt.is_some() {
            answer.body.clear();
        }
        self.note(Seen::Answer(answer));
        let Some((body, refresh_in)) = rebuilt else {
            return Err(final_kind(format!("status {status}")));
        };
        *self.refresh_in.lock().unwrap_or_else(PoisonError::into_inner) = refresh_in;
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

/// Reads an answer up to the limit; what comes after it is not needed for any error.
async fn read(response: AsyncRawResponse) -> azure_core::Result<(Answer, Headers)> {
    let (status, headers, mut stream) = response.deconstruct();
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let room = LONGEST_BODY.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            break;
        }
    }
    let header = |name: &'static str| headers.get_optional_str(&HeaderName::from_static(name));
    let now = SystemTime::now();
    let answer = Answer {
        status: u16::from(status),
        retry_after: header("retry-after").and_then(|value| wait(value, now)),
        clock_offset_seconds: header("date").and_then(|value| offset_seconds(value, now)),
        body,
    };
    Ok((answer, headers))
}

/// `Retry-After`: seconds, or a date.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let seconds = offset_seconds(value, now)?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// How much a date of HTTP is ahead of the local clock.
fn offset_seconds(value: &str, now: SystemTime) -> Option<i64> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    let now = jiff::Timestamp::try_from(now).ok()?;
    date.as_second().checked_sub(now.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_hint_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(wait("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait("0.5", now), Some(Duration::from_millis(500)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-1", "NaN", "1e300"] {
            assert_eq!(wait(nonsense, now), None, "{nonsense}");
        }
        assert_eq!(offset_seconds("Sun, 06 Nov 1994 08:47:37 GMT", now), Some(-120));
    }
}
