//! The investigation: a state machine without I/O ([`Run`]) and the driver that performs its steps. Floor 3.
//!
//! This crate knows models and toolsets as traits; it links neither a sandbox nor a server. Every rule of
//! the loop is in [`Run`], so that it is a plain unit test; the driver only acts.

mod answer;
mod driver;
mod error;
mod guard;
mod prompt;
mod run;
mod step;

use std::{sync::Arc, time::Duration};

use holmes_protocol::{Event, Message};
use tokio::sync::{mpsc, oneshot};

pub use answer::{Answer, CallRecord, Ending};
pub use error::{AgentError, AgentErrorKind};
// What the server and its tests name of the floors below, which they may not depend on.
pub use holmes_llm::{ChatEvent, ChatModel, ChatReply, ChatRequest, FinishReason, LlmError, LlmErrorKind};
pub use holmes_toolset::{CallContext, Invocation, Registry, Toolset, Unavailable, redact::Redactor};
pub use run::{Finished, Run, Start, Stop};
pub use step::Step;

/// Limits of one investigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Calls of the model at most; on the last one no tools are offered, so that it must answer.
    pub max_steps: u32,
    /// Wall clock of the whole investigation.
    pub time_limit: Duration,
    /// Wall clock of one tool call at most; a toolset's own limit may be shorter.
    pub tool_time_limit: Duration,
    /// Tools of one turn that run side by side.
    pub parallel_calls: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_steps: 100,
            time_limit: Duration::from_mins(15),
            tool_time_limit: Duration::from_mins(2),
            parallel_calls: 16,
        }
    }
}

/// Does triage run before the model is asked?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Triage {
    /// Yes: the model gets its findings, and they stand beside the answer.
    #[default]
    First,
    /// No.
    Skip,
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    /// The question itself.
    pub ask: String,
    /// Attached files as (name, content): data, never instructions.
    pub attachments: Vec<(String, String)>,
    /// The conversation so far, without its system message.
    pub history: Vec<Message>,
    /// The namespace the question is about; none for all.
    pub namespace: Option<String>,
    /// Whether triage runs first.
    pub triage: Triage,
    /// Added to the system prompt.
    pub additional_system_prompt: Option<String>,
}

/// Investigates questions with the toolsets it was given.
#[derive(Clone)]
pub struct Agent {
    config: Config,
    toolsets: Arc<Registry>,
}

/// An investigation in progress: its events, then its answer.
#[derive(Debug)]
pub struct Investigation {
    /// Progress. Closed when the investigation ends.
    pub events: mpsc::Receiver<Event>,
    /// How it ended.
    pub answer: oneshot::Receiver<Result<Answer, AgentError>>,
}
