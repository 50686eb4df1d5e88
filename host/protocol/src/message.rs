//! The conversation as the loop sees it, free of any provider's wire format.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Report, ToolCall, ToolCallId, ToolName, ToolStatus};

/// An item of a provider that only that provider can read: encrypted reasoning, a signed thought. It goes
/// back to where it came from and nowhere else, neither to another model nor to a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// The deployment that made it, as its endpoint names itself.
    pub origin: String,
    /// The item as it was received.
    pub item: Value,
}

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
        /// Items that the provider wants back between the turns of one investigation.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        carried: Vec<Carried>,
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
