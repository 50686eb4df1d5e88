//! The neutral request into a body, and usage back.

mod parameters;

use holmes_protocol::{Carried, Message, TokenUsage, ToolCall, ToolSpec};
use serde_json::{Map, Value, json};

pub(crate) use self::parameters::parameters;
use super::{output::POSITION, wire::Usage};
use crate::ChatRequest;

/// The body without the entry's parameters. Carried items of another `origin` stay behind: they are
/// encrypted for the resource that made them, and any other answers `invalid_encrypted_content`.
pub(crate) fn body(request: &ChatRequest, model: &str, origin: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    let messages = match request.messages.split_first() {
        Some((Message::System { text }, rest)) if !rest.iter().any(is_system) => {
            body.insert("instructions".to_owned(), text.as_str().into());
            rest
        }
        // Instructions in several places keep their places; they are never sent in two forms.
        Some(_) | None => request.messages.as_slice(),
    };
    body.insert("input".to_owned(), messages.iter().flat_map(|message| items(message, origin)).collect());
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), request.tools.iter().map(tool).collect());
    }
    body.insert("store".to_owned(), false.into());
    body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
    body
}

fn is_system(message: &Message) -> bool {
    matches!(message, Message::System { .. })
}

fn items(message: &Message, origin: &str) -> Vec<Value> {
    match message {
        Message::System { text } => vec![said("developer", text)],
        Message::User { text } => vec![said("user", text)],
        Message::Assistant { text, tool_calls, carried } => {
            let carried = carried.iter().filter(|carried| carried.origin == origin).collect();
            assistant(text, tool_calls, carried)
        }
        Message::Tool { call_id, text, .. } => {
            vec![json!({"type": "function_call_output", "call_id": call_id.as_str(), "output": text})]
        }
    }
}

/// A plain text is the one form of content that every server of this protocol takes.
fn said(role: &str, text: &str) -> Value {
    json!({"type": "message", "role": role, "content": text})
}

/// Text and calls, each after the reasoning that led to it. Reasoning that nothing follows is left out,
/// because the provider answers 400 to it; an answer of nothing else becomes no item at all.
fn assistant(text: &str, calls: &[ToolCall], mut carried: Vec<&Carried>) -> Vec<Value> {
    let spoken = (!text.is_empty()).then(|| (0, said("assistant", text)));
    let calls = (1_u64..).zip(calls).map(|(position, made)| (position, call(made)));
    let mut items = Vec::new();
    for (position, item) in spoken.into_iter().chain(calls) {
        let (before, after) = carried.into_iter().partition(|carried| carried_position(carried) <= position);
        carried = after;
        let before: Vec<&Carried> = before;
        items.extend(before.into_iter().map(carried_item));
        items.push(item);
    }
    items
}

fn carried_position(carried: &Carried) -> u64 {
    carried.item.get(POSITION).and_then(Value::as_u64).unwrap_or_default()
}

fn carried_item(carried: &Carried) -> Value {
    let mut item = carried.item.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.remove(POSITION);
    }
    item
}

fn call(call: &ToolCall) -> Value {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    json!({
        "type": "function_call",
        "call_id": call.id.as_str(),
        "name": call.name,
        "arguments": arguments,
    })
}

fn tool(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "name": tool.name.as_str(),
        "description": tool.description,
        "parameters": tool.input_schema,
        // The default here is to rewrite the schema, which makes optional arguments required.
        "strict": false,
    })
}

/// What the provider counted.
pub(crate) fn usage(usage: &Usage) -> TokenUsage {
    let cached = usage.input_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    let reasoning = usage.output_tokens_details.as_ref().and_then(|details| details.reasoning_tokens);
    TokenUsage {
        prompt_tokens: usage.input_tokens.unwrap_or_default(),
        completion_tokens: usage.output_tokens.unwrap_or_default(),
        cached_tokens: cached.unwrap_or_default(),
        reasoning_tokens: reasoning.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
