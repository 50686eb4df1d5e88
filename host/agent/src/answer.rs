//! How an investigation ended.

use holmes_protocol::{Message, Report, TokenUsage, ToolCallId, ToolStatus, ToolsetName};
use serde::{Deserialize, Serialize};

/// Why an investigation stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The model answered.
    Answered,
    /// The step limit was reached; the answer was made from what was known.
    StepLimit,
    /// The model ran into its output limit; the answer is cut.
    Cut,
    /// The model failed in the middle of the answer; what it had written is kept.
    Broken,
    /// Somebody interrupted; the answer is what there was.
    Interrupted,
}

/// One tool call of the investigation, as it is shown to people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Number within the conversation, from 1.
    pub number: u32,
    /// The call.
    pub id: ToolCallId,
    /// The tool as the model spelt it.
    pub tool: String,
    /// The toolset that served it.
    pub toolset: Option<ToolsetName>,
    /// The arguments, redacted.
    pub arguments: String,
    /// How it ended.
    #[serde(rename = "outcome")]
    pub status: ToolStatus,
    /// What the model read of it.
    pub text: String,
    /// Bytes of that.
    pub size: usize,
    /// Whether something was left out.
    pub truncated: bool,
    /// Duration in milliseconds.
    pub elapsed_ms: u64,
}

/// The outcome of an investigation.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Markdown; redacted.
    pub text: String,
    /// Why it stopped.
    pub ending: Ending,
    /// What triage found, if it ran.
    pub report: Option<Box<Report>>,
    /// The whole conversation, system message first, the answer last.
    pub messages: Vec<Message>,
    /// Every tool call, in order.
    pub calls: Vec<CallRecord>,
    /// Calls of the model.
    pub model_calls: u32,
    /// Tokens of all of them.
    pub usage: TokenUsage,
    /// The name of the model that answered.
    pub model: String,
}
