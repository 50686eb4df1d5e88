//! What an investigation emits while it runs; a terminal and an event stream show the same events.

use serde::{Deserialize, Serialize};

use crate::{TokenUsage, ToolCall, ToolCallId, ToolStatus, ToolsetName};

/// One step of progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The model is called for the `step`th time.
    ModelStarted {
        /// From 1.
        step: u32,
    },
    /// A piece of the message that is being written.
    TextDelta {
        /// The piece.
        text: String,
        /// The step that writes it.
        step: u32,
    },
    /// A model call failed before its first byte and is tried again.
    Retry {
        /// Why, without secrets.
        reason: String,
        /// Until the next try, in milliseconds.
        wait_ms: u64,
    },
    /// The model can not answer, and another one does in its place.
    FellBack {
        /// The name of the one that is asked instead.
        model: String,
        /// Why, without secrets.
        reason: String,
    },
    /// The model finished a message that is not the answer.
    AssistantMessage {
        /// Its text; may be empty.
        text: String,
        /// The calls it asks for.
        tool_calls: Vec<ToolCall>,
    },
    /// A tool call begins.
    ToolStarted {
        /// Number within the conversation, from 1.
        number: u32,
        /// The call.
        call: ToolCall,
        /// The toolset that serves it, if the tool exists.
        toolset: Option<ToolsetName>,
    },
    /// A tool call ended; calls end in any order.
    ToolFinished {
        /// Number within the conversation.
        number: u32,
        /// The call.
        call_id: ToolCallId,
        /// The tool.
        name: String,
        /// The toolset that served it.
        toolset: Option<ToolsetName>,
        /// The arguments, redacted.
        arguments: String,
        /// How it ended.
        status: ToolStatus,
        /// What the model reads of it.
        text: String,
        /// Whether something was left out.
        truncated: bool,
        /// Duration in milliseconds.
        elapsed_ms: u64,
    },
    /// Tokens so far.
    Usage {
        /// The sum over the run.
        usage: TokenUsage,
    },
}
