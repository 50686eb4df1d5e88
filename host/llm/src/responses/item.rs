//! An output item while it arrives, and what it is in the end.

use holmes_protocol::ToolCall;
use serde_json::{Value, json};

use super::wire::{Content, Item};
use crate::call_id::call_id;

/// An item of which more may come.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) id: String,
    pub(crate) part: Part,
}

/// What it holds.
#[derive(Debug)]
pub(crate) enum Part {
    Message(String),
    Call(PendingCall),
    /// The item as it goes back; `None` without encrypted content, which no provider takes back.
    Reasoning(Option<Value>),
    Other,
}

/// A call of which more may come.
#[derive(Debug, Default)]
pub(crate) struct PendingCall {
    pub(crate) call_id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl Pending {
    /// An item of which only a piece has come yet.
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), part: Part::Other }
    }
}

impl From<Item> for Pending {
    fn from(item: Item) -> Self {
        let (id, part) = match item {
            Item::Message { id, content } => {
                (id, Part::Message(content.map(Content::into_text).unwrap_or_default()))
            }
            Item::FunctionCall { id, call_id, name, arguments } => {
                let arguments = arguments.map(text_of).unwrap_or_default();
                let (call_id, name) = (call_id.unwrap_or_default(), name.unwrap_or_default());
                (id, Part::Call(PendingCall { call_id, name, arguments }))
            }
            Item::Reasoning { id, summary, encrypted_content } => {
                let part = Part::Reasoning(reasoning(id.as_deref(), summary, encrypted_content));
                (id, part)
            }
            Item::Other => (None, Part::Other),
        };
        Self { id: id.unwrap_or_default(), part }
    }
}

impl Part {
    /// What a person reads of it.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Message(text) => text,
            Self::Call(_) | Self::Reasoning(_) | Self::Other => "",
        }
    }

    /// Some servers close an item without repeating what they had streamed.
    pub(crate) fn fill(&mut self, earlier: Self) {
        match (self, earlier) {
            (Self::Message(text), Self::Message(earlier)) if text.is_empty() => *text = earlier,
            (Self::Call(call), Self::Call(earlier)) => {
                let PendingCall { call_id, name, arguments } = earlier;
                for (field, earlier) in
                    [(&mut call.call_id, call_id), (&mut call.name, name), (&mut call.arguments, arguments)]
                {
                    if field.is_empty() {
                        *field = earlier;
                    }
                }
            }
            (part @ Self::Other, earlier) => *part = earlier,
            _ => {}
        }
    }
}

impl PendingCall {
    /// The call as the loop sees it; `index` tells calls without an id apart.
    pub(crate) fn into_call(self, index: u64) -> ToolCall {
        let id = call_id(&self.call_id, index);
        ToolCall { id, name: self.name, arguments: self.arguments }
    }
}

/// Text by the specification; some servers send the object itself.
pub(crate) fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => value.to_string(),
    }
}

/// The fields that a request may hold: `status` and plain `content` are answered with 400, a missing
/// `summary` too, and Azure wants the `id` although nothing is stored under it.
fn reasoning(id: Option<&str>, summary: Option<Value>, encrypted: Option<String>) -> Option<Value> {
    let encrypted = encrypted.filter(|encrypted| !encrypted.is_empty())?;
    let summary = summary.filter(Value::is_array).unwrap_or_else(|| json!([]));
    let mut item = json!({"type": "reasoning", "summary": summary, "encrypted_content": encrypted});
    if let (Some(fields), Some(id)) = (item.as_object_mut(), id.filter(|id| !id.is_empty())) {
        fields.insert("id".to_owned(), id.into());
    }
    Some(item)
}
