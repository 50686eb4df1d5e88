//! A secret from the configuration on a header: an API key, or a token that somebody else keeps fresh.

use std::fmt;

use futures::future::{BoxFuture, ready};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use crate::{AuthError, AuthErrorKind, Authorizer, Readiness, Stamp};

/// Fixed headers: at most one credential, and what a gateway wants beside it.
#[derive(Clone, Default)]
pub struct Fixed {
    headers: Vec<(HeaderName, SecretString)>,
}

impl Fixed {
    /// Nothing at all, for a server that wants no credential.
    pub fn none() -> Self {
        Self::default()
    }

    /// A key on a header of its own: `api-key`, `x-api-key`.
    pub fn key(name: HeaderName, key: SecretString) -> Self {
        Self { headers: vec![(name, key)] }
    }

    /// `Authorization: Bearer`.
    pub fn bearer(token: &SecretString) -> Self {
        Self::key(AUTHORIZATION, SecretString::from(format!("Bearer {}", token.expose_secret())))
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.headers.iter().map(|(name, _)| name)).finish()
    }
}

impl Authorizer for Fixed {
    fn sign<'a>(&'a self, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<Stamp, AuthError>> {
        for (name, value) in &self.headers {
            let Ok(mut value) = HeaderValue::from_str(value.expose_secret()) else {
                let message = "the credential holds characters that no header can carry";
                return Box::pin(ready(Err(AuthError::new(AuthErrorKind::Configuration, message))));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Box::pin(ready(Ok(Stamp(0))))
    }

    /// The same secret would be refused again.
    fn refused(&self, _stamp: Stamp) -> bool {
        false
    }

    fn redact(&self, text: &str) -> String {
        let secrets = self.headers.iter().map(|(_, value)| value.expose_secret());
        let secrets = secrets.map(|secret| secret.strip_prefix("Bearer ").unwrap_or(secret));
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }
}
