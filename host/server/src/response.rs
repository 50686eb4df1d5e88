//! The answer in `HolmesGPT`'s shape: `StructuredToolResult`, usage, and the whole of a JSON response.

use holmes_agent::{Answer, CallRecord, Ending};
use holmes_protocol::{TokenUsage, ToolStatus, ToolsetName};
use serde_json::{Map, Value, json};

use crate::history;

/// As much of the arguments as fits the one line that says what was done.
const INVOCATION_CHARACTERS: usize = 200;

/// A tool call, from a record or from an event.
pub(crate) struct Call<'a> {
    pub(crate) id: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) toolset: Option<&'a ToolsetName>,
    pub(crate) arguments: &'a str,
    pub(crate) status: ToolStatus,
    pub(crate) text: &'a str,
    pub(crate) elapsed_ms: u64,
}

impl<'a> From<&'a CallRecord> for Call<'a> {
    fn from(record: &'a CallRecord) -> Self {
        Self {
            id: record.id.as_str(),
            tool: &record.tool,
            toolset: record.toolset.as_ref(),
            arguments: &record.arguments,
            status: record.status,
            text: &record.text,
            elapsed_ms: record.elapsed_ms,
        }
    }
}

/// How the data of a result that has none is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoData {
    /// JSON responses.
    Null,
    /// Events: `data` is always a string.
    EmptyString,
}

impl Call<'_> {
    /// What was done, in one line.
    pub(crate) fn description(&self) -> String {
        let arguments = self.arguments.split_whitespace().collect::<Vec<_>>().join(" ");
        if matches!(arguments.as_str(), "" | "{}" | "null") {
            return self.tool.to_owned();
        }
        let mut shown: String = arguments.chars().take(INVOCATION_CHARACTERS).collect();
        if shown.len() < arguments.len() {
            shown.push('…');
        }
        format!("{} {shown}", self.tool)
    }

    /// `StructuredToolResult`.
    pub(crate) fn result(&self, no_data: NoData) -> Value {
        let params = serde_json::from_str::<Map<String, Value>>(self.arguments).ok();
        let nothing = match no_data {
            NoData::Null => Value::Null,
            NoData::EmptyString => Value::from(""),
        };
        let (status, data, error) = match self.status {
            ToolStatus::Success => ("success", Value::from(self.text), None),
            ToolStatus::NoData => ("no_data", Value::from(self.text), None),
            // Nobody can be asked: nothing ran, and the text says so.
            ToolStatus::Error | ToolStatus::ApprovalRequired => ("error", nothing, Some(self.text)),
        };
        let elapsed = std::time::Duration::from_millis(self.elapsed_ms).as_secs_f64();
        json!({
            "schema_version": "robusta:v1.0.0",
            "status": status,
            "error": error,
            "return_code": null,
            "data": data,
            "url": null,
            "invocation": self.description(),
            "params": params,
            "icon_url": null,
            "elapsed_seconds": elapsed,
        })
    }

    /// An item of `tool_calls`.
    fn item(&self) -> Value {
        json!({
            "tool_call_id": self.id,
            "tool_name": self.tool,
            "description": self.description(),
            "result": self.result(NoData::Null),
            "size": self.text.len(),
            "toolset_name": self.toolset,
        })
    }
}

/// Tokens as clients count them.
pub(crate) fn usage(usage: &TokenUsage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total(),
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    })
}

/// What stands beside an answer. `findings` is ours: null when triage did not run.
pub(crate) fn metadata(answer: &Answer) -> Value {
    let finish_reason = match answer.ending {
        Ending::Answered | Ending::StepLimit | Ending::Interrupted => "stop",
        Ending::Cut | Ending::Broken => "length",
    };
    json!({
        "usage": usage(&answer.usage),
        "model": answer.model,
        "finish_reason": finish_reason,
        "ending": answer.ending,
        "model_calls": answer.model_calls,
        "findings": answer.report.as_ref().map(|report| &report.findings),
        "verdict": answer.report.as_ref().map(|report| report.verdict),
    })
}

/// The body of a JSON response.
pub(crate) fn whole(answer: &Answer) -> Value {
    let calls: Vec<Value> = answer.calls.iter().map(|record| Call::from(record).item()).collect();
    json!({
        "analysis": answer.text,
        "conversation_history": history::write(&answer.messages),
        "tool_calls": calls,
        "follow_up_actions": [],
        "pending_approvals": null,
        "metadata": metadata(answer),
    })
}
