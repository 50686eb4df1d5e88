//! The neutral request into a body, and usage back.

use std::collections::BTreeSet;

use holmes_protocol::{Message, TokenUsage, ToolSpec};
use serde_json::{Map, Value, json};

pub(crate) use super::parameters::parameters;
use super::{
    turns::{self, Role},
    wire::Usage,
};
use crate::ChatRequest;

/// The end of this request's conversation, and of the last one's: what lies between may be more blocks than
/// the cache looks back over, so the second mark finds what the last request left there.
const MARKED_TURNS: usize = 2;

/// The body without the entry's parameters. `origin` is the deployment's name for what it wants back.
pub(crate) fn body(request: &ChatRequest, model: &str, origin: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    let system = system(&request.messages);
    if !system.is_empty() {
        body.insert("system".to_owned(), system.into());
    }
    let mut turns = turns::turns(&request.messages, origin);
    let asked = turns.iter_mut().rev().filter(|turn| turn.role == Role::User);
    asked.take(MARKED_TURNS).filter_map(turns::Turn::last_block).for_each(mark);
    body.insert("messages".to_owned(), turns.into_iter().map(turns::Turn::into_json).collect());
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    if tools.is_empty() {
        // The API refuses calls in a conversation without tools, so those that were called are named again.
        tools = called(&request.messages).into_iter().map(stub).collect();
        if !tools.is_empty() {
            body.insert("tool_choice".to_owned(), json!({"type": "none"}));
        }
    }
    tools.last_mut().into_iter().for_each(mark);
    if !tools.is_empty() {
        body.insert("tools".to_owned(), tools.into());
    }
    body
}

fn system(messages: &[Message]) -> Vec<Value> {
    let texts = messages.iter().filter_map(|message| match message {
        Message::System { text } => turns::text_block(text),
        Message::User { .. } | Message::Assistant { .. } | Message::Tool { .. } => None,
    });
    let mut blocks: Vec<Value> = texts.collect();
    blocks.last_mut().into_iter().for_each(mark);
    blocks
}

/// Asks the provider to keep everything up to this block. Four marks are allowed; here are at most four.
fn mark(block: &mut Value) {
    if let Value::Object(block) = block {
        block.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
}

fn tool(tool: &ToolSpec) -> Value {
    json!({"name": tool.name.as_str(), "description": tool.description, "input_schema": tool.input_schema})
}

fn stub(name: &str) -> Value {
    json!({"name": name, "input_schema": {"type": "object"}})
}

fn called(messages: &[Message]) -> BTreeSet<&str> {
    let calls = messages.iter().filter_map(|message| match message {
        Message::Assistant { tool_calls, .. } => Some(tool_calls),
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => None,
    });
    calls.flatten().map(|call| call.name.as_str()).collect()
}

/// What the provider counted. Its input tokens leave out what the cache read and wrote.
pub(crate) fn usage(usage: &Usage) -> TokenUsage {
    let cached = usage.cache_read_input_tokens.unwrap_or_default();
    let written = usage.cache_creation_input_tokens.unwrap_or_default();
    let thought = usage.output_tokens_details.as_ref().and_then(|details| details.thinking_tokens);
    TokenUsage {
        prompt_tokens: usage.input_tokens.unwrap_or_default().saturating_add(cached).saturating_add(written),
        completion_tokens: usage.output_tokens.unwrap_or_default(),
        cached_tokens: cached,
        reasoning_tokens: thought.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
