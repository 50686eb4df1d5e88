//! The HTTP server: `HolmesGPT`'s API over the loop. Floor 4; the only crate that links axum.
//!
//! It knows an agent and names of models, and neither a provider, a sandbox nor a configuration file. The
//! caller owns the listener and the shutdown future; the router is a function that needs no socket.

mod access;
mod error;
mod history;
mod models;
mod request;
mod response;
mod routes;
mod serve;
mod sse;
mod state;

use std::time::Duration;

pub use access::{Access, ApiKey, BindError, Unauthenticated, check_bind};
pub use models::Models;
pub use routes::router;
pub use serve::serve;
pub use state::{Redactors, State};

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who may ask; [`check_bind`] decides it together with the address.
    pub access: Access,
    /// Toolsets without which the server is not ready, by name.
    pub required_toolsets: Vec<String>,
    /// Investigations that run at once; one more is answered with 429. Each holds a model's stream and up
    /// to 16 tool calls, so that 64 are about a thousand connections.
    pub concurrent_investigations: usize,
    /// Bytes of a request's body. Long conversations with tool results are a few megabytes.
    pub body_bytes: usize,
    /// How long investigations in flight may go on after the shutdown began. Kubernetes gives a pod 30 s by
    /// default, of which some are over when the signal arrives.
    pub drain_limit: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            access: Access::Loopback,
            required_toolsets: Vec::new(),
            concurrent_investigations: 64,
            body_bytes: 8 * 1024 * 1024,
            drain_limit: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests;
