//! What crosses a boundary of holmes-host: data only, no async, no I/O. Floor 0.
//!
//! Every other crate may use these types; this crate knows none of them. Serialised forms are part of
//! the product: `ask --output json`, the server's history and the reports of toolsets are made of them.

mod event;
mod finding;
mod id;
mod message;
mod tool;
mod tool_error;
mod usage;

pub use event::Event;
pub use finding::{
    Change, Command, Confidence, Coverage, Evidence, EvidenceKind, Finding, Limits, ObjectReference,
    ObjectRole, ReadOutcome, Report, Severity, Stats, Suppressed, Symptom, UnknownRead, Verdict,
};
pub use id::{InvalidName, InvestigationId, ToolCallId, ToolName, ToolsetName};
pub use message::{Carried, Message};
pub use tool::{SideEffect, Source, ToolCall, ToolOutcome, ToolOutput, ToolSpec, ToolStatus};
pub use tool_error::{ToolError, ToolErrorKind};
pub use usage::TokenUsage;
