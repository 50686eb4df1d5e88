//! The investigation as a state machine without I/O: it decides, the driver acts.
//!
//! Invariant: in every request each tool call is answered once, in order, and no result is orphaned. The
//! state is plain data and can be stored between any two steps.

use std::collections::HashSet;

use holmes_llm::{ChatReply, ChatRequest, FinishReason, LlmError, LlmErrorKind};
use holmes_protocol::{Carried, Message, Report, TokenUsage, ToolCall, ToolCallId, ToolSpec, ToolStatus};
use holmes_toolset::door::{Admitted, Door};
use serde::{Deserialize, Serialize};

use crate::{AgentError, Answer, CallRecord, Ending, Step, guard, prompt::NUDGE};

/// The tool whose report stands beside the answer, and the id of the host's own call of it.
pub(crate) const TRIAGE: &str = "triage";
const TRIAGE_CALL: &str = "call_triage";

/// What an investigation starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// System message, history, question: already through the door.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<ToolSpec>,
    /// Calls of the model at most.
    pub max_steps: u32,
    /// The model's name.
    pub model: String,
    /// Arguments of the host's own call of `triage`, if it comes first.
    pub triage: Option<String>,
}

/// An investigation between two steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    messages: Vec<Message>,
    tools: Vec<ToolSpec>,
    max_steps: u32,
    model: String,
    phase: Phase,
    calls: Vec<CallRecord>,
    earlier_calls: u32,
    ids: HashSet<ToolCallId>,
    report: Option<Box<Report>>,
    model_calls: u32,
    usage: TokenUsage,
    nudged: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Phase {
    /// The model is to be called.
    Ask,
    /// These calls are to be run; arguments as the model wrote them.
    Act(Vec<ToolCall>),
    /// There is an answer.
    Done { text: String, ending: Ending },
    /// There is none.
    #[serde(skip)]
    Failed(AgentError),
}

/// The result of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The outcome, through the door.
    pub admitted: Admitted,
    /// What people are shown of the call.
    pub record: CallRecord,
}

/// Why a run is stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody interrupted.
    Cancelled,
    /// The time limit was reached.
    TimeLimit(std::time::Duration),
}

impl Run {
    /// A run that has not done anything yet.
    pub fn new(start: Start, door: &Door) -> Self {
        let ids =
            start.messages.iter().flat_map(calls_of).map(|call| call.id.clone()).collect::<HashSet<_>>();
        let earlier_calls = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let mut run = Self {
            messages: start.messages,
            tools: start.tools,
            max_steps: start.max_steps.max(1),
            model: start.model,
            phase: Phase::Ask,
            calls: Vec::new(),
            earlier_calls,
            ids,
            report: None,
            model_calls: 0,
            usage: TokenUsage::default(),
            nudged: false,
        };
        if let (Some(arguments), Ok(id)) = (start.triage, TRIAGE_CALL.parse()) {
            let call = ToolCall { id, name: TRIAGE.to_owned(), arguments };
            run.act(String::new(), vec![call], Vec::new(), door);
        }
        run
    }

    /// What to do next. Asking twice without a report in between gives the same answer.
    pub fn next_step(&self) -> Step {
        match &self.phase {
            Phase::Ask => Step::CallModel(ChatRequest {
                messages: self.messages.clone(),
                tools: if self.is_last_step() { Vec::new() } else { self.tools.clone() },
            }),
            Phase::Act(calls) => Step::CallTools(calls.clone()),
            Phase::Done { text, ending } => Step::Finish(Ok(Box::new(self.answer(text.clone(), *ending)))),
            Phase::Failed(error) => Step::Finish(Err(error.clone())),
        }
    }

    /// The number of the step that calls the model next, from 1.
    pub fn step(&self) -> u32 {
        self.model_calls.saturating_add(1)
    }

    /// The number of the first call of the next [`Step::CallTools`].
    pub fn next_number(&self) -> u32 {
        let made = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.earlier_calls.saturating_add(made).saturating_add(1)
    }

    /// The conversation so far.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Tokens so far.
    pub fn usage(&self) -> TokenUsage {
        self.usage
    }

    /// Says which model writes the next message: another one may have to stand in.
    pub fn answered_by(&mut self, model: String) {
        self.model = model;
    }

    /// The model answered.
    pub fn model_replied(&mut self, reply: ChatReply, door: &Door) {
        if !matches!(self.phase, Phase::Ask) {
            return;
        }
        let last = self.is_last_step();
        self.model_calls = self.model_calls.saturating_add(1);
        self.usage += reply.usage;
        let text = door.answer(&reply.text);
        if !last && !reply.tool_calls.is_empty() {
            self.nudged = false;
            self.act(text, reply.tool_calls, reply.carried, door);
        } else if !text.trim().is_empty() {
            let withheld = last && !self.tools.is_empty();
            let ending = match reply.finish {
                FinishReason::Length | FinishReason::ContentFilter => Ending::Cut,
                FinishReason::Stop | FinishReason::ToolCalls if withheld => Ending::StepLimit,
                FinishReason::Stop | FinishReason::ToolCalls => Ending::Answered,
            };
            self.finish(text, ending);
        } else if reply.finish == FinishReason::ContentFilter {
            let error = LlmError::new(
                LlmErrorKind::ContentFiltered,
                "the provider's content filter stopped the answer",
            );
            self.fail_with(error);
        } else if self.nudged || last {
            self.phase = Phase::Failed(AgentError::NoAnswer {
                model: self.model.clone(),
                report: self.report.clone(),
            });
        } else {
            self.nudged = true;
            self.messages.push(Message::User { text: NUDGE.to_owned() });
        }
    }

    /// The model gave no whole answer; what it had written until then is kept.
    pub fn model_failed(&mut self, mut error: LlmError, partial: &str, door: &Door) {
        if !matches!(self.phase, Phase::Ask) {
            return;
        }
        self.model_calls = self.model_calls.saturating_add(1);
        let text = door.answer(partial);
        if text.trim().is_empty() {
            error.message = door.answer(&error.message);
            self.fail_with(error);
        } else {
            self.finish(text, Ending::Broken);
        }
    }

    /// The tools of [`Step::CallTools`] ended; results may come in any order, and one may be missing.
    pub fn tools_finished(&mut self, results: Vec<Finished>) {
        let Phase::Act(calls) = &self.phase else { return };
        let calls = calls.clone();
        let mut results = results;
        for call in calls {
            let found = results.iter().position(|result| result.record.id == call.id);
            let message = match found.map(|at| results.swap_remove(at)) {
                Some(result) => self.accept(&call, result),
                None => Message::Tool {
                    call_id: call.id,
                    name: guard::tool_name(&call.name),
                    status: ToolStatus::Error,
                    text: "The call was not finished; nothing is known of its result.".to_owned(),
                    report: None,
                },
            };
            self.messages.push(message);
        }
        self.phase = Phase::Ask;
    }

    /// Ends the run from outside; a partial answer is an answer.
    pub fn stop(&mut self, stop: Stop, partial: &str, door: &Door) {
        let text = door.answer(partial);
        if matches!(self.phase, Phase::Done { .. } | Phase::Failed(_)) {
            return;
        }
        if !text.trim().is_empty() {
            self.model_calls = self.model_calls.saturating_add(1);
            self.finish(text, Ending::Interrupted);
            return;
        }
        let report = self.report.clone();
        self.phase = Phase::Failed(match stop {
            Stop::Cancelled => AgentError::Cancelled { report },
            Stop::TimeLimit(limit) => AgentError::TimeLimit { limit, report },
        });
    }

    fn is_last_step(&self) -> bool {
        self.step() >= self.max_steps
    }

    fn act(&mut self, text: String, calls: Vec<ToolCall>, carried: Vec<Carried>, door: &Door) {
        let calls = guard::unique(calls, &mut self.ids);
        let shown = calls.iter().map(|call| guard::shown(call, door)).collect();
        self.messages.push(Message::Assistant { text, tool_calls: shown, carried });
        self.phase = Phase::Act(calls);
    }

    fn accept(&mut self, call: &ToolCall, result: Finished) -> Message {
        let Finished { admitted, record } = result;
        self.calls.push(record);
        // The newest report replaces an older one.
        if let Some(report) = &admitted.report {
            self.report = Some(report.clone());
        }
        Message::Tool {
            call_id: call.id.clone(),
            name: guard::tool_name(&call.name),
            status: admitted.status,
            text: admitted.text,
            report: admitted.report,
        }
    }

    fn finish(&mut self, text: String, ending: Ending) {
        let message = Message::Assistant { text: text.clone(), tool_calls: Vec::new(), carried: Vec::new() };
        self.messages.push(message);
        self.phase = Phase::Done { text, ending };
    }

    fn fail_with(&mut self, source: LlmError) {
        self.phase = Phase::Failed(AgentError::Model { source, report: self.report.clone() });
    }

    fn answer(&self, text: String, ending: Ending) -> Answer {
        Answer {
            text,
            ending,
            report: self.report.clone(),
            messages: self.messages.clone(),
            calls: self.calls.clone(),
            model_calls: self.model_calls,
            usage: self.usage,
            model: self.model.clone(),
        }
    }
}

fn calls_of(message: &Message) -> &[ToolCall] {
    match message {
        Message::Assistant { tool_calls, .. } => tool_calls,
        Message::System { .. } | Message::User { .. } | Message::Tool { .. } => &[],
    }
}

#[cfg(test)]
mod tests;
