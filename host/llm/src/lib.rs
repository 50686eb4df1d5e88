//! Models: the registry, the neutral request, and the protocols that speak it. Floor 2.
//!
//! This crate knows no toolset and no loop. A model is a [`ChatModel`]; everything a provider's wire
//! format can do wrong ends here as an [`LlmError`] with a kind.

mod anthropic;
mod builtin;
mod call;
mod call_id;
mod dialect;
mod endpoint;
mod error;
mod events;
mod limiter;
mod openai;
mod parameters;
mod registry;
mod request;
mod responses;
mod retry;
mod settings;
mod sse;
mod transport;
mod windows;

use futures::stream::BoxStream;

pub use builtin::{BUILTIN_TRIAGE, BuiltinTriage, render_findings};
pub use error::{LlmError, LlmErrorKind};
pub use registry::{
    AuthFacts, AuthMethod, Config, Facts, Listed, ModelList, ModelState, ReachError, Registry, RegistryError,
};
pub use request::{ChatEvent, ChatReply, ChatRequest, FinishReason};
pub use retry::Policy as RetryPolicy;
pub use settings::Settings;

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
