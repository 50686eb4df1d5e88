//! The protocols a deployment may be spoken to in: what differs between them, and nothing else.

use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

use crate::{ChatReply, ChatRequest, LlmError, anthropic, endpoint::Endpoint, openai, responses};

/// The version of Messages that the mapping follows.
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `OpenAI`'s Chat Completions.
    Chat,
    /// `OpenAI`'s Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
}

/// What one JSON text of an answer brought.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// The next piece of the text; may be empty.
    Text(String),
    /// The provider's error, in the middle of its answer.
    Failed(Value),
}

impl Dialect {
    /// For messages to people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "Chat Completions",
            Self::Responses => "Responses",
            Self::Messages => "Anthropic Messages",
        }
    }

    /// The body of a request, asking for a stream.
    pub(crate) fn body(
        self,
        request: &ChatRequest,
        endpoint: &Endpoint,
        parameters: Map<String, Value>,
        stream_options: bool,
    ) -> Map<String, Value> {
        let (model, origin) = (endpoint.model.as_str(), endpoint.origin());
        let mut body = match self {
            Self::Chat => openai::mapping::body(request, model),
            Self::Responses => responses::mapping::body(request, model, &origin),
            Self::Messages => anthropic::mapping::body(request, model, &origin),
        };
        body.extend(match self {
            Self::Chat => parameters,
            Self::Responses => responses::mapping::parameters(parameters),
            Self::Messages => anthropic::mapping::parameters(parameters),
        });
        if self == Self::Messages {
            anthropic::thinking::fit(&mut body);
        }
        body.insert("stream".to_owned(), true.into());
        if self == Self::Chat && stream_options {
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        body
    }

    /// What the protocol wants beside the credential.
    pub(crate) fn add_headers(self, headers: &mut HeaderMap) {
        if self == Self::Messages {
            headers.entry("anthropic-version").or_insert(ANTHROPIC_VERSION);
        }
    }
}

/// An answer that is being put together.
#[derive(Debug)]
pub(crate) enum Answer {
    Chat(openai::stream::Answer),
    Responses(responses::stream::Answer),
    Messages(anthropic::stream::Answer),
}

impl Answer {
    pub(crate) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Chat => Self::Chat(openai::stream::Answer::default()),
            Dialect::Responses => Self::Responses(responses::stream::Answer::default()),
            Dialect::Messages => Self::Messages(anthropic::stream::Answer::default()),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Chat(_) => Dialect::Chat,
            Self::Responses(_) => Dialect::Responses,
            Self::Messages(_) => Dialect::Messages,
        }
    }

    /// Takes one JSON text: an event of a stream, or a whole answer.
    pub(crate) fn push(&mut self, data: &str) -> Result<Step, LlmError> {
        match self {
            Self::Chat(answer) => answer.push(data),
            Self::Responses(answer) => answer.push(data),
            Self::Messages(answer) => answer.push(data),
        }
    }

    /// `[DONE]`: nothing follows. Only Chat Completions says so.
    pub(crate) fn end(&mut self) {
        if let Self::Chat(answer) = self {
            answer.end();
        }
    }

    /// Whether the provider said that the answer is whole.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Chat(answer) => answer.is_whole(),
            Self::Responses(answer) => answer.is_whole(),
            Self::Messages(answer) => answer.is_whole(),
        }
    }

    /// Whether nothing follows that matters.
    pub(crate) fn has_ended(&self) -> bool {
        !matches!(self, Self::Chat(_)) && self.is_whole()
    }

    /// The answer, if it is one. `origin` marks what only this deployment can read again.
    pub(crate) fn finish(self, origin: &str) -> Result<ChatReply, LlmError> {
        match self {
            Self::Chat(answer) => answer.finish(),
            Self::Responses(answer) => answer.finish(origin),
            Self::Messages(answer) => answer.finish(origin),
        }
    }
}
