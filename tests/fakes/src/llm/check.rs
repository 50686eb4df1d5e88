//! The rules that every request has to keep.

use axum::http::HeaderMap;
use serde_json::Value;

/// The key a request carries, in whichever header.
pub(super) fn key(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization")?.strip_prefix("Bearer ");
    text("api-key").or_else(bearer).map(str::to_owned)
}

/// The broken rules.
pub(super) fn request(target: &str, headers: &HeaderMap, body: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    if !target.split('?').next().unwrap_or_default().ends_with("/chat/completions") {
        broken.push(format!("no model answers at `{target}`"));
    }
    if key(headers).is_none() {
        broken.push("no key".to_owned());
    }
    if headers.contains_key("api-key") && headers.contains_key("authorization") {
        broken.push("two credentials in one request".to_owned());
    }
    match body.get("messages").and_then(Value::as_array) {
        Some(messages) if !messages.is_empty() => conversation(messages, &mut broken),
        Some(_) | None => broken.push("no messages".to_owned()),
    }
    broken
}

/// Every call is answered once, in order, before anything else is said.
pub(crate) fn conversation(messages: &[Value], broken: &mut Vec<String>) {
    let mut open: Vec<String> = Vec::new();
    let word =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for message in messages {
        let role = word(message, "role");
        if role == "tool" {
            let id = word(message, "tool_call_id");
            if open.first() == Some(&id) {
                open.remove(0);
            } else {
                broken.push(format!("the result of `{id}` answers no open call, or out of order"));
            }
            continue;
        }
        for id in open.drain(..) {
            broken.push(format!("the call `{id}` was not answered"));
        }
        let calls = message.get("tool_calls").and_then(Value::as_array);
        open.extend(calls.into_iter().flatten().map(|call| word(call, "id")));
        let empty = message.get("content").is_none_or(|content| content.is_null() || content == "");
        if empty && open.is_empty() && role != "assistant" {
            broken.push(format!("a message of `{role}` is empty"));
        }
    }
    broken.extend(open.into_iter().map(|id| format!("the call `{id}` was not answered")));
}
