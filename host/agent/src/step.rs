//! What a run wants done next. The run decides, the driver acts.

use holmes_llm::ChatRequest;
use holmes_protocol::ToolCall;

use crate::{AgentError, Answer};

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call the model, then report with `model_replied` or `model_failed`.
    CallModel(ChatRequest),
    /// Run these tools, then report with `tools_finished`. The arguments are as the model wrote them.
    CallTools(Vec<ToolCall>),
    /// It is over.
    Finish(Result<Box<Answer>, AgentError>),
}
