//! Responses: what newer reasoning models want spoken to them, on Azure and at `OpenAI`.
//!
//! Nothing is kept at the provider (`store: false`); what a model thought comes back encrypted, is carried
//! with the conversation, and goes back to the deployment that made it and to no other.

mod item;
pub(crate) mod mapping;
mod output;
pub(crate) mod stream;
mod wire;
