//! Events into an answer. A whole answer is one event, so both ways give the same result.

use holmes_protocol::TokenUsage;
use serde_json::{Map, Value, json};

use super::{
    item::text_of,
    mapping,
    output::Output,
    wire::{Event, Frame, Item, ItemEvent, Piece, Response},
};
use crate::{ChatReply, FinishReason, LlmError, LlmErrorKind, dialect::Step};

/// An answer that is being put together.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    output: Output,
    delivered: String,
    finish: Option<FinishReason>,
    usage: TokenUsage,
    model: String,
}

impl Answer {
    /// Takes the data of an event, or a whole body.
    pub(crate) fn push(&mut self, data: &str) -> Result<Step, LlmError> {
        let data = data.trim();
        // The protocol has no `[DONE]`; some gateways add one. Nothing that follows the end counts.
        if data.is_empty() || data == "[DONE]" || self.is_whole() {
            return Ok(Step::Text(String::new()));
        }
        let step = match Frame::read(data).ok_or_else(malformed)? {
            Frame::Event(event) => self.push_event(event)?,
            Frame::Whole(response) => self.push_whole(response)?,
            Frame::Error(error) => Step::Failed(error),
        };
        if let Step::Text(piece) = &step {
            self.delivered.push_str(piece);
        }
        Ok(step)
    }

    /// Whether the provider said that the answer is whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.finish.is_some()
    }

    /// The answer, if it is one. What it wants carried is marked as `origin`'s.
    pub(crate) fn finish(self, origin: &str) -> Result<ChatReply, LlmError> {
        let Some(finish) = self.finish else {
            return Err(LlmError::new(
                LlmErrorKind::Cut,
                "the answer was cut off: the connection ended in the middle of it",
            ));
        };
        let text = self.output.text();
        let (tool_calls, carried) = self.output.into_calls(origin);
        let finish = match finish {
            // The protocol says `completed` of both.
            FinishReason::Stop | FinishReason::ToolCalls if tool_calls.is_empty() => FinishReason::Stop,
            FinishReason::Stop | FinishReason::ToolCalls => FinishReason::ToolCalls,
            other @ (FinishReason::Length | FinishReason::ContentFilter) => other,
        };
        Ok(ChatReply { text, tool_calls, carried, finish, usage: self.usage, model: self.model })
    }

    fn push_event(&mut self, event: Event) -> Result<Step, LlmError> {
        let mut piece = String::new();
        match event {
            Event::Started { response } => self.note(&response.unwrap_or_default()),
            Event::ItemAdded(ItemEvent { output_index, item: Some(item) }) => {
                piece = self.output.add(output_index, read(item)?);
            }
            Event::ItemDone(ItemEvent { output_index, item: Some(item) }) => {
                piece = self.output.settle(output_index, read(item)?);
            }
            Event::TextDelta(Piece { output_index, item_id, delta: Some(delta), .. }) => {
                let id = item_id.unwrap_or_default();
                piece = self.output.push_text(output_index, &id, &text_of(delta));
            }
            Event::ArgumentsDelta(Piece { output_index, item_id, delta: Some(delta), .. }) => {
                self.output.push_arguments(output_index, &item_id.unwrap_or_default(), &text_of(delta));
            }
            Event::ArgumentsDone(Piece { output_index, item_id, arguments, name, .. }) => {
                let (id, name) = (item_id.unwrap_or_default(), name.unwrap_or_default());
                let arguments = arguments.map(text_of).unwrap_or_default();
                self.output.settle_arguments(output_index, &id, name, arguments);
            }
            Event::Completed { response } => {
                return self.end(response.unwrap_or_default(), FinishReason::Stop);
            }
            Event::Incomplete { response } => {
                return self.end(response.unwrap_or_default(), FinishReason::Length);
            }
            Event::Failed { response } => {
                return Ok(Step::Failed(reason(response.and_then(|response| response.error))));
            }
            Event::Error(error) => return Ok(Step::Failed(reason(Some(error)))),
            Event::ItemAdded(_)
            | Event::ItemDone(_)
            | Event::TextDelta(_)
            | Event::ArgumentsDelta(_)
            | Event::Unknown => {}
        }
        Ok(Step::Text(piece))
    }

    fn push_whole(&mut self, response: Response) -> Result<Step, LlmError> {
        match response.status.as_deref() {
            Some("failed" | "cancelled") => Ok(Step::Failed(reason(response.error))),
            Some("incomplete") => self.end(response, FinishReason::Length),
            Some("completed") => self.end(response, FinishReason::Stop),
            None if response.output.is_some() => self.end(response, FinishReason::Stop),
            // Queued or under way: without an event for its end it never becomes an answer.
            Some(_) | None => {
                self.note(&response);
                Ok(Step::Text(String::new()))
            }
        }
    }

    /// The last word. Its list of items is the one that counts, if there is one: Azure may put encrypted
    /// reasoning only there, and some servers leave the list empty although they streamed items.
    fn end(&mut self, response: Response, finish: FinishReason) -> Result<Step, LlmError> {
        if response.error.as_ref().is_some_and(|error| !error.is_null()) {
            return Ok(Step::Failed(reason(response.error)));
        }
        self.note(&response);
        let items: Vec<Item> =
            response.output.into_iter().flatten().map(read).collect::<Result<_, LlmError>>()?;
        if !items.is_empty() {
            self.output.replace(items);
        }
        let cut = response.incomplete_details.and_then(|details| details.reason);
        self.finish = Some(match cut.as_deref() {
            Some("content_filter") => FinishReason::ContentFilter,
            Some(_) => FinishReason::Length,
            None => finish,
        });
        // What was delivered can not be taken back, but what was not can be added.
        let text = self.output.text();
        Ok(Step::Text(text.strip_prefix(&self.delivered).unwrap_or_default().to_owned()))
    }

    fn note(&mut self, response: &Response) {
        if let Some(model) = response.model.as_ref().filter(|model| !model.is_empty()) {
            self.model.clone_from(model);
        }
        if let Some(usage) = &response.usage {
            self.usage = mapping::usage(usage);
        }
    }
}

fn read(item: Value) -> Result<Item, LlmError> {
    Item::read(item).map_err(|_| malformed())
}

fn malformed() -> LlmError {
    let message = "the server's answer is not what Responses says: check `api_base`";
    LlmError::new(LlmErrorKind::Malformed, message)
}

/// A failure in the form that other failures have: an object with at least a message.
fn reason(error: Option<Value>) -> Value {
    let mut fields = match error {
        Some(Value::Object(fields)) => fields,
        Some(Value::String(message)) => Map::from_iter([("message".to_owned(), message.into())]),
        Some(_) | None => Map::new(),
    };
    // An `error` event has it among the error's own fields.
    fields.remove("sequence_number");
    if fields.get("message").is_none_or(Value::is_null) {
        fields.insert("message".to_owned(), json!("the provider gave no reason"));
    }
    fields.into()
}

#[cfg(test)]
mod tests;
