//! Events of an investigation into `HolmesGPT`'s events, in the order its clients know.
//!
//! One step: (`text_delta`…) `token_count`, `ai_message` if there is text, every `start_tool_calling`, each
//! `tool_calling_result`, `token_count`. The last: (`text_delta`…) `token_count`, `ai_answer_end` or `error`.

use std::collections::HashSet;

use holmes_agent::{AgentError, Answer};
use holmes_protocol::{Event, TokenUsage, ToolCall, ToolCallId};
use serde_json::{Value, json};

use crate::{
    error::ApiError,
    history,
    response::{self, Call, NoData},
};

/// One event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) name: &'static str,
    pub(crate) data: Value,
}

/// Whether pieces of text are events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextDeltas {
    Shown,
    Hidden,
}

/// Translates one investigation.
#[derive(Debug)]
pub(crate) struct Translator {
    text_deltas: TextDeltas,
    window: u64,
    usage: TokenUsage,
    announced: HashSet<ToolCallId>,
    running: HashSet<ToolCallId>,
}

impl Translator {
    /// `window` is the number of tokens that fit the model.
    pub(crate) fn new(text_deltas: TextDeltas, window: u64) -> Self {
        let (announced, running) = (HashSet::new(), HashSet::new());
        Self { text_deltas, window, usage: TokenUsage::default(), announced, running }
    }

    /// What a client sees of an event.
    pub(crate) fn event(&mut self, event: Event) -> Vec<Frame> {
        match event {
            Event::ModelStarted { .. } | Event::Retry { .. } | Event::FellBack { .. } => Vec::new(),
            Event::TextDelta { text, step } => match self.text_deltas {
                TextDeltas::Shown => vec![delta(&text, step)],
                TextDeltas::Hidden => Vec::new(),
            },
            Event::Usage { usage } => {
                self.usage = usage;
                vec![self.token_count()]
            }
            Event::AssistantMessage { text, tool_calls } => self.message(&text, &tool_calls),
            Event::ToolStarted { call, .. } => self.start(&call).into_iter().collect(),
            Event::ToolFinished { call_id, name, toolset, arguments, status, text, elapsed_ms, .. } => {
                let call = Call {
                    id: call_id.as_str(),
                    tool: &name,
                    toolset: toolset.as_ref(),
                    arguments: &arguments,
                    status,
                    text: &text,
                    elapsed_ms,
                };
                let mut frames = vec![finished(&call)];
                self.running.remove(&call_id);
                if self.running.is_empty() {
                    frames.push(self.token_count());
                }
                frames
            }
        }
    }

    /// The last event, whatever came before.
    pub(crate) fn end(result: &Result<Answer, AgentError>) -> Frame {
        match result {
            Ok(answer) => Frame {
                name: "ai_answer_end",
                data: json!({
                    "analysis": answer.text,
                    "conversation_history": history::write(&answer.messages),
                    "follow_up_actions": [],
                    "metadata": response::metadata(answer),
                }),
            },
            Err(error) => failure(&ApiError::from(error)),
        }
    }

    fn message(&mut self, text: &str, calls: &[ToolCall]) -> Vec<Frame> {
        let mut frames = Vec::new();
        if !text.trim().is_empty() {
            let metadata = json!({ "usage": response::usage(&self.usage) });
            let data = json!({ "content": text, "reasoning": null, "metadata": metadata });
            frames.push(Frame { name: "ai_message", data });
        }
        // All of them now: the agent starts no more than a few at a time, but clients expect the list first.
        frames.extend(calls.iter().filter_map(|call| self.start(call)));
        frames
    }

    fn start(&mut self, call: &ToolCall) -> Option<Frame> {
        if !self.announced.insert(call.id.clone()) {
            return None;
        }
        self.running.insert(call.id.clone());
        let data = json!({ "tool_name": call.name, "id": call.id });
        Some(Frame { name: "start_tool_calling", data })
    }

    fn token_count(&self) -> Frame {
        let metadata = json!({ "usage": response::usage(&self.usage), "max_tokens": self.window });
        Frame { name: "token_count", data: json!({ "metadata": metadata }) }
    }
}

/// A failure after the stream began.
fn failure(error: &ApiError) -> Frame {
    error.log();
    let text = error.external();
    let data = json!({ "description": text, "error_code": error.code(), "msg": text, "success": false });
    Frame { name: "error", data: error.with_findings(data) }
}

fn delta(text: &str, step: u32) -> Frame {
    Frame { name: "text_delta", data: json!({ "content": text, "kind": "answer", "step": step }) }
}

fn finished(call: &Call<'_>) -> Frame {
    let data = json!({
        "tool_call_id": call.id,
        "tool_name": call.tool,
        "name": call.tool,
        "description": call.description(),
        "role": "tool",
        "result": call.result(NoData::EmptyString),
        "toolset_name": call.toolset,
    });
    Frame { name: "tool_calling_result", data }
}
