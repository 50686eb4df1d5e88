//! The body of `POST /api/chat`: `HolmesGPT`'s fields, read strictly in type and leniently in number.
//!
//! What this server does not do is refused when it would change what the question means, and ignored when it
//! would not: identities, links and tracing of the platform are accepted and dropped.

use std::collections::BTreeMap;

use holmes_agent::{Question, Triage};
use serde::Deserialize;
use serde_json::Value;

use crate::{error::ApiError, history};

/// As much of a parser's message as a client needs; it may quote the client's own text.
const MESSAGE_CHARACTERS: usize = 300;

/// What a client sends. Unknown fields are ignored, as upstream does.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Chat {
    pub(crate) ask: Option<String>,
    pub(crate) conversation_history: Option<Vec<Value>>,
    pub(crate) model: Option<String>,
    pub(crate) stream: Option<bool>,
    pub(crate) behavior_controls: Option<BTreeMap<String, bool>>,
    pub(crate) additional_system_prompt: Option<String>,
    pub(crate) conversation_link: Option<String>,
    images: Option<Vec<Value>>,
    response_format: Option<Value>,
    tool_decisions: Option<Vec<Value>>,
    frontend_tools: Option<Vec<Value>>,
    frontend_tool_results: Option<Vec<Value>>,
    /// Accepted: no tool of this host runs with approval, so that there is nothing to ask for.
    #[serde(rename = "enable_tool_approval")]
    _enable_tool_approval: Option<bool>,
}

/// A switch of `behavior_controls` that this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    /// Pieces of the message that is being written.
    TextDelta,
    /// Triage before the first question.
    Triage,
}

impl Switch {
    fn name(self) -> &'static str {
        match self {
            Self::TextDelta => "text_delta",
            Self::Triage => "triage",
        }
    }
}

impl Chat {
    /// Reads a body, whatever its content type says.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        // Serde would read a list as the fields in their order.
        if body.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
            return Err(ApiError::unprocessable(
                "the body is not a chat request: expected an object, not a list",
            ));
        }
        serde_json::from_slice(body).map_err(|error| {
            let text: String = error.to_string().chars().take(MESSAGE_CHARACTERS).collect();
            ApiError::unprocessable(format!("the body is not a chat request: {text}"))
        })
    }

    /// Whether events are wanted instead of one answer.
    pub(crate) fn streams(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// Whether pieces of the text are wanted among the events.
    pub(crate) fn wants_text_deltas(&self) -> bool {
        self.switch(Switch::TextDelta).unwrap_or(true)
    }

    /// The question, or why it can not be asked.
    pub(crate) fn question(self) -> Result<Question, ApiError> {
        self.refuse_unsupported()?;
        for name in self.behavior_controls.iter().flatten().map(|(name, _)| name) {
            if ![Switch::TextDelta, Switch::Triage].iter().any(|known| known.name() == name) {
                tracing::debug!("an unknown key of `behavior_controls` is ignored");
            }
        }
        let history = history::read(self.conversation_history.as_deref().unwrap_or_default())?;
        // A conversation that goes on has its findings already; the model can ask for newer ones.
        let wanted = self.switch(Switch::Triage).unwrap_or(history.is_empty());
        let triage = if wanted { Triage::First } else { Triage::Skip };
        let link = self.conversation_link.filter(|link| !link.trim().is_empty());
        let link = link.map(|link| format!("This conversation's link: {}", link.trim()));
        let additional: Vec<String> = self.additional_system_prompt.into_iter().chain(link).collect();
        let ask = self.ask.filter(|ask| !ask.trim().is_empty()).ok_or_else(|| {
            ApiError::unprocessable("`ask` is missing or empty: expected the question as a string")
        })?;
        Ok(Question {
            ask,
            history,
            triage,
            additional_system_prompt: (!additional.is_empty()).then(|| additional.join("\n\n")),
            ..Question::default()
        })
    }

    fn switch(&self, switch: Switch) -> Option<bool> {
        self.behavior_controls.as_ref()?.get(switch.name()).copied()
    }

    fn refuse_unsupported(&self) -> Result<(), ApiError> {
        let given = |list: &Option<Vec<Value>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let refusals = [
            (given(&self.images), "`images` are not supported: describe in words what they show"),
            (
                self.response_format.as_ref().is_some_and(|format| !format.is_null()),
                "`response_format` is not supported yet: leave it out, `analysis` is Markdown",
            ),
            (
                given(&self.tool_decisions),
                "`tool_decisions` has nothing to decide: no call of this server waits for approval",
            ),
            (
                given(&self.frontend_tools),
                "`frontend_tools` are not supported: only tools of this server can be called",
            ),
            (
                given(&self.frontend_tool_results),
                "`frontend_tool_results` answers nothing: no call of this server waits for a frontend",
            ),
        ];
        match refusals.into_iter().find(|(refused, _)| *refused) {
            Some((_, sentence)) => Err(ApiError::bad_request(sentence)),
            None => Ok(()),
        }
    }
}
