//! `builtin/triage`: the model that needs no service, no key and no network.
//!
//! It asks for the triage tool and renders the findings of its report. It never guesses: what it can not
//! know it says.

mod render;

use futures::stream::{self, BoxStream, StreamExt};
use holmes_protocol::{Message, Report, TokenUsage, ToolCall, ToolStatus};

use crate::{ChatEvent, ChatModel, ChatReply, ChatRequest, FinishReason, LlmError};

pub use render::render_findings;

/// Its name, which is always known.
pub const BUILTIN_TRIAGE: &str = "builtin/triage";

/// The tool it calls.
const TRIAGE_TOOL: &str = "triage";
const CALL_ID: &str = "call_triage";
/// No conversation is too long for it, because it reads only the last report.
const WINDOW: u64 = 1_000_000;
const SIGNATURE: &str = "_Answered by `builtin/triage`: fixed rules, no language model. \
                         Configure a model to ask free questions._";

/// The built-in model.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltinTriage;

impl ChatModel for BuiltinTriage {
    fn name(&self) -> &'static str {
        BUILTIN_TRIAGE
    }

    fn window(&self) -> u64 {
        WINDOW
    }

    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        let reply = answer(&request);
        let mut events: Vec<_> =
            reply.text.split_inclusive('\n').map(|line| Ok(ChatEvent::TextDelta(line.to_owned()))).collect();
        events.push(Ok(ChatEvent::Finished(reply)));
        stream::iter(events).boxed()
    }
}

fn answer(request: &ChatRequest) -> ChatReply {
    let asked = request.messages.iter().rposition(|message| matches!(message, Message::User { .. }));
    let since_question = request.messages.iter().skip(asked.unwrap_or_default()).rev();
    let mut failure = None;
    for message in since_question {
        if let Message::Tool { name, status, text, report, .. } = message {
            if let Some(report) = report {
                return says(&render_findings(report));
            }
            if name.as_str() == TRIAGE_TOOL && failure.is_none() {
                failure = Some(explain(*status, text));
            }
        }
    }
    if let Some(failure) = failure {
        return says(&failure);
    }
    if request.tools.iter().any(|tool| tool.name.as_str() == TRIAGE_TOOL)
        && let Ok(id) = CALL_ID.parse()
    {
        let call = ToolCall { id, name: TRIAGE_TOOL.to_owned(), arguments: "{}".to_owned() };
        return ChatReply { tool_calls: vec![call], finish: FinishReason::ToolCalls, ..reply(String::new()) };
    }
    // Without tools the model has to answer now: an earlier report is better than none.
    request.messages.iter().rev().find_map(report_of).map_or_else(
        || {
            says(
                "**Not determined**: no triage toolset is loaded, and `builtin/triage` can do nothing else.\n\n\
                 Load it with `--plugins <folder>` (the folder that holds `triage.wasm`), or configure a model \
                 with `--model` or a model list.",
            )
        },
        |report| says(&render_findings(report)),
    )
}

fn report_of(message: &Message) -> Option<&Report> {
    match message {
        Message::Tool { report, .. } => report.as_deref(),
        Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => None,
    }
}

fn explain(status: ToolStatus, text: &str) -> String {
    let text = text.trim();
    match status {
        ToolStatus::Error => format!(
            "**Not determined**: the triage failed.\n\n> {}\n\nCheck the cluster's address and your rights \
             (`kubectl auth can-i list pods`), or give a recorded cluster with `--snapshot`.",
            text.replace('\n', "\n> ")
        ),
        ToolStatus::ApprovalRequired => {
            "**Not determined**: the triage was not approved, so nothing was looked at.".to_owned()
        }
        ToolStatus::NoData | ToolStatus::Success => {
            format!("**Not determined**: the triage made no report. It said:\n\n{text}")
        }
    }
}

fn says(text: &str) -> ChatReply {
    reply(format!("{}\n\n{SIGNATURE}\n", text.trim_end()))
}

fn reply(text: String) -> ChatReply {
    let (usage, model) = (TokenUsage::default(), BUILTIN_TRIAGE.to_owned());
    ChatReply { text, tool_calls: Vec::new(), carried: Vec::new(), finish: FinishReason::Stop, usage, model }
}

#[cfg(test)]
mod tests;
