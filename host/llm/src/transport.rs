//! The HTTP clients of all models of a registry, made when the first one is called.
//!
//! Making one reads every root certificate of the system, which `builtin/triage` never needs. None
//! follows redirects, because one would carry the credential to another host. What goes to this machine passes
//! no proxy: it may go in clear text only because nobody else sees it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{Client, Url, redirect::Policy};

use crate::{LlmError, LlmErrorKind, endpoint::is_loopback};

/// A host that does not take a connection in this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A clone has the same clients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transport(Arc<Clients>);

#[derive(Debug, Default)]
struct Clients {
    /// Through the proxies of the environment.
    outside: OnceLock<Client>,
    /// To this machine.
    here: OnceLock<Client>,
}

impl Transport {
    /// The client for an address, made now if it was not yet.
    pub(crate) fn client(&self, url: &Url) -> Result<&Client, LlmError> {
        let here = is_loopback(url);
        let place = if here { &self.0.here } else { &self.0.outside };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("holmes-host/", env!("CARGO_PKG_VERSION")));
        let builder = if here { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| {
            let text = format!(
                "no HTTPS client: {}; is there a CA bundle, and does SSL_CERT_FILE name one?",
                innermost(&error)
            );
            LlmError::new(LlmErrorKind::Unavailable, text)
        })?;
        // Two that are made at once are alike; the first stays.
        Ok(place.get_or_init(|| client))
    }
}

/// The cause that helps: what is around it says "builder error".
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
