//! Anthropic's Messages: at Anthropic itself, in Microsoft Foundry, and behind gateways that speak like it.
//!
//! A pure mapping: bodies out, JSON texts in. Sending, signing and trying again are the call's.

pub(crate) mod endpoint;
pub(crate) mod mapping;
mod parameters;
pub(crate) mod stream;
pub(crate) mod thinking;
mod turns;
mod wire;
