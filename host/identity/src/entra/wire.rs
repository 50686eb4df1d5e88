//! The network under the credentials: two clients, made when they are first needed and shared.
//!
//! Making one reads every root certificate of the system, which whoever has a key never needs.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
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
use futures::TryStreamExt;
use holmes_telemetry::with_causes;
use reqwest::{Client, redirect::Policy};

/// Entra is a few hundred milliseconds away, even through a proxy.
const CONNECT: Duration = Duration::from_secs(10);
/// With the answer; a person may be waiting.
const TOTAL: Duration = Duration::from_secs(30);

/// The ways out. Neither follows redirects: a credential goes where it was sent and nowhere else.
#[derive(Debug, Clone)]
pub(super) struct Wires {
    /// To Entra, through the proxies of the environment. Roots are the system's, or `SSL_CERT_FILE`'s.
    pub(super) entra: Arc<dyn HttpClient>,
    /// To the machine's own services, which no proxy reaches.
    pub(super) local: Arc<dyn HttpClient>,
}

impl Wires {
    pub(super) fn system() -> Self {
        let wire = |proxies| Arc::new(Wire { proxies, client: OnceLock::new() });
        Self { entra: wire(Proxies::OfTheEnvironment), local: wire(Proxies::None) }
    }
}

#[derive(Debug, Clone, Copy)]
enum Proxies {
    OfTheEnvironment,
    None,
}

#[derive(Debug)]
struct Wire {
    proxies: Proxies,
    client: OnceLock<Client>,
}

impl Wire {
    fn client(&self) -> azure_core::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).timeout(TOTAL);
        let builder = match self.proxies {
            Proxies::OfTheEnvironment => builder,
            Proxies::None => builder.no_proxy(),
        };
        let client = builder.build().map_err(|error| {
            let why = causes(error);
            let text =
                format!("no HTTPS client: {why}; is there a CA bundle, and does SSL_CERT_FILE name one?");
            SdkError::with_message(ErrorKind::Other, text)
        })?;
        // Two that are made at once are alike; the first stays.
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let unsendable = || SdkError::with_message(ErrorKind::Other, "the request can not be sent");
        let method = reqwest::Method::from_bytes(request.method().as_ref().as_bytes());
        let method = method.map_err(|_| unsendable())?;
        let mut outgoing = self.client()?.request(method, request.url().clone());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        let Body::Bytes(body) = request.body() else { return Err(unsendable()) };
        let failed = |error: reqwest::Error| SdkError::with_message(ErrorKind::Io, causes(error));
        let response = outgoing.body(body.clone()).send().await.map_err(failed)?;
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                headers
                    .insert(HeaderName::from(name.as_str().to_owned()), HeaderValue::from(value.to_owned()));
            }
        }
        let status = response.status().as_u16().into();
        let body = Box::pin(response.bytes_stream().map_err(failed));
        Ok(AsyncRawResponse::new(status, headers, body))
    }
}

/// An error with its causes and without its address, which the sentence names in its own way.
fn causes(error: reqwest::Error) -> String {
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let what = if timed_out { "it took too long".to_owned() } else { error.to_string() };
    with_causes(&what, &error)
}

#[cfg(test)]
mod tests;
