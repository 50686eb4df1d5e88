//! Responses as providers really send it: any field may be missing or null.

use serde::Deserialize;
use serde_json::Value;

/// What one `data:` of a stream, or a whole body, turned out to be.
#[derive(Debug)]
pub(crate) enum Frame {
    Event(Event),
    Whole(Response),
    /// An error that stands alone, as gateways send it.
    Error(Value),
}

impl Frame {
    /// Reads a JSON text. `None` when it is not of this protocol.
    pub(crate) fn read(data: &str) -> Option<Self> {
        let mut value: Value = serde_json::from_str(data).ok()?;
        let fields = value.as_object_mut()?;
        if fields.get("object").and_then(Value::as_str) == Some("response") {
            return serde_json::from_value(value).ok().map(Self::Whole);
        }
        if let Some(error) = fields.remove("error").filter(|error| !error.is_null()) {
            return Some(Self::Error(error));
        }
        if fields.get("type").is_some_and(Value::is_string) {
            return serde_json::from_value(value).ok().map(Self::Event);
        }
        fields.get("output")?.as_array()?;
        serde_json::from_value(value).ok().map(Self::Whole)
    }
}

/// An event of a stream.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Event {
    #[serde(rename = "response.created", alias = "response.in_progress", alias = "response.queued")]
    Started { response: Option<Response> },
    #[serde(rename = "response.output_item.added")]
    ItemAdded(ItemEvent),
    #[serde(rename = "response.output_item.done")]
    ItemDone(ItemEvent),
    #[serde(rename = "response.output_text.delta", alias = "response.refusal.delta")]
    TextDelta(Piece),
    #[serde(rename = "response.function_call_arguments.delta")]
    ArgumentsDelta(Piece),
    #[serde(rename = "response.function_call_arguments.done")]
    ArgumentsDone(Piece),
    #[serde(rename = "response.completed")]
    Completed { response: Option<Response> },
    #[serde(rename = "response.incomplete")]
    Incomplete { response: Option<Response> },
    #[serde(rename = "response.failed")]
    Failed { response: Option<Response> },
    #[serde(rename = "error")]
    Error(Value),
    /// The protocol grows; what is not known here repeats what is.
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ItemEvent {
    pub(crate) output_index: Option<u64>,
    pub(crate) item: Option<Value>,
}

/// A part of an item.
#[derive(Debug, Deserialize)]
pub(crate) struct Piece {
    pub(crate) output_index: Option<u64>,
    pub(crate) item_id: Option<String>,
    pub(crate) delta: Option<Value>,
    /// The whole arguments at the end of a call.
    pub(crate) arguments: Option<Value>,
    pub(crate) name: Option<String>,
}

/// A whole answer, or the state of one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: Option<String>,
    pub(crate) error: Option<Value>,
    pub(crate) incomplete_details: Option<IncompleteDetails>,
    pub(crate) model: Option<String>,
    pub(crate) output: Option<Vec<Value>>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct IncompleteDetails {
    pub(crate) reason: Option<String>,
}

/// An output item. Its kinds are many; these are the ones that a host without hosted tools meets.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Item {
    Message {
        id: Option<String>,
        content: Option<Content>,
    },
    FunctionCall {
        id: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: Option<Value>,
    },
    Reasoning {
        id: Option<String>,
        summary: Option<Value>,
        encrypted_content: Option<String>,
    },
    #[serde(other)]
    Other,
}

impl Item {
    /// Reads an item. An error when an item of a known kind is not what the protocol says.
    pub(crate) fn read(value: Value) -> Result<Self, serde_json::Error> {
        match value.get("type") {
            Some(Value::String(_)) => serde_json::from_value(value),
            _ => Ok(Self::Other),
        }
    }
}

/// A text, or a list of parts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Parts(Vec<Option<Part>>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    pub(crate) text: Option<String>,
    pub(crate) refusal: Option<String>,
}

impl Content {
    /// What a person reads; a refusal is an answer too.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                parts.into_iter().flatten().flat_map(|part| [part.text, part.refusal]).flatten().collect()
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Usage {
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) input_tokens_details: Option<InputDetails>,
    pub(crate) output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct InputDetails {
    pub(crate) cached_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct OutputDetails {
    pub(crate) reasoning_tokens: Option<u64>,
}
