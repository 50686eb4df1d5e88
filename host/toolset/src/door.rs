//! The one place tool output passes on its way to the model, to people and to logs: neutralise, redact,
//! bound, in this order. Nothing is cut before it is redacted, so that no secret survives in halves.

mod bound;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use holmes_protocol::{Report, Source, ToolCall, ToolError, ToolOutcome, ToolOutput, ToolStatus};
use serde_json::{Value, json};

use crate::{neutralise::neutralise, redact::Redactor};

/// What is said when redaction itself failed: nothing leaves then.
const WITHHELD: &str = "[redaction failed; the output is withheld]";

/// Bounds of what the model reads of one result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a successful result: 25,000 tokens of about four bytes.
    pub success_bytes: usize,
    /// Bytes of an error: enough for a cause and a remedy.
    pub error_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { success_bytes: 100_000, error_bytes: 4096 }
    }
}

/// The door of one conversation.
#[derive(Debug, Clone)]
pub struct Door {
    redactor: Arc<Redactor>,
    limits: Limits,
}

/// What came through the door.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// How the call ended.
    pub status: ToolStatus,
    /// What the model reads: parameters, metadata, then the body.
    pub text: String,
    /// What the tool said, as people are shown it.
    pub body: String,
    /// The report, redacted and whole.
    pub report: Option<Box<Report>>,
    /// Something was left out.
    pub truncated: bool,
    /// Where a person can look.
    pub sources: Vec<Source>,
    /// Values that were replaced by placeholders.
    pub redactions: usize,
    /// Characters and tokens that were made visible.
    pub neutralised: usize,
}

impl Door {
    /// A door with the default limits.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, limits: Limits::default() }
    }

    /// Other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The redactor of the conversation.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Lets the outcome of a call in.
    pub fn admit(&self, call: &ToolCall, outcome: ToolOutcome) -> Admitted {
        let status = outcome.status();
        let (output, limit) = match outcome {
            ToolOutcome::Success(output) => (output, self.limits.success_bytes),
            ToolOutcome::NoData(text) => {
                (ToolOutput { text, ..ToolOutput::default() }, self.limits.success_bytes)
            }
            ToolOutcome::ApprovalRequired(text) => {
                (ToolOutput { text, ..ToolOutput::default() }, self.limits.error_bytes)
            }
            ToolOutcome::Failure(error) => {
                (ToolOutput { text: explain(&error), ..ToolOutput::default() }, self.limits.error_bytes)
            }
        };
        let clean = self.clean(&output.text);
        let (body, cut) = bound::bound(clean.text, limit);
        Admitted {
            status,
            text: format!("{}{}", self.preamble(call), body),
            body,
            report: output.report.and_then(|report| self.report(&report)),
            truncated: output.truncated || cut,
            sources: output.sources.into_iter().map(|source| self.source(source)).collect(),
            redactions: clean.redactions,
            neutralised: clean.neutralised,
        }
    }

    /// Text of the model, or text that goes to it from a person: neutralised and redacted, never cut.
    pub fn answer(&self, text: &str) -> String {
        self.clean(text).text
    }

    /// A call's arguments as people, logs and the conversation may have them.
    pub fn arguments(&self, arguments: &str) -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(arguments) else { return self.answer(arguments) };
        let before = value.clone();
        match self.value(&mut value) {
            Some(()) if value == before => arguments.to_owned(),
            Some(()) => value.to_string(),
            None => "{}".to_owned(),
        }
    }

    fn preamble(&self, call: &ToolCall) -> String {
        let name = self.clean(&call.name).text;
        let metadata = json!({"tool_name": name, "tool_call_id": call.id});
        let arguments = self.arguments(&call.arguments);
        let arguments = arguments.trim();
        if arguments.is_empty() || arguments == "{}" || arguments == "null" {
            return format!("tool_call_metadata={metadata}\n");
        }
        let (arguments, _) = bound::bound(arguments.replace(['\n', '\r'], " "), self.limits.error_bytes);
        format!("{arguments}\ntool_call_metadata={metadata}\n")
    }

    fn report(&self, report: &Report) -> Option<Box<Report>> {
        let mut value = serde_json::to_value(report).ok()?;
        self.value(&mut value)?;
        serde_json::from_value(value).ok().map(Box::new)
    }

    fn source(&self, source: Source) -> Source {
        Source { label: self.answer(&source.label), uri: source.uri.map(|uri| self.answer(&uri)) }
    }

    fn value(&self, value: &mut Value) -> Option<()> {
        catch_unwind(AssertUnwindSafe(|| {
            neutralise_value(value);
            self.redactor.redact_value(value);
        }))
        .ok()
    }

    fn clean(&self, text: &str) -> Clean {
        let cleaned = catch_unwind(AssertUnwindSafe(|| {
            let harmless = neutralise(text);
            let redacted = self.redactor.redact_text(&harmless.text);
            Clean { text: redacted.text, redactions: redacted.count, neutralised: harmless.count }
        }));
        cleaned.unwrap_or_else(|_| Clean { text: WITHHELD.to_owned(), redactions: 1, neutralised: 0 })
    }
}

struct Clean {
    text: String,
    redactions: usize,
    neutralised: usize,
}

/// An error's text, a colon, a blank line, then its kind with the retry hint.
fn explain(error: &ToolError) -> String {
    let mut data = json!({"kind": error.kind, "retryable": error.retryable});
    if let (Some(object), Some(wait)) = (data.as_object_mut(), error.retry_after_ms) {
        object.insert("retry_after_ms".to_owned(), wait.into());
    }
    format!("{}:\n\n{data}", error.message.trim_end_matches(':'))
}

fn neutralise_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            let harmless = neutralise(text);
            if harmless.count > 0 {
                *text = harmless.text;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(neutralise_value),
        Value::Object(object) => object.values_mut().for_each(neutralise_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
