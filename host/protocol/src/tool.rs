//! Tools: what they are called, what they may do, and how a call of one ends.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Report, ToolCallId, ToolError, ToolName, ToolsetName};

/// What a tool may do to the world. Declared in the manifest, enforced by the host's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideEffect {
    /// Changes nothing.
    ReadOnly,
    /// Changes something that can be repeated or undone without harm.
    Mutating,
    /// May lose data or interrupt a workload.
    Destructive,
}

/// A tool as it is offered to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Unique in a host.
    pub name: ToolName,
    /// The toolset that serves it.
    pub toolset: ToolsetName,
    /// What the model is told about it.
    pub description: String,
    /// JSON Schema of the arguments; its root is an object.
    pub input_schema: Value,
    /// What a call may do.
    pub side_effect: SideEffect,
}

/// A call that a model (or the host itself) asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Pairs the call with its result.
    pub id: ToolCallId,
    /// The tool, as the model spelt it: it may name a tool that does not exist.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them.
    pub arguments: String,
}

/// HolmesGPT's status of a tool result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// The tool answered.
    Success,
    /// The tool looked and there was nothing. Not an error.
    NoData,
    /// The call failed.
    Error,
    /// Nothing ran: a person has to approve the call first.
    ApprovalRequired,
}

/// Where a person can look a result up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is.
    pub label: String,
    /// Its address, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// What a successful call returned. Untrusted until it has passed the door of `holmes-toolset`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolOutput {
    /// What the model is to read.
    pub text: String,
    /// Structured findings, if the tool made a triage report.
    pub report: Option<Box<Report>>,
    /// The tool or the host left something out.
    pub truncated: bool,
    /// Where a person can look.
    pub sources: Vec<Source>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolOutcome {
    /// The tool answered.
    Success(ToolOutput),
    /// The tool looked and there was nothing: the text says what was searched.
    NoData(String),
    /// The call failed.
    Failure(ToolError),
    /// Nothing ran, because the tool is not read-only and nobody approved the call.
    ApprovalRequired(String),
}

impl ToolOutcome {
    /// HolmesGPT's name for how the call ended.
    pub fn status(&self) -> ToolStatus {
        match self {
            Self::Success(_) => ToolStatus::Success,
            Self::NoData(_) => ToolStatus::NoData,
            Self::Failure(_) => ToolStatus::Error,
            Self::ApprovalRequired(_) => ToolStatus::ApprovalRequired,
        }
    }
}
