//! Pieces into an answer. A whole answer is one piece, so both ways give the same result.

use holmes_protocol::{TokenUsage, ToolCall};
use serde_json::Value;

use super::{
    mapping,
    wire::{CallPiece, Chunk},
};
use crate::{ChatReply, FinishReason, LlmError, LlmErrorKind, call_id::call_id, dialect::Step};

/// An answer that is being put together.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    text: String,
    calls: Vec<PendingCall>,
    finish: Option<FinishReason>,
    usage: TokenUsage,
    model: String,
    done: bool,
}

#[derive(Debug, Default)]
struct PendingCall {
    index: u64,
    id: String,
    name: String,
    arguments: String,
}

impl Answer {
    /// Takes one JSON text: a chunk of a stream, or a whole answer.
    pub(crate) fn push(&mut self, data: &str) -> Result<Step, LlmError> {
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| {
            let message = "the server's answer is not what Chat Completions says: check `api_base`";
            LlmError::new(LlmErrorKind::Malformed, message)
        })?;
        match chunk.error.as_ref().filter(|error| !error.is_null()) {
            Some(error) => Ok(Step::Failed(error.clone())),
            None => Ok(Step::Text(self.push_chunk(chunk))),
        }
    }

    /// Takes a piece; returns the text in it.
    fn push_chunk(&mut self, chunk: Chunk) -> String {
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        if let Some(usage) = &chunk.usage {
            self.usage = mapping::usage(usage);
        }
        let mut piece = String::new();
        // One choice is asked for; a chunk without any carries usage or filter results.
        let Some(choice) = chunk.choices.and_then(|choices| choices.into_iter().next()) else { return piece };
        if let Some(delta) = choice.delta {
            piece.push_str(&delta.content.map(super::wire::Content::into_text).unwrap_or_default());
            piece.push_str(&delta.refusal.unwrap_or_default());
            for call in delta.tool_calls.into_iter().flatten() {
                self.push_call(call);
            }
        }
        if let Some(reason) = choice.finish_reason {
            self.finish = Some(finish_reason(&reason));
        }
        self.text.push_str(&piece);
        piece
    }

    /// `[DONE]`: nothing follows.
    pub(crate) fn end(&mut self) {
        self.done = true;
    }

    /// Whether the provider said that the answer is whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.done || self.finish.is_some()
    }

    /// The answer, if it is one.
    pub(crate) fn finish(self) -> Result<ChatReply, LlmError> {
        if !self.is_whole() {
            return Err(LlmError::new(
                LlmErrorKind::Cut,
                "the answer was cut off: the connection ended in the middle of it",
            ));
        }
        if self.finish.is_none() && self.text.is_empty() && self.calls.is_empty() {
            let message = "the server's answer holds no message: is this a Chat Completions endpoint?";
            return Err(LlmError::new(LlmErrorKind::Malformed, message));
        }
        let mut calls = self.calls;
        calls.sort_by_key(|call| call.index);
        let tool_calls: Vec<ToolCall> = calls.into_iter().map(PendingCall::into_call).collect();
        let finish = match self.finish.unwrap_or(FinishReason::Stop) {
            // Several servers say `stop` although they want tools called, and some the other way round.
            FinishReason::Stop | FinishReason::ToolCalls if tool_calls.is_empty() => FinishReason::Stop,
            FinishReason::Stop | FinishReason::ToolCalls => FinishReason::ToolCalls,
            other @ (FinishReason::Length | FinishReason::ContentFilter) => other,
        };
        let carried = Vec::new();
        Ok(ChatReply { text: self.text, tool_calls, carried, finish, usage: self.usage, model: self.model })
    }

    fn push_call(&mut self, piece: CallPiece) {
        let id = piece.id.unwrap_or_default();
        let (name, arguments) =
            piece.function.map_or((None, None), |function| (function.name, function.arguments));
        let last = self.calls.last().map_or(0, |call| call.index);
        // Without an index a piece belongs to the last call, unless it brings an id of its own.
        let index = piece.index.unwrap_or_else(|| if id.is_empty() { last } else { self.unused_index(&id) });
        let other = |call: &PendingCall| !id.is_empty() && !call.id.is_empty() && call.id != id;
        // Some servers number all parallel calls 0; a second id is a second call.
        let index = match self.calls.iter().find(|call| call.index == index) {
            Some(call) if other(call) => self.unused_index(&id),
            Some(_) | None => index,
        };
        if !self.calls.iter().any(|call| call.index == index) {
            self.calls.push(PendingCall { index, ..PendingCall::default() });
        }
        let Some(call) = self.calls.iter_mut().find(|call| call.index == index) else { return };
        if call.id.is_empty() {
            call.id = id;
        }
        if call.name.is_empty() {
            call.name = name.unwrap_or_default();
        }
        match arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            None | Some(Value::Null) => {}
            Some(value) => call.arguments.push_str(&value.to_string()),
        }
    }

    fn unused_index(&self, id: &str) -> u64 {
        let known = self.calls.iter().find(|call| call.id == id).map(|call| call.index);
        known.unwrap_or_else(|| self.calls.iter().map(|call| call.index + 1).max().unwrap_or_default())
    }
}

impl PendingCall {
    fn into_call(self) -> ToolCall {
        let id = call_id(&self.id, self.index);
        ToolCall { id, name: self.name, arguments: self.arguments }
    }
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "length" | "max_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}
