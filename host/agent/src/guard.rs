//! Keeps conversations well-formed: each tool call answered once, in order, none orphaned, every id unique.
//! A history comes from a client and a call from a model; neither is believed.

use std::collections::{HashMap, HashSet};

use holmes_protocol::{Message, ToolCall, ToolCallId, ToolName, ToolStatus};
use holmes_toolset::door::Door;

/// What a call without a result is answered with.
const UNANSWERED: &str = "The call was not finished; nothing is known of its result.";

/// A history without system messages, orphaned results and unanswered calls; redacted once more.
pub(crate) fn well_formed(history: Vec<Message>, door: &Door) -> Vec<Message> {
    let mut results: HashMap<ToolCallId, Message> = HashMap::new();
    for message in &history {
        if let Message::Tool { call_id, text, name, status, .. } = message {
            // Reports of a client are not believed: only a tool of this host makes one.
            let message = Message::Tool {
                call_id: call_id.clone(),
                name: name.clone(),
                status: *status,
                text: door.answer(text),
                report: None,
            };
            results.entry(call_id.clone()).or_insert(message);
        }
    }
    let mut ids = HashSet::new();
    let mut messages = Vec::new();
    for message in history {
        match message {
            Message::System { .. } | Message::Tool { .. } => {}
            Message::User { text } => messages.push(Message::User { text: door.answer(&text) }),
            Message::Assistant { text, tool_calls, .. } => {
                let text = door.answer(&text);
                let originals: Vec<ToolCallId> = tool_calls.iter().map(|call| call.id.clone()).collect();
                let calls = unique(tool_calls, &mut ids);
                let shown: Vec<ToolCall> = calls.iter().map(|call| shown(call, door)).collect();
                if text.is_empty() && shown.is_empty() {
                    continue;
                }
                // What a provider wants back it gets within one investigation; a client is not believed about it.
                messages.push(Message::Assistant { text, tool_calls: shown.clone(), carried: Vec::new() });
                for (call, original) in shown.iter().zip(originals) {
                    messages.push(answer(call, results.remove(&original)));
                }
            }
        }
    }
    messages
}

fn answer(call: &ToolCall, result: Option<Message>) -> Message {
    let name = tool_name(&call.name);
    match result {
        Some(Message::Tool { status, text, .. }) => {
            Message::Tool { call_id: call.id.clone(), name, status, text, report: None }
        }
        Some(_) | None => Message::Tool {
            call_id: call.id.clone(),
            name,
            status: ToolStatus::Error,
            text: UNANSWERED.to_owned(),
            report: None,
        },
    }
}

/// Calls whose ids no other call of the conversation has: a repeated one gets a number.
pub(crate) fn unique(calls: Vec<ToolCall>, ids: &mut HashSet<ToolCallId>) -> Vec<ToolCall> {
    calls
        .into_iter()
        .map(|mut call| {
            let mut number = 2_u64;
            let wanted = call.id.clone();
            while ids.contains(&call.id) {
                let stem: String = wanted.as_str().chars().take(100).collect();
                if let Ok(id) = format!("{stem}_{number}").parse() {
                    call.id = id;
                }
                number = number.saturating_add(1);
            }
            ids.insert(call.id.clone());
            call
        })
        .collect()
}

/// A call as the conversation, events and people have it: a name that model APIs accept, no secrets.
pub(crate) fn shown(call: &ToolCall, door: &Door) -> ToolCall {
    ToolCall {
        id: call.id.clone(),
        name: tool_name(&call.name).to_string(),
        arguments: door.arguments(&call.arguments),
    }
}

/// The name as a tool's name; letters that none has become `_`.
pub(crate) fn tool_name(name: &str) -> ToolName {
    if let Ok(name) = name.parse() {
        return name;
    }
    let repaired: String = name
        .chars()
        .take(60)
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' })
        .collect();
    let repaired = repaired.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    repaired.parse().or_else(|_| "unknown_tool".parse()).unwrap_or_else(|_| tool_name("unknown_tool"))
}
