//! Reads of the API server: GET alone, each bounded in bytes, time and attempts.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use holmes_identity::{Cluster, ClusterError};
use http::{Request, header};
use serde::Deserialize;

use super::RecordError;
use crate::upstream::path;

/// A page of 500 objects takes a loaded API server some seconds; past a minute it cuts requests off itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Of an error's body only the message is of interest.
const LARGEST_STATUS: usize = 64 << 10;

/// An API server that asks for a pause (429) is heard that many times.
const PAUSES: u32 = 5;

/// The longest pause that is kept: servers ask for one second.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Why a read has no content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 401: no further request will fare better.
    Unauthorized,
    /// 403.
    Forbidden(String),
    /// 410: the page's token is too old.
    Expired,
    /// More bytes than asked for.
    TooLarge,
    /// Any other status, or 503 for no answer.
    Failed {
        /// The HTTP status.
        status: u16,
        /// The server's words, not redacted yet.
        message: String,
    },
}

impl Refusal {
    fn unanswered(message: String) -> Self {
        Self::Failed { status: 503, message }
    }

    /// For whoever can not do without the content.
    pub(super) fn fatal(self) -> RecordError {
        match self {
            Self::Unauthorized => RecordError::Unauthorized,
            Self::Forbidden(_) => RecordError::NothingPermitted,
            Self::Expired | Self::TooLarge => RecordError::Discovery("an unexpected answer".to_owned()),
            Self::Failed { message, .. } => RecordError::Discovery(message),
        }
    }
}

/// The API server.
pub(super) struct Api<'a> {
    cluster: &'a Cluster,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

impl<'a> Api<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        Self { cluster }
    }

    /// The whole body of an answer with status 200.
    pub(super) async fn get(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        largest: usize,
    ) -> Result<Bytes, Refusal> {
        let uri = uri(segments, query);
        for _ in 0..PAUSES {
            let once = tokio::time::timeout(PATIENCE, self.once(&uri, largest)).await;
            let seconds = PATIENCE.as_secs();
            match once.map_err(|_| Refusal::unanswered(format!("no answer within {seconds} s")))? {
                Answer::Body(body) => return Ok(body),
                Answer::Refused(refusal) => return Err(refusal),
                Answer::Later(pause) => tokio::time::sleep(pause).await,
            }
        }
        Err(Refusal::Failed { status: 429, message: "too many requests".to_owned() })
    }

    async fn once(&self, uri: &str, largest: usize) -> Answer {
        let request = Request::get(uri).header(header::ACCEPT, "application/json, */*").body(Vec::new());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Answer::Refused(Refusal::unanswered(error.to_string())),
        };
        let response = match self.cluster.send(request).await {
            Ok(response) => response,
            Err(ClusterError::Credential(_)) => return Answer::Refused(Refusal::Unauthorized),
            Err(ClusterError::Unavailable(reason)) => {
                return Answer::Refused(Refusal::unanswered(reason));
            }
        };
        let (parts, mut stream) = response.into_parts();
        let status = parts.status.as_u16();
        if status == 429 {
            let seconds = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(1);
            return Answer::Later(Duration::from_secs(seconds).min(LONGEST_PAUSE));
        }
        let largest = if status == 200 { largest } else { LARGEST_STATUS };
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => body.extend_from_slice(&chunk),
                Err(error) => return Answer::Refused(Refusal::unanswered(error.to_string())),
            }
            if body.len() > largest && status == 200 {
                return Answer::Refused(Refusal::TooLarge);
            }
            body.truncate(largest);
        }
        if status == 200 { Answer::Body(body.freeze()) } else { Answer::Refused(refusal(status, &body)) }
    }
}

enum Answer {
    Body(Bytes),
    Refused(Refusal),
    Later(Duration),
}

fn refusal(status: u16, body: &[u8]) -> Refusal {
    let told = serde_json::from_slice(body).map(|status: Status| status.message).unwrap_or_default();
    let message = if told.is_empty() { format!("it answered {status}") } else { told };
    match status {
        401 => Refusal::Unauthorized,
        403 => Refusal::Forbidden(message),
        410 => Refusal::Expired,
        _ => Refusal::Failed { status, message },
    }
}

fn uri(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut uri = path::encode(segments);
    for (index, (key, value)) in query.iter().enumerate() {
        uri.push(if index == 0 { '?' } else { '&' });
        uri.push_str(key);
        uri.push('=');
        uri.push_str(path::encode(&[value]).trim_start_matches('/'));
    }
    uri
}
