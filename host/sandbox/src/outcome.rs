//! The contract's outcome into the host's: sizes, depths and shapes are checked here, once.

use holmes_protocol::{Report, Source, ToolError, ToolErrorKind, ToolOutcome, ToolOutput};
use serde_json::Value;

use crate::{
    bindings::holmes::toolset::types::{self, Content, Outcome},
    limits::Limits,
};

/// Longest text of an error, in bytes.
const ERROR_BYTES: usize = 4_096;

/// Deepest JSON of a result. The parser itself stops at twice that.
const DEPTH: usize = 64;

/// Most sources of one result, and the longest text of one.
const SOURCES: usize = 100;
const SOURCE_BYTES: usize = 1_024;

/// Maps what the guest returned, with the parts that it handed over early in front.
pub(crate) fn map(outcome: Outcome, emitted: Vec<Content>, limits: &Limits) -> ToolOutcome {
    match outcome {
        Outcome::Success(output) => success(output, emitted, limits),
        Outcome::NoData(no_data) => ToolOutcome::NoData(cut(no_data.message, ERROR_BYTES)),
        Outcome::Failure(error) => ToolOutcome::Failure(ToolError {
            kind: kind(error.kind),
            message: cut(error.message, ERROR_BYTES),
            detail: error.detail.map(|detail| cut(detail, ERROR_BYTES)),
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
        }),
    }
}

fn success(output: types::Output, emitted: Vec<Content>, limits: &Limits) -> ToolOutcome {
    let mut result = ToolOutput { truncated: output.truncated, ..ToolOutput::default() };
    let mut left = usize::try_from(limits.result).unwrap_or(usize::MAX);
    let parts = emitted.into_iter().chain(output.summary.map(Content::Text)).chain(output.parts);
    for part in parts {
        let text = match part {
            Content::Text(text) => text,
            Content::Table(table) => render(&table),
            Content::Blob(blob) => {
                format!("({} bytes of {}, not shown)", blob.bytes.len(), cut(blob.mime, 80))
            }
            Content::Data(json) if json.len() > left => {
                // Half a JSON document is none: the model is told, and may ask for less.
                result.truncated = true;
                format!("({} bytes of JSON left out: more than one result may have)", json.len())
            }
            Content::Data(json) => match serde_json::from_str::<Value>(&json) {
                Ok(value) if value.get("schema").and_then(Value::as_str) == Some(Report::SCHEMA) => {
                    match serde_json::from_value(value) {
                        Ok(report) => {
                            left = left.saturating_sub(json.len());
                            result.report = Some(Box::new(report));
                            continue;
                        }
                        Err(error) => return broken(&format!("its report does not parse: {error}")),
                    }
                }
                Ok(value) if depth(&value) > DEPTH => {
                    return broken(&format!("its JSON is nested more than {DEPTH} deep"));
                }
                Ok(_) => json,
                Err(error) => return broken(&format!("its JSON does not parse: {error}")),
            },
        };
        if !result.text.is_empty() {
            result.text.push('\n');
        }
        if text.len() > left {
            result.truncated = true;
        }
        let text = cut(text, left);
        left -= text.len();
        result.text.push_str(&text);
    }
    result.sources = output
        .sources
        .into_iter()
        .take(SOURCES)
        .map(|source| Source {
            label: cut(source.label, SOURCE_BYTES),
            uri: source.uri.map(|uri| cut(uri, SOURCE_BYTES)),
        })
        .collect();
    ToolOutcome::Success(result)
}

/// A result that keeps no promise of the contract: the plugin's fault.
fn broken(detail: &str) -> ToolOutcome {
    let error = ToolError::new(ToolErrorKind::Internal, "the toolset returned a broken result");
    ToolOutcome::Failure(error.with_detail(cut(detail.to_owned(), ERROR_BYTES)))
}

fn render(table: &types::Table) -> String {
    let mut lines = vec![table.columns.join("\t")];
    lines.extend(table.rows.iter().map(|row| row.join("\t")));
    lines.join("\n")
}

/// How deep a value is nested; its recursion is bounded by the parser's.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Cuts on a character boundary.
fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

fn kind(kind: types::ErrorKind) -> ToolErrorKind {
    match kind {
        types::ErrorKind::InvalidArguments => ToolErrorKind::InvalidArguments,
        types::ErrorKind::NotFound => ToolErrorKind::NotFound,
        types::ErrorKind::PolicyDenied => ToolErrorKind::PolicyDenied,
        types::ErrorKind::Unauthorized => ToolErrorKind::Unauthorized,
        types::ErrorKind::RateLimited => ToolErrorKind::RateLimited,
        types::ErrorKind::Timeout => ToolErrorKind::Timeout,
        types::ErrorKind::Unavailable => ToolErrorKind::Unavailable,
        types::ErrorKind::TooLarge => ToolErrorKind::TooLarge,
        types::ErrorKind::Cancelled => ToolErrorKind::Cancelled,
        types::ErrorKind::Unsupported => ToolErrorKind::Unsupported,
        types::ErrorKind::Internal => ToolErrorKind::Internal,
    }
}
