//! A network for tests: every request is kept, and a function answers it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use azure_core::{
    Error as SdkError,
    error::ErrorKind,
    http::{
        AsyncRawResponse, HttpClient, Request,
        headers::{HeaderName, HeaderValue, Headers},
        request::Body,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Config, chain::Chain, wire::Wires};

/// A request as it left.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) body: String,
    pub(super) headers: HashMap<String, String>,
}

impl Sent {
    /// A field of the form or of the query.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let query = self.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let form = if self.body.is_empty() { query } else { &self.body };
        let url = azure_core::http::Url::parse(&format!("http://x/?{form}")).expect("a form");
        url.query_pairs().find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    }
}

/// What a request gets.
pub(super) enum Reply {
    Answer(u16, String),
    With(u16, &'static str, String, String),
    Nothing,
    Never,
}

impl Reply {
    pub(super) fn token(token: &str) -> Self {
        Self::Answer(200, format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{token}"}}"#))
    }
}

type Answers = dyn Fn(usize, &Sent) -> Reply + Send + Sync;

/// The network.
#[derive(Clone)]
pub(super) struct Fake {
    answers: Arc<Answers>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fake")
    }
}

impl Fake {
    /// Answers by the number of the request, from 0, and by the request.
    pub(super) fn new(answers: impl Fn(usize, &Sent) -> Reply + Send + Sync + 'static) -> Self {
        Self { answers: Arc::new(answers), sent: Arc::default() }
    }

    /// A network that nobody should use.
    pub(super) fn silent() -> Self {
        Self::new(|_, sent| panic!("nobody should ask {}", sent.url))
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no panic").clone()
    }

    pub(super) fn wire(&self) -> Arc<dyn HttpClient> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl HttpClient for Fake {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(body) = request.body() else { panic!("a form") };
        let headers = request.headers().iter();
        let sent = Sent {
            url: request.url().to_string(),
            body: String::from_utf8(body.to_vec()).expect("text"),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
                .collect(),
        };
        let number = {
            let mut all = self.sent.lock().expect("no panic");
            all.push(sent.clone());
            all.len() - 1
        };
        let mut headers = Headers::new();
        let (status, body) = match (self.answers)(number, &sent) {
            Reply::Answer(status, body) => (status, body),
            Reply::With(status, name, value, body) => {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
                (status, body)
            }
            Reply::Nothing => return Err(SdkError::with_message(ErrorKind::Io, "connection refused")),
            Reply::Never => std::future::pending().await,
        };
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

/// A chain that speaks to Entra and to the machine's services through fakes.
pub(super) fn chain(config: Config, entra: &Fake, local: &Fake) -> Chain {
    Chain::over(config, Wires { entra: entra.wire(), local: local.wire() }).expect("a valid configuration")
}

/// Something in the form of a projected token.
pub(super) fn projected_token(name: &str) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = part(r#"{"alg":"RS256"}"#.to_owned());
    format!("{header}.{}.{}", part(format!(r#"{{"sub":"{name}","exp":4102444800}}"#)), part(name.to_owned()))
}
