//! Chat Completions: Azure's deployments, `OpenAI`, and every server that speaks like it.

pub(crate) mod address;
pub(crate) mod mapping;
pub(crate) mod stream;
mod wire;
