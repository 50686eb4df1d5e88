//! The conversation as the loop sees it, free of any provider's wire format.

use serde::{Deserialize, Serialize};

use crate::{Report, ToolCall, ToolCallId, ToolName, ToolStatus};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the host tells the model about its task. Never holds data from a cluster.
    System {
        /// The instructions.
        text: String,
    },
    /// What the person asked.
    User {
        /// The question, with attached files.
        text: String,
    },
    /// What the model wrote, and the tools it wants called.
    Assistant {
        /// The text; may be empty when tools are called.
        text: String,
        /// Calls in the model's order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool answered; already neutralised, redacted and bounded.
    Tool {
        /// The call that is answered.
        call_id: ToolCallId,
        /// The tool that answered.
        name: ToolName,
        /// How the call ended.
        status: ToolStatus,
        /// What the model reads.
        text: String,
        /// Structured findings of the result. They stay in the host and never cross a model's wire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Box<Report>>,
    },
}
