//! Events into an answer. A whole answer is one event, so both ways give the same result.

use holmes_protocol::{Carried, ToolCall, ToolCallId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    mapping,
    turns::{self, kind},
    wire::{Delta, Event, Usage},
};
use crate::{ChatReply, FinishReason, LlmError, LlmErrorKind, dialect::Step};

/// An answer that is being put together.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    blocks: Vec<Block>,
    finish: Option<FinishReason>,
    usage: Usage,
    model: String,
    done: bool,
}

/// A block as it came, with its pieces put in.
#[derive(Debug)]
struct Block {
    index: u64,
    fields: Map<String, Value>,
    /// The arguments of a call, which arrive as pieces of a JSON text.
    input: String,
}

impl Answer {
    /// Takes one JSON text: an event of a stream, or a whole answer.
    pub(crate) fn push(&mut self, data: &str) -> Result<Step, LlmError> {
        let mut value: Value = serde_json::from_str(data).map_err(|_| malformed())?;
        let is_error = value.get("type").and_then(Value::as_str) == Some("error");
        match value.get_mut("error").map(Value::take).filter(|error| !error.is_null()) {
            Some(error) => return Ok(Step::Failed(error)),
            None if is_error => return Ok(Step::Failed(value)),
            None => {}
        }
        let event = Event::deserialize(value).map_err(|_| malformed())?;
        self.take(event).map(Step::Text)
    }

    /// Whether the provider said that the answer is whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.done || self.finish.is_some()
    }

    /// The answer, if it is one. `origin` is the deployment that gets back what is carried.
    pub(crate) fn finish(mut self, origin: &str) -> Result<ChatReply, LlmError> {
        if !self.is_whole() {
            let message = "the answer was cut off: the connection ended in the middle of it";
            return Err(LlmError::new(LlmErrorKind::Cut, message));
        }
        if self.finish.is_none() && self.blocks.is_empty() {
            return Err(malformed());
        }
        self.blocks.sort_by_key(|block| block.index);
        let carried = carried(&self.blocks, origin);
        let text = self.blocks.iter().map(Block::text).collect();
        let calls = self.blocks.iter().filter_map(Block::call);
        let tool_calls = calls.collect::<Result<Vec<ToolCall>, LlmError>>()?;
        let finish = match self.finish.unwrap_or(FinishReason::Stop) {
            // Gateways that translate another protocol do not always agree with themselves.
            FinishReason::Stop | FinishReason::ToolCalls if tool_calls.is_empty() => FinishReason::Stop,
            FinishReason::Stop | FinishReason::ToolCalls => FinishReason::ToolCalls,
            other @ (FinishReason::Length | FinishReason::ContentFilter) => other,
        };
        let usage = mapping::usage(&self.usage);
        Ok(ChatReply { text, tool_calls, carried, finish, usage, model: self.model })
    }

    /// Takes an event in; returns the text in it.
    fn take(&mut self, event: Event) -> Result<String, LlmError> {
        let Some(kind) = event.kind else { return Err(malformed()) };
        match kind.as_str() {
            "message_start" => {
                let (model, usage) = event.message.map_or((None, None), |head| (head.model, head.usage));
                self.take_head(model, usage);
            }
            "content_block_start" => return Ok(self.begin(event.index, event.content_block)),
            "content_block_delta" => return self.extend(event.index, event.delta.unwrap_or_default()),
            "message_delta" => {
                self.take_head(None, event.usage);
                self.stop(event.delta.and_then(|delta| delta.stop_reason));
            }
            "message_stop" => self.done = true,
            "message" => {
                self.take_head(event.model, event.usage);
                let blocks = event.content.unwrap_or_default().into_iter();
                let text = blocks.map(|block| self.begin(None, Some(block))).collect();
                self.stop(event.stop_reason);
                self.done = true;
                return Ok(text);
            }
            // `ping`, `content_block_stop`, and what will be added one day.
            _ => {}
        }
        Ok(String::new())
    }

    fn take_head(&mut self, model: Option<String>, usage: Option<Usage>) {
        if let Some(model) = model.filter(|model| !model.is_empty()) {
            self.model = model;
        }
        self.usage.update(usage.unwrap_or_default());
    }

    fn stop(&mut self, reason: Option<String>) {
        if let Some(reason) = reason {
            self.finish = Some(finish_reason(&reason));
        }
    }

    fn begin(&mut self, index: Option<u64>, fields: Option<Map<String, Value>>) -> String {
        let next = self.blocks.last().map_or(0, |block| block.index.saturating_add(1));
        let index = index.unwrap_or(next);
        let block = Block { index, fields: fields.unwrap_or_default(), input: String::new() };
        let text = block.text().to_owned();
        self.blocks.push(block);
        text
    }

    fn extend(&mut self, index: Option<u64>, delta: Delta) -> Result<String, LlmError> {
        let block = match index {
            Some(index) => self.blocks.iter_mut().rfind(|block| block.index == index),
            None => self.blocks.last_mut(),
        };
        let block = block.ok_or_else(malformed)?;
        match delta.kind.as_deref().unwrap_or_default() {
            "text_delta" => {
                let text = delta.text.unwrap_or_default();
                block.append("text", &text);
                return Ok(text);
            }
            "thinking_delta" => block.append("thinking", &delta.thinking.unwrap_or_default()),
            "signature_delta" => block.append("signature", &delta.signature.unwrap_or_default()),
            "input_json_delta" => block.input.push_str(&delta.partial_json.unwrap_or_default()),
            _ => {}
        }
        Ok(String::new())
    }
}

impl Block {
    fn append(&mut self, field: &str, piece: &str) {
        match self.fields.get_mut(field) {
            Some(Value::String(text)) => text.push_str(piece),
            Some(_) | None => {
                self.fields.insert(field.to_owned(), piece.into());
            }
        }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The text, if it is a text.
    fn text(&self) -> &str {
        if kind(&self.fields) == "text" { self.field("text") } else { "" }
    }

    /// The call, if it is one.
    fn call(&self) -> Option<Result<ToolCall, LlmError>> {
        if kind(&self.fields) != "tool_use" {
            return None;
        }
        let id = self.field("id").parse::<ToolCallId>();
        // An id that could not be sent back is replaced; the call's place is unique in this answer.
        let id = id.or_else(|_| format!("call_{}", self.index).parse()).map_err(|_| malformed());
        Some(id.map(|id| ToolCall { id, name: self.field("name").to_owned(), arguments: self.arguments() }))
    }

    /// Pieces of a stream keep the model's white space and a whole answer does not, so none is kept. What is
    /// no JSON stays as the model wrote it.
    fn arguments(&self) -> String {
        if self.input.trim().is_empty() {
            let input = self.fields.get("input").filter(|input| !input.is_null());
            return input.map_or_else(|| "{}".to_owned(), Value::to_string);
        }
        let input: Result<Value, _> = serde_json::from_str(&self.input);
        input.map_or_else(|_| self.input.clone(), |input| input.to_string())
    }

    /// Whether it is a thought that the provider would recognise. One that was cut off has no signature.
    fn is_signed_thought(&self) -> bool {
        match kind(&self.fields) {
            "thinking" => !self.field("signature").is_empty(),
            "redacted_thinking" => true,
            _ => false,
        }
    }
}

/// Thoughts as they came, and the places of everything else between them.
fn carried(blocks: &[Block], origin: &str) -> Vec<Carried> {
    if !blocks.iter().any(Block::is_signed_thought) {
        return Vec::new();
    }
    let items = blocks.iter().filter_map(|block| match kind(&block.fields) {
        "text" => Some(turns::text_place(block.text())),
        "tool_use" => Some(turns::call_place()),
        _ => block.is_signed_thought().then(|| Value::Object(block.fields.clone())),
    });
    items.map(|item| Carried { origin: origin.to_owned(), item }).collect()
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "tool_use" => FinishReason::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "refusal" => FinishReason::ContentFilter,
        // `end_turn`, `stop_sequence`, `pause_turn`.
        _ => FinishReason::Stop,
    }
}

fn malformed() -> LlmError {
    let message = "the server's answer is not what Anthropic's Messages says: check `api_base`";
    LlmError::new(LlmErrorKind::Malformed, message)
}

#[cfg(test)]
mod tests;
