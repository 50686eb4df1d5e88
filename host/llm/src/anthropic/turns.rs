//! Messages into turns that alternate, beginning with the person's.

use holmes_protocol::{Carried, Message, ToolCall, ToolStatus};
use serde_json::{Map, Value, json};

/// The API wants a conversation to begin with the person; one that was cut may not.
const OPENING: &str = "(The beginning of the conversation is missing.)";
/// The API refuses an error without a text.
const SILENT_FAILURE: &str = "The tool failed without saying why.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
}

/// One message of the wire.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    /// Results of tools; the API wants them before anything else.
    results: Vec<Value>,
    blocks: Vec<Value>,
}

impl Turn {
    /// The block that the next turn follows.
    pub(crate) fn last_block(&mut self) -> Option<&mut Value> {
        self.blocks.last_mut().or(self.results.last_mut())
    }

    pub(crate) fn into_json(self) -> Value {
        let role = match self.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let content: Vec<Value> = self.results.into_iter().chain(self.blocks).collect();
        json!({"role": role, "content": content})
    }
}

/// The conversation without its system messages, which have a place of their own.
pub(crate) fn turns(messages: &[Message], origin: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        let (role, results, blocks) = match message {
            Message::System { .. } => continue,
            Message::User { text } => (Role::User, None, text_block(text).into_iter().collect()),
            Message::Assistant { text, tool_calls, carried } => {
                (Role::Assistant, None, assistant(text, tool_calls, carried, origin))
            }
            Message::Tool { call_id, status, text, .. } => {
                (Role::User, Some(result(call_id.as_str(), *status, text)), Vec::new())
            }
        };
        if results.is_none() && blocks.is_empty() {
            continue;
        }
        if turns.is_empty() && role == Role::Assistant {
            turns.push(Turn { role: Role::User, results: Vec::new(), blocks: vec![text(OPENING)] });
        }
        match turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => {
                turn.results.extend(results);
                turn.blocks.extend(blocks);
            }
            None => turns.push(Turn { role, results: results.into_iter().collect(), blocks }),
        }
    }
    turns
}

/// What the model said, in its own order as far as `carried` knows it: a signed thought that is moved
/// is refused. Text and calls come from the message, which the door has seen; only thoughts are opaque.
fn assistant(text: &str, calls: &[ToolCall], carried: &[Carried], origin: &str) -> Vec<Value> {
    let layout: Vec<&Map<String, Value>> = carried
        .iter()
        .filter(|carried| carried.origin == origin)
        .filter_map(|carried| carried.item.as_object())
        .collect();
    // A text that was changed on the way can not be divided as it was.
    let known: usize = layout.iter().filter_map(|item| text_length(item)).sum();
    let divisible = known == text.len();
    let (mut rest, mut calls) = (text, calls.iter());
    let mut blocks = Vec::new();
    for item in layout {
        match kind(item) {
            "thinking" | "redacted_thinking" => blocks.push(Value::Object(item.clone())),
            "tool_use" => blocks.extend(calls.next().map(tool_use)),
            "text" => {
                let length = if divisible { text_length(item).unwrap_or_default() } else { rest.len() };
                let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                blocks.extend(text_block(piece));
                rest = after;
            }
            _ => {}
        }
    }
    blocks.extend(text_block(rest));
    blocks.extend(calls.map(tool_use));
    blocks
}

/// The `type` of a block.
pub(crate) fn kind(block: &Map<String, Value>) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The place of a text among what is carried; the text itself stays in the message.
pub(crate) fn text_place(text: &str) -> Value {
    json!({"type": "text", "bytes": text.len()})
}

/// The place of a call among what is carried.
pub(crate) fn call_place() -> Value {
    json!({"type": "tool_use"})
}

fn text_length(place: &Map<String, Value>) -> Option<usize> {
    place.get("bytes")?.as_u64()?.try_into().ok()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A text, unless it is blank: the API refuses those.
pub(crate) fn text_block(words: &str) -> Option<Value> {
    (!words.trim().is_empty()).then(|| text(words))
}

fn tool_use(call: &ToolCall) -> Value {
    json!({
        "type": "tool_use",
        "id": plain_id(call.id.as_str()),
        "name": call.name,
        "input": input(&call.arguments),
    })
}

/// The arguments as an object, which the API demands. What is none goes in one, under the name that
/// Anthropic's documentation gives it, so that the model sees what it wrote beside the tool's complaint.
fn input(arguments: &str) -> Value {
    if arguments.trim().is_empty() {
        return json!({});
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Object(object)) => Value::Object(object),
        Ok(_) | Err(_) => json!({"INVALID_JSON": arguments}),
    }
}

fn result(call_id: &str, status: ToolStatus, text: &str) -> Value {
    let failed = match status {
        ToolStatus::Error => true,
        ToolStatus::Success | ToolStatus::NoData | ToolStatus::ApprovalRequired => false,
    };
    let mut block = Map::new();
    block.insert("type".to_owned(), "tool_result".into());
    block.insert("tool_use_id".to_owned(), plain_id(call_id).into());
    if !text.trim().is_empty() {
        block.insert("content".to_owned(), text.into());
    } else if failed {
        block.insert("content".to_owned(), SILENT_FAILURE.into());
    }
    if failed {
        block.insert("is_error".to_owned(), true.into());
    }
    Value::Object(block)
}

/// An id with the characters that the API accepts; other providers' ids may have more.
fn plain_id(id: &str) -> String {
    let accepted = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    // What differs stays different.
    let plain = |character| {
        if accepted(character) {
            return String::from(character);
        }
        format!("_{:x}_", u32::from(character))
    };
    id.chars().map(plain).collect()
}
