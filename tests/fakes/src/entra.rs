//! Microsoft Entra's token endpoint over TLS: client secrets, and projected tokens exchanged for access tokens.
//!
//! It knows one application to begin with and trusts one federated identity: [`Projection::default`]. Both
//! credentials in one request, or anything but a form, is a violation and fails the test on drop.

mod certificate;
mod directory;
mod endpoint;
mod refusal;
#[cfg(test)]
mod tests;
mod tokens;

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use axum::{Router, http::HeaderMap};

pub use certificate::ClientCertificate;
pub use directory::{Application, Projection, Proof};
pub use tokens::{Holder, Minted, Tokens};

pub(crate) use tokens::epoch;

use crate::{server::Server, tls::TestAuthority};

/// A token request, as it was recorded.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// When, on the fake's clock.
    pub at: SystemTime,
    /// From the path.
    pub tenant: String,
    /// `client_id`.
    pub client_id: String,
    /// `scope`.
    pub scope: String,
    /// How the client proved itself.
    pub proof: Proof,
    /// Every field, credentials too.
    pub form: BTreeMap<String, String>,
    /// Every header.
    pub headers: HeaderMap,
}

/// How a token request fails.
#[derive(Debug, Clone)]
pub enum Failure {
    /// With the body of this number; an unknown number has Entra's shape and no particular words.
    Aadsts(u32),
    /// With a claims challenge (50076).
    ClaimsChallenge,
    /// With a proxy's page.
    Html503,
    /// With 429 and `Retry-After` in whole seconds.
    Throttled(Duration),
    /// The connection ends without an answer.
    Dropped,
    /// The connection stays open without an answer.
    Silent,
    /// With exactly this, as JSON unless a header says otherwise.
    Answer {
        /// The status.
        status: u16,
        /// Headers beside Entra's own.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
}

/// A running fake. Dropping it closes the port and every connection.
pub struct FakeEntra {
    server: Server,
    service: Arc<endpoint::Service>,
    application: Application,
}

impl FakeEntra {
    /// Starts it on a free port.
    pub async fn start(authority: &TestAuthority) -> Self {
        Self::start_on(authority, 0).await
    }

    /// Starts it on a port of its own, for example where another fake was dropped.
    ///
    /// # Panics
    ///
    /// If the port can not be had.
    pub async fn start_on(authority: &TestAuthority, port: u16) -> Self {
        let service = Arc::new(endpoint::Service::new());
        let application = service.desk().directory.register(Holder {
            tenant_id: "22222222-2222-4222-8222-222222222222".to_owned(),
            client_id: "33333333-3333-4333-8333-333333333333".to_owned(),
            object_id: "44444444-4444-4444-8444-444444444444".to_owned(),
        });
        let router = Router::new().fallback(endpoint::answer).with_state(Arc::clone(&service));
        let server = Server::start(port, Some(authority.issue(&[])), router).await;
        Self { server, service, application }
    }

    /// For `AZURE_AUTHORITY_HOST`: `https://127.0.0.1:PORT`.
    pub fn authority_host(&self) -> String {
        self.server.base()
    }

    /// Its port; the certificate is good for `localhost` too.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The application it knows from the beginning.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// For `AZURE_TENANT_ID`.
    pub fn tenant_id(&self) -> &str {
        &self.application.holder.tenant_id
    }

    /// For `AZURE_CLIENT_ID`.
    pub fn client_id(&self) -> &str {
        &self.application.holder.client_id
    }

    /// For `AZURE_CLIENT_SECRET`.
    pub fn client_secret(&self) -> &str {
        &self.application.client_secret
    }

    /// Makes another application known; it gets a secret and trusts the same federated identity.
    pub fn register(&self, holder: Holder) -> Application {
        self.service.desk().directory.register(holder)
    }

    /// Its tokens, for a data plane that checks them; lives on after the fake.
    pub fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.service.tokens)
    }

    /// Gives the first application a certificate; assertions signed with its key are exchanged from now on.
    ///
    /// # Panics
    ///
    /// If no key can be made.
    pub fn issue_client_certificate(&self) -> ClientCertificate {
        let (certificate, registered) = certificate::issue();
        self.service.desk().directory.trust(self.client_id(), registered);
        // The first lines are the modulus, which is public.
        let key = certificate.pem.lines().skip_while(|line| !line.contains("PRIVATE KEY")).skip(9);
        self.service.tokens.add_canaries(key.take(4).map(str::to_owned));
        certificate
    }

    /// Mints a projected token that can be exchanged from now on until its time is over.
    pub fn mint_assertion(&self, lifetime: Duration) -> String {
        self.mint_assertion_of(&Projection::default(), lifetime)
    }

    /// Mints a projected token with other claims, for the refusals 700211 to 700213.
    pub fn mint_assertion_of(&self, projection: &Projection, lifetime: Duration) -> String {
        let now = self.service.tokens.now();
        let minted = self.service.desk().directory.project(projection, now, lifetime);
        self.service.tokens.add_canaries(minted.canaries);
        minted.text
    }

    /// Every projected token so far was rotated out: exchanging one is refused with 700024.
    pub fn retire_assertions(&self) {
        self.service.desk().directory.retire_assertions();
    }

    /// The lifetime of tokens from now on. `expires_in` says it in whole seconds, at least one.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.service.desk().lifetime = lifetime;
    }

    /// `refresh_in` of answers from now on.
    pub fn set_refresh_in(&self, after: Option<Duration>) {
        self.service.desk().refresh_in = after;
    }

    /// Waits so long before each answer.
    pub fn set_delay(&self, delay: Duration) {
        self.service.desk().delay = delay;
    }

    /// The next request fails; several calls queue up, before [`FakeEntra::fail_always`].
    pub fn fail_next(&self, failure: Failure) {
        self.service.desk().next.push_back(failure);
    }

    /// Every request fails, until `None`.
    pub fn fail_always(&self, failure: Option<Failure>) {
        self.service.desk().always = failure;
    }

    /// The token requests so far; of very many, the last 5000.
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.service.desk().requests.iter().cloned().collect()
    }

    /// How many token requests there were, refused ones included.
    pub fn asked(&self) -> usize {
        self.service.desk().asked
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.service.desk().violations)
    }

    /// Everything that no output may contain: secrets, parts of projected tokens and of access tokens.
    pub fn canaries(&self) -> Vec<String> {
        let mut canaries: Vec<String> = self.service.desk().directory.secrets().collect();
        canaries.extend(self.service.tokens.canaries());
        canaries
    }
}

impl Drop for FakeEntra {
    fn drop(&mut self) {
        let violations = self.take_violations();
        assert!(violations.is_empty() || thread::panicking(), "requests to the fake Entra: {violations:#?}");
    }
}
