//! A conversation in OpenAI's message shape, both ways.
//!
//! A client's history is untrusted: its first message must be the system message, whose content is replaced
//! by the server's own; every role and id is checked. Results without a call are dropped and calls without a
//! result are answered by the agent, so that a provider accepts what is left.

use std::collections::HashMap;

use holmes_protocol::{Message, ToolCall, ToolCallId, ToolName, ToolStatus};
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// What a tool is called whose name this host's rules do not allow; the agent repairs it from the call.
const FOREIGN_TOOL: &str = "unknown_tool";

/// Reads a history; the system message is checked for, then left to the agent.
pub(crate) fn read(messages: &[Value]) -> Result<Vec<Message>, ApiError> {
    let Some(first) = messages.first() else { return Ok(Vec::new()) };
    if first.get("role").and_then(Value::as_str) != Some("system") {
        return Err(malformed("conversation_history[0].role", "expected `system` in the first message"));
    }
    let mut names = HashMap::new();
    let mut history = Vec::new();
    for (at, message) in messages.iter().enumerate().skip(1) {
        let place = format!("conversation_history[{at}]");
        let Value::Object(message) = message else {
            return Err(malformed(&place, "expected an object"));
        };
        match message.get("role").and_then(Value::as_str) {
            // Compaction of other servers leaves some behind; the server's own instructions stand alone.
            Some("system") => {}
            Some("user") => history.push(Message::User { text: content(message, &place)? }),
            Some("assistant") => {
                let tool_calls = calls(message, &place)?;
                names.extend(tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())));
                let text = content(message, &place)?;
                history.push(Message::Assistant { text, tool_calls, carried: Vec::new() });
            }
            Some("tool") => history.push(result(message, &place, &names)?),
            Some(_) | None => {
                let expected = "expected `system`, `user`, `assistant` or `tool`";
                return Err(malformed(&format!("{place}.role"), expected));
            }
        }
    }
    Ok(history)
}

/// Text, a list of text parts, or nothing.
fn content(message: &Map<String, Value>, place: &str) -> Result<String, ApiError> {
    let place = format!("{place}.content");
    match message.get("content") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().enumerate().map(|(at, part)| {
                let is_text = part.get("type").and_then(Value::as_str) == Some("text");
                part.get("text").and_then(Value::as_str).filter(|_| is_text).ok_or_else(|| {
                    malformed(
                        &format!("{place}[{at}]"),
                        "expected a part `{\"type\": \"text\", \"text\": …}`",
                    )
                })
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            Err(malformed(&place, "expected a string or a list of parts"))
        }
    }
}

fn calls(message: &Map<String, Value>, place: &str) -> Result<Vec<ToolCall>, ApiError> {
    match message.get("tool_calls") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(calls)) => {
            let calls = calls.iter().enumerate();
            calls.map(|(at, call)| read_call(call, &format!("{place}.tool_calls[{at}]"))).collect()
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(malformed(&format!("{place}.tool_calls"), "expected a list"))
        }
    }
}

fn read_call(call: &Value, place: &str) -> Result<ToolCall, ApiError> {
    let function = call.get("function");
    let name = function.and_then(|function| function.get("name")).and_then(Value::as_str);
    let name = name.ok_or_else(|| malformed(&format!("{place}.function.name"), "expected a string"))?;
    let arguments = match function.and_then(|function| function.get("arguments")) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(arguments)) => arguments.clone(),
        Some(arguments @ Value::Object(_)) => arguments.to_string(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            return Err(malformed(&format!("{place}.function.arguments"), "expected JSON as a string"));
        }
    };
    Ok(ToolCall { id: call_id(call.get("id"), &format!("{place}.id"))?, name: name.to_owned(), arguments })
}

fn result(
    message: &Map<String, Value>,
    place: &str,
    names: &HashMap<ToolCallId, String>,
) -> Result<Message, ApiError> {
    let call_id = call_id(message.get("tool_call_id"), &format!("{place}.tool_call_id"))?;
    let name =
        names.get(&call_id).map(String::as_str).or_else(|| message.get("name").and_then(Value::as_str));
    let name = name.and_then(|name| name.parse::<ToolName>().ok());
    let name = match name {
        Some(name) => name,
        None => FOREIGN_TOOL.parse().map_err(|error| ApiError::internal(format!("{error}")))?,
    };
    // How the call ended is part of the text; a client's word for it would not be believed.
    let (status, text) = (ToolStatus::Success, content(message, place)?);
    Ok(Message::Tool { call_id, name, status, text, report: None })
}

fn call_id(id: Option<&Value>, place: &str) -> Result<ToolCallId, ApiError> {
    let id = id.and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| malformed(place, "expected 1 to 128 printable ASCII characters without spaces"))
}

fn malformed(place: &str, expected: &str) -> ApiError {
    ApiError::unprocessable(format!("`{place}`: {expected}"))
}

/// The conversation as a client gets it and sends it back.
pub(crate) fn write(messages: &[Message]) -> Value {
    messages.iter().map(write_message).collect()
}

fn write_message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant { text, tool_calls, .. } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant { text, tool_calls, .. } => {
            let text = (!text.is_empty()).then_some(text);
            let calls: Vec<Value> = tool_calls.iter().map(write_call).collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        // The report stays in the host: what the model read of it is in the text.
        Message::Tool { call_id, name, text, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "name": name, "content": text })
        }
    }
}

fn write_call(call: &ToolCall) -> Value {
    let function = json!({ "name": call.name, "arguments": call.arguments });
    json!({ "id": call.id, "type": "function", "function": function })
}
