//! What a toolset is to the loop, and the one door its output passes. Floor 2.
//!
//! This crate knows neither Wasmtime nor a model: a toolset is a trait, and what a tool returned is
//! untrusted text until [`door::Door`] has neutralised, redacted and bounded it.

pub mod door;
pub mod neutralise;
pub mod redact;
mod registry;
mod schema;

use std::sync::Arc;

use futures::future::BoxFuture;
use holmes_protocol::{InvestigationId, ToolCallId, ToolName, ToolOutcome, ToolSpec, ToolsetName};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use registry::{Registry, RegistryError, Unavailable};

/// A named set of tools. The sandbox implements it for components.
pub trait Toolset: Send + Sync {
    /// Unique in a host.
    fn name(&self) -> &ToolsetName;

    /// The toolset's own version.
    fn version(&self) -> &str;

    /// One line: what it is for.
    fn description(&self) -> &str;

    /// What the model is told about the toolset as a whole.
    fn instructions(&self) -> Option<&str>;

    /// The tools it serves.
    fn tools(&self) -> &[ToolSpec];

    /// Runs one tool. Dropping the future cancels the call and every request it has in flight.
    fn invoke(&self, invocation: Invocation, context: CallContext) -> BoxFuture<'_, ToolOutcome>;
}

/// One call whose tool exists and whose arguments fit its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The tool.
    pub tool: ToolName,
    /// The arguments: a JSON object.
    pub arguments: Value,
}

/// Who asks, until when, and how secrets are masked for this conversation.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The investigation the call belongs to.
    pub investigation: InvestigationId,
    /// The call.
    pub call_id: ToolCallId,
    /// The call has to end before; the toolset's own limit may be earlier.
    pub deadline: Instant,
    /// Ends the call early.
    pub cancellation: CancellationToken,
    /// Bytes of result that the model can still take.
    pub output_budget: u64,
    /// Makes the placeholders that stand in place of secrets.
    pub redactor: Arc<redact::Redactor>,
}
