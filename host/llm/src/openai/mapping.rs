//! The neutral request into a body, and usage back.

use holmes_protocol::{Message, TokenUsage, ToolCall, ToolSpec};
use serde_json::{Map, Value, json};

use super::wire::Usage;
use crate::ChatRequest;

/// The body without the entry's parameters.
pub(crate) fn body(request: &ChatRequest, model: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    body.insert("messages".to_owned(), request.messages.iter().map(message).collect());
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), request.tools.iter().map(tool).collect());
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text } => json!({"role": "user", "content": text}),
        Message::Assistant { text, tool_calls, .. } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        Message::Assistant { text, tool_calls, .. } => {
            // Some servers refuse an empty string beside calls.
            let content = if text.is_empty() { Value::Null } else { text.as_str().into() };
            let calls: Vec<Value> = tool_calls.iter().map(call).collect();
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
        Message::Tool { call_id, text, .. } => {
            json!({"role": "tool", "tool_call_id": call_id.as_str(), "content": text})
        }
    }
}

fn call(call: &ToolCall) -> Value {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    json!({
        "id": call.id.as_str(),
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    })
}

fn tool(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name.as_str(),
            "description": tool.description,
            "parameters": tool.input_schema,
        },
    })
}

/// What the provider counted.
pub(crate) fn usage(usage: &Usage) -> TokenUsage {
    let cached = usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    let reasoning = usage.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens);
    TokenUsage {
        prompt_tokens: usage.prompt_tokens.unwrap_or_default(),
        completion_tokens: usage.completion_tokens.unwrap_or_default(),
        cached_tokens: cached.unwrap_or_default(),
        reasoning_tokens: reasoning.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use holmes_protocol::{SideEffect, ToolStatus};

    use super::*;

    #[test]
    fn a_conversation_becomes_the_documented_body() {
        let call = ToolCall { id: "c1".parse().unwrap(), name: "echo".into(), arguments: String::new() };
        let request = ChatRequest {
            messages: vec![
                Message::System { text: "s".into() },
                Message::User { text: "u".into() },
                Message::Assistant { text: String::new(), tool_calls: vec![call], carried: vec![] },
                Message::Tool {
                    call_id: "c1".parse().unwrap(),
                    name: "echo".parse().unwrap(),
                    status: ToolStatus::Success,
                    text: "t".into(),
                    report: None,
                },
                Message::Assistant { text: String::new(), tool_calls: vec![], carried: vec![] },
            ],
            tools: vec![ToolSpec {
                name: "echo".parse().unwrap(),
                toolset: "t".parse().unwrap(),
                description: "d".into(),
                input_schema: json!({"type": "object"}),
                side_effect: SideEffect::ReadOnly,
            }],
        };
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "u"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "echo", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "t"},
                {"role": "assistant", "content": ""},
            ],
            "tools": [{"type": "function", "function":
                {"name": "echo", "description": "d", "parameters": {"type": "object"}}}],
        });
        assert_eq!(Value::Object(body(&request, "m")), expected);
        let bare = ChatRequest { tools: vec![], ..request };
        assert!(!body(&bare, "m").contains_key("tools"));
    }
}
