//! Why an investigation ended without an answer.

use std::time::Duration;

use holmes_llm::{LlmError, LlmErrorKind};
use holmes_protocol::Report;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentErrorKind {
    /// The model gave no answer, for this reason.
    Model(LlmErrorKind),
    /// The model answered with nothing, twice.
    NoAnswer,
    /// The time limit was reached before there was an answer.
    TimeLimit,
    /// Somebody interrupted before there was an answer.
    Cancelled,
    /// The host failed.
    Internal,
}

/// Why an investigation ended without an answer. What triage found is not lost with it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AgentError {
    /// The model gave no answer.
    #[error("the model gave no answer: {source}")]
    Model {
        /// Why.
        source: LlmError,
        /// What triage found before.
        report: Option<Box<Report>>,
    },
    /// The model answered with nothing, twice.
    #[error("model `{model}` neither answered nor called a tool")]
    NoAnswer {
        /// The model.
        model: String,
        /// What triage found before.
        report: Option<Box<Report>>,
    },
    /// The time limit was reached.
    #[error("no answer within the time limit of {} s", limit.as_secs())]
    TimeLimit {
        /// The limit.
        limit: Duration,
        /// What triage found before.
        report: Option<Box<Report>>,
    },
    /// Somebody interrupted.
    #[error("interrupted before there was an answer")]
    Cancelled {
        /// What triage found before.
        report: Option<Box<Report>>,
    },
    /// The host failed.
    #[error("the investigation failed inside the host")]
    Internal,
}

impl AgentError {
    /// What kind of failure it was.
    pub fn kind(&self) -> AgentErrorKind {
        match self {
            Self::Model { source, .. } => AgentErrorKind::Model(source.kind),
            Self::NoAnswer { .. } => AgentErrorKind::NoAnswer,
            Self::TimeLimit { .. } => AgentErrorKind::TimeLimit,
            Self::Cancelled { .. } => AgentErrorKind::Cancelled,
            Self::Internal => AgentErrorKind::Internal,
        }
    }

    /// What triage found before it failed.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Model { report, .. }
            | Self::NoAnswer { report, .. }
            | Self::TimeLimit { report, .. }
            | Self::Cancelled { report } => report.as_deref(),
            Self::Internal => None,
        }
    }
}
