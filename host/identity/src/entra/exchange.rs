//! One token request to Entra: a fresh credential of `azure_identity`, tried again while the failure may pass.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, Secret, TokenCredential},
    http::{ClientMethodOptions, HttpClient},
};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};

use crate::{AuthError, AuthErrorKind};

use super::{
    attempt::Obtained,
    authority::Authority,
    dialect::Dialect,
    failure::{self, Tried},
    transport::{Capture, Route, Seen},
};

/// Pauses before the second and the third try. Whoever waits for a model does not want to wait longer.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1500)];
/// A hint of Entra's above this is not waited for here: the cache knows when to come back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// All tries together.
const TOTAL: Duration = Duration::from_secs(30);

/// Whose token, and where it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) wire: &'a Arc<dyn HttpClient>,
    pub(super) authority: &'a Authority,
    pub(super) tenant: &'a str,
    pub(super) client: &'a str,
    pub(super) scope: &'a str,
}

/// By what the client proves who it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof<'a> {
    Secret(&'a SecretString),
    /// A signed statement: the projected token, or one signed with a certificate's key.
    Assertion(&'a SecretString),
}

impl Exchange<'_> {
    /// # Errors
    /// What Entra said, or that it did not answer.
    pub(super) async fn run(&self, proof: Proof<'_>, source: &'static str) -> Result<Obtained, AuthError> {
        let attempts = async {
            let mut pauses = PAUSES.into_iter();
            loop {
                let error = match self.once(proof, source).await {
                    Ok(obtained) => return Ok(obtained),
                    Err(error) => error,
                };
                let Some(pause) = pauses.next().filter(|_| error.kind == AuthErrorKind::Transient) else {
                    return Err(error);
                };
                let pause = error.retry_after.unwrap_or_default().max(pause);
                if pause > LONGEST_PAUSE {
                    return Err(error);
                }
                sleep(pause).await;
            }
        };
        timeout(TOTAL, attempts).await.unwrap_or_else(|_| {
            let message = format!(
                "Entra at {} gave no token within {} s; is it reachable, and is a proxy needed?",
                self.authority.as_str(),
                TOTAL.as_secs()
            );
            Err(AuthError::new(AuthErrorKind::Transient, message))
        })
    }

    async fn once(&self, proof: Proof<'_>, source: &'static str) -> Result<Obtained, AuthError> {
        let capture = Capture::new(self.wire, Route::Unchanged, Dialect::Entra);
        let secret = match proof {
            Proof::Secret(secret) | Proof::Assertion(secret) => secret,
        };
        if let Ok(token) = self.ask(proof, &capture).await {
            return Ok(obtained(&token, &capture, source));
        }
        let tried = Tried {
            source,
            client: self.client,
            tenant: self.tenant,
            authority: self.authority.as_str(),
            secrets: &[secret],
        };
        Err(failure::of_entra(capture.seen(), &tried))
    }

    async fn ask(&self, proof: Proof<'_>, capture: &Arc<Capture>) -> azure_core::Result<AccessToken> {
        let client_options = capture.options(self.authority);
        match proof {
            Proof::Secret(secret) => {
                let secret = Secret::new(secret.expose_secret().to_owned());
                let options = ClientSecretCredentialOptions { client_options };
                let credential =
                    ClientSecretCredential::new(self.tenant, self.client.to_owned(), secret, Some(options))?;
                credential.get_token(&[self.scope], None).await
            }
            Proof::Assertion(assertion) => {
                let options = ClientAssertionCredentialOptions { client_options };
                let credential = ClientAssertionCredential::new(
                    self.tenant.to_owned(),
                    self.client.to_owned(),
                    Assertion(assertion.clone()),
                    Some(options),
                )?;
                credential.get_token(&[self.scope], None).await
            }
        }
    }
}

/// The library's token with what only the answer says.
pub(super) fn obtained(token: &AccessToken, capture: &Capture, source: &'static str) -> Obtained {
    let clock_offset_seconds = match capture.seen() {
        Some(Seen::Answer(answer)) => answer.clock_offset_seconds,
        Some(Seen::Nothing(_)) | None => None,
    };
    Obtained {
        token: SecretString::from(token.token.secret().to_owned()),
        expires_at: token.expires_on.into(),
        refresh_in: capture.refresh_in(),
        clock_offset_seconds,
        source,
    }
}

/// An assertion that is already there.
struct Assertion(SecretString);

impl fmt::Debug for Assertion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Assertion(..)")
    }
}

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}
