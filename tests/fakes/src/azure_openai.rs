//! Azure `OpenAI`'s data plane: Chat Completions and Responses on the classic and the v1 paths, and Claude's
//! Messages, as Foundry serves them.
//!
//! It takes a key or a token of the directory it was given, never both. A request that breaks the rules of
//! its protocol is recorded as a violation, answered 418, and fails the test when the fake is dropped.

mod chat;
mod endpoint;
mod messages;
mod refusal;
mod responses;
mod route;
mod rules;
mod said;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use axum::{Router, http::HeaderMap};
use serde_json::Value;

pub use refusal::{Hint, Refusal};
pub use route::Protocol;

use crate::{Turn, entra::Tokens, server::Server, tls::TestAuthority};

/// What the service does with the next request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Takes a turn of the conversation, in the protocol of the request.
    Turn(Turn),
    /// Refuses.
    Refuse(Refusal),
}

impl From<Turn> for Step {
    fn from(turn: Turn) -> Self {
        Self::Turn(turn)
    }
}

impl From<Refusal> for Step {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// What is odd about this service, or about the model behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// No content filter says anything: no empty first chunk, as with a resource that has none.
    NoFilter,
    /// The asynchronous filter: a chunk without `delta` comes after the finish reason.
    TrailingFilter,
    /// Text ends early, with `content_filter` as its finish reason (chat only).
    FilteredMidway,
    /// A chat stream ends without `[DONE]`.
    NoDone,
    /// A chat stream ends without a finish reason and without `[DONE]`.
    NoFinish,
    /// The model reasons: `max_tokens`, `temperature` other than 1 and their kind are refused.
    ReasoningModel,
    /// Chat refuses function tools together with reasoning, and names the other API.
    ToolsNeedResponses,
    /// The model has no chat: `OperationNotSupported`.
    NoChat,
    /// The model has no Responses: `OperationNotSupported`.
    NoResponses,
}

/// How to answer without a script: a call first, then a text, for ever.
#[derive(Debug, Clone)]
pub struct Endless {
    /// The tool that is called when the conversation holds no result yet, if the request offers it.
    pub tool: String,
    /// What it is called with.
    pub arguments: Value,
    /// What is said once there is a result, or if the tool is not offered.
    pub text: String,
}

/// How a request proved itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A key: `api-key`; on Claude's path `x-api-key`.
    Key(String),
    /// A bearer token.
    Bearer(String),
    /// Nothing.
    None,
}

/// A request, as it was recorded.
#[derive(Debug, Clone)]
pub struct AzureRequest {
    /// Path and query.
    pub target: String,
    /// The headers, credentials too.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
    /// How it proved itself.
    pub credential: Credential,
    /// What it was answered with; 418 for a violation.
    pub status: u16,
}

/// A running fake. Dropping it closes the port, cuts every connection and checks the conversations.
pub struct FakeAzureOpenAi {
    server: Server,
    service: Arc<endpoint::Service>,
}

impl FakeAzureOpenAi {
    /// Starts it over TLS on a free port. It accepts its key, and tokens of this directory.
    pub async fn start(authority: &TestAuthority, tokens: Arc<Tokens>) -> Self {
        Self::start_on(Some(authority), tokens, 0).await
    }

    /// Starts it without TLS, for clients that take plain HTTP on loopback.
    pub async fn start_plain(tokens: Arc<Tokens>) -> Self {
        Self::start_on(None, tokens, 0).await
    }

    /// Starts it on a port of its own; without an authority, in the clear.
    ///
    /// # Panics
    ///
    /// If the port can not be had.
    pub async fn start_on(authority: Option<&TestAuthority>, tokens: Arc<Tokens>, port: u16) -> Self {
        let service = Arc::new(endpoint::Service::new(tokens));
        let router = Router::new().fallback(endpoint::answer).with_state(Arc::clone(&service));
        let server = Server::start(port, authority.map(|authority| authority.issue(&[])), router).await;
        Self { server, service }
    }

    /// For `AZURE_API_BASE`, without a slash at its end.
    pub fn base(&self) -> String {
        self.server.base()
    }

    /// For a base that names the v1 API.
    pub fn v1_base(&self) -> String {
        format!("{}/openai/v1", self.server.base())
    }

    /// For Claude in Foundry.
    pub fn anthropic_base(&self) -> String {
        format!("{}/anthropic", self.server.base())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The only key it accepts.
    pub fn api_key(&self) -> &str {
        &self.service.api_key
    }

    /// Adds steps to the script. Every request that passes the service's checks takes one.
    pub fn play<S: Into<Step>>(&self, steps: impl IntoIterator<Item = S>) {
        self.service.desk().script.extend(steps.into_iter().map(Into::into));
    }

    /// What happens when the script is over; without it, that is a violation.
    pub fn set_endless(&self, endless: Option<Endless>) {
        self.service.desk().endless = endless;
    }

    /// Refuses every request in this way, before the script is asked, until `None`.
    pub fn refuse_always(&self, refusal: Option<Refusal>) {
        self.service.desk().always = refusal;
    }

    /// Replaces the oddities.
    pub fn set_quirks(&self, quirks: impl IntoIterator<Item = Quirk>) {
        self.service.desk().settings.quirks = BTreeSet::from_iter(quirks);
    }

    /// The model that answers name; it need not resemble the deployment.
    pub fn set_model(&self, model: &str) {
        model.clone_into(&mut self.service.desk().settings.model);
    }

    /// The deployments that exist; without a list, every name does.
    pub fn set_deployments(&self, names: &[&str]) {
        self.service.desk().settings.deployments = Some(names.iter().map(|&name| name.to_owned()).collect());
    }

    /// The audiences whose tokens it takes. At first `cognitiveservices.azure.com` and `ai.azure.com`.
    pub fn set_audiences(&self, audiences: &[&str]) {
        self.service.desk().settings.audiences = audiences.iter().map(|&name| name.to_owned()).collect();
    }

    /// Waits so long before each answer.
    pub fn set_delay(&self, delay: Duration) {
        self.service.desk().settings.delay = delay;
    }

    /// Sends streams in pieces of so many bytes, through the middle of characters and frames.
    pub fn set_read_size(&self, bytes: Option<usize>) {
        self.service.desk().settings.read_size = bytes;
    }

    /// The requests so far; of very many, the last 1000.
    pub fn requests(&self) -> Vec<AzureRequest> {
        self.service.desk().requests.iter().cloned().collect()
    }

    /// How many requests there were, refused ones included.
    pub fn asked(&self) -> usize {
        self.service.desk().asked
    }

    /// Steps that nobody has asked for yet.
    pub fn steps_left(&self) -> usize {
        self.service.desk().script.len()
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.service.desk().violations)
    }

    /// Everything that no output may contain: its key, and its directory's tokens.
    pub fn canaries(&self) -> Vec<String> {
        let mut canaries = self.service.tokens.canaries();
        canaries.push(self.service.api_key.clone());
        canaries
    }
}

impl Drop for FakeAzureOpenAi {
    fn drop(&mut self) {
        let violations = self.take_violations();
        let fine = violations.is_empty() || thread::panicking();
        assert!(fine, "requests to the fake Azure OpenAI: {violations:#?}");
    }
}
