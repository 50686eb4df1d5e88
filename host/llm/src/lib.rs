//! Models: the registry, the neutral request, and the protocols that speak it. Floor 2.
//!
//! This crate knows no toolset and no loop. A model is a [`ChatModel`]; everything a provider's wire
//! format can do wrong ends here as an [`LlmError`] with a kind.

mod builtin;
mod error;
mod events;
mod openai;
mod registry;
mod request;
mod retry;
mod settings;
mod sse;
mod windows;

use std::time::Duration;

use futures::stream::BoxStream;

pub use builtin::{BUILTIN_TRIAGE, BuiltinTriage, render_findings};
pub use error::{LlmError, LlmErrorKind};
pub use registry::{Config, Listed, ModelList, ModelState, Registry, RegistryError};
pub use request::{ChatEvent, ChatReply, ChatRequest, FinishReason};
pub use retry::Policy as RetryPolicy;
pub use settings::Settings;

/// A host that does not take a connection in this time is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client for models: no redirects, because a redirect would carry the key to another host.
pub fn client() -> Result<reqwest::Client, LlmError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("holmes-host/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| {
        LlmError::new(LlmErrorKind::Unavailable, format!("the HTTP client can not be made: {error}"))
    })
}

/// Something that answers a conversation.
pub trait ChatModel: Send + Sync {
    /// The name people use for it: a key of the model list, or `builtin/triage`.
    fn name(&self) -> &str;

    /// Tokens that fit into one request and its answer.
    fn window(&self) -> u64;

    /// Sends the conversation. The stream ends with exactly one [`ChatEvent::Finished`], or with an error;
    /// an error after a [`ChatEvent::TextDelta`] means the answer was cut. Dropping it cancels the request.
    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>>;
}
