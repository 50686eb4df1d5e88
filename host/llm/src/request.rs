//! What is asked of a model and what it answers, free of any provider's wire format.

use std::time::Duration;

use holmes_protocol::{Carried, Message, TokenUsage, ToolCall, ToolSpec};

/// One call of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The conversation. Every tool call in it is answered once, in order.
    pub messages: Vec<Message>,
    /// The tools on offer; empty when the model has to answer now.
    pub tools: Vec<ToolSpec>,
}

impl ChatRequest {
    /// Leaves out what only some provider can read.
    pub(crate) fn forget_carried(&mut self) {
        for message in &mut self.messages {
            if let Message::Assistant { carried, .. } = message {
                carried.clear();
            }
        }
    }
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It had said what it had to say.
    Stop,
    /// It wants tools called.
    ToolCalls,
    /// It ran into its output limit: the text is cut.
    Length,
    /// The provider's content filter stopped it.
    ContentFilter,
}

/// A whole message of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatReply {
    /// The text; may be empty when tools are called.
    pub text: String,
    /// Calls in the model's order.
    pub tool_calls: Vec<ToolCall>,
    /// What the provider wants back with the results of these calls.
    pub carried: Vec<Carried>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// Tokens, if the provider counted them.
    pub usage: TokenUsage,
    /// The model that answered, by the provider's own name.
    pub model: String,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// The next piece of the text.
    TextDelta(String),
    /// Nothing was delivered yet and the call is tried again.
    Retry {
        /// Why, without secrets.
        reason: String,
        /// Until the next try.
        wait: Duration,
    },
    /// Nothing was delivered yet, and another model answers in this one's place.
    FellBack {
        /// Its name.
        model: String,
        /// Why, without secrets.
        reason: String,
    },
    /// The end.
    Finished(ChatReply),
}
