//! The HTTP client of all models of a registry, made when the first one is called.
//!
//! Making it reads every root certificate of the system, which `builtin/triage` never needs. It follows no
//! redirects, because one would carry the credential to another host.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{Client, redirect::Policy};

use crate::{LlmError, LlmErrorKind};

/// A host that does not take a connection in this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A clone is the same client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transport(Arc<OnceLock<Client>>);

impl Transport {
    /// The client, made now if it was not yet.
    pub(crate) fn client(&self) -> Result<&Client, LlmError> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("holmes-host/", env!("CARGO_PKG_VERSION")));
        let client = builder.build().map_err(|error| {
            let text = format!(
                "no HTTPS client: {}; is there a CA bundle, and does SSL_CERT_FILE name one?",
                innermost(&error)
            );
            LlmError::new(LlmErrorKind::Unavailable, text)
        })?;
        // Two that are made at once are alike; the first stays.
        Ok(self.0.get_or_init(|| client))
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
