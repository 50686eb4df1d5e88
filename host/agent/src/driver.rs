//! Performs the steps of a [`Run`]: streams the model, runs tools side by side, keeps time. It decides
//! nothing; dropping what it waits for cancels it at once.

mod calls;
mod pieces;

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{FutureExt, StreamExt};
use holmes_llm::{ChatEvent, ChatModel, ChatReply, ChatRequest, LlmError, LlmErrorKind};
use holmes_protocol::{Event, InvestigationId, Message};
use holmes_toolset::{
    Registry,
    door::{Door, Limits},
    redact::Redactor,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Agent, AgentError, Answer, Config, Investigation, Question, Run, Step, Triage, guard, prompt,
    run::{Start, Stop, TRIAGE},
};
use pieces::Pieces;

/// Events that wait for a slow reader inside the channel; more wait in front of it, none is lost.
const EVENTS: usize = 256;

/// Share of the window, in percent, that one result may take, and its bounds in tokens.
const RESULT_SHARE: u64 = 15;
const RESULT_TOKENS: (u64, u64) = (1_000, 25_000);
const BYTES_PER_TOKEN: u64 = 4;

impl Agent {
    /// An agent with these toolsets.
    pub fn new(config: Config, toolsets: Arc<Registry>) -> Self {
        Self { config, toolsets }
    }

    /// The toolsets.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.toolsets
    }

    /// The limits.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Starts an investigation; needs a Tokio runtime. Dropping what it returns cancels it.
    #[expect(clippy::needless_pass_by_value, reason = "the caller hands its own token over")]
    pub fn investigate(
        &self,
        model: Arc<dyn ChatModel>,
        question: Question,
        redactor: Arc<Redactor>,
        cancellation: CancellationToken,
    ) -> Investigation {
        let (inside, mut outside) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::channel(EVENTS);
        let (mut done, answer) = oneshot::channel();
        tokio::spawn(async move {
            while let Some(event) = outside.recv().await {
                if sender.send(event).await.is_err() {
                    break;
                }
            }
        });
        let driver = Driver {
            config: self.config.clone(),
            registry: Arc::clone(&self.toolsets),
            door: Door::new(redactor).with_limits(limits(model.window())),
            model,
            events: inside,
            investigation: investigation_id(),
            deadline: Instant::now().checked_add(self.config.time_limit),
            cancellation: cancellation.child_token(),
        };
        tokio::spawn(async move {
            let drive = AssertUnwindSafe(driver.drive(question)).catch_unwind();
            tokio::select! {
                result = drive => {
                    // Nobody waits for the answer any more: there is nobody to tell.
                    let _ = done.send(result.unwrap_or(Err(AgentError::Internal)));
                }
                () = done.closed() => {}
            }
        });
        Investigation { events, answer }
    }
}

/// One investigation's surroundings.
pub(crate) struct Driver {
    config: Config,
    registry: Arc<Registry>,
    model: Arc<dyn ChatModel>,
    door: Door,
    events: mpsc::UnboundedSender<Event>,
    investigation: InvestigationId,
    /// None for a limit beyond what a clock can count.
    deadline: Option<Instant>,
    cancellation: CancellationToken,
}

/// How a call of the model ended.
enum Reply {
    /// A message, and the name of the model that wrote it in the place of the one that was asked.
    Whole(ChatReply, Option<String>),
    Failed(LlmError, String),
    Stopped(Stop, String),
}

impl Driver {
    async fn drive(self, question: Question) -> Result<Answer, AgentError> {
        let _cancel_what_is_left = self.cancellation.clone().drop_guard();
        let mut run = Run::new(self.start(question), &self.door);
        loop {
            match run.next_step() {
                Step::CallModel(request) => {
                    let step = run.step();
                    self.emit(Event::ModelStarted { step });
                    match self.call_model(request, step).await {
                        Reply::Whole(reply, stand_in) => {
                            run.answered_by(stand_in.unwrap_or_else(|| self.model.name().to_owned()));
                            run.model_replied(reply, &self.door);
                        }
                        Reply::Failed(error, partial) => run.model_failed(error, &partial, &self.door),
                        Reply::Stopped(reason, partial) => run.stop(reason, &partial, &self.door),
                    }
                    self.emit(Event::Usage { usage: run.usage() });
                    self.tell_message(&run);
                }
                Step::CallTools(calls) => {
                    let running = self.call_tools(calls, run.next_number());
                    let outcome = tokio::select! {
                        biased;
                        reason = self.stopped() => Err(reason),
                        results = running => Ok(results),
                    };
                    match outcome {
                        Ok(results) => run.tools_finished(results),
                        Err(reason) => run.stop(reason, "", &self.door),
                    }
                }
                Step::Finish(result) => return result.map(|answer| *answer),
            }
        }
    }

    fn start(&self, question: Question) -> Start {
        let now = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| jiff::Timestamp::now());
        let system = prompt::system(&self.registry, question.additional_system_prompt.as_deref());
        let user = prompt::user(&question, &now.to_string(), &self.door);
        let wanted = question.triage == Triage::First && self.registry.find(TRIAGE).is_some();
        let triage = wanted.then(|| match &question.namespace {
            Some(namespace) => serde_json::json!({ "namespace": namespace }).to_string(),
            None => "{}".to_owned(),
        });
        let mut messages = vec![Message::System { text: system }];
        messages.extend(guard::well_formed(question.history, &self.door));
        messages.push(Message::User { text: user });
        Start {
            messages,
            tools: self.registry.specs(),
            max_steps: self.config.max_steps,
            model: self.model.name().to_owned(),
            triage,
        }
    }

    async fn call_model(&self, request: ChatRequest, step: u32) -> Reply {
        let mut partial = String::new();
        let mut pieces = Pieces::default();
        let mut stand_in = None;
        let mut stream = self.model.chat(request);
        loop {
            let event = tokio::select! {
                biased;
                reason = self.stopped() => {
                    self.tell_piece(pieces.rest(), step);
                    return Reply::Stopped(reason, partial);
                }
                event = stream.next() => event,
            };
            match event {
                Some(Ok(ChatEvent::TextDelta(text))) => {
                    partial.push_str(&text);
                    self.tell_piece(pieces.push(&text), step);
                }
                Some(Ok(ChatEvent::Retry { reason, wait })) => {
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    self.emit(Event::Retry { reason: self.door.answer(&reason), wait_ms });
                }
                Some(Ok(ChatEvent::FellBack { model, reason })) => {
                    stand_in = Some(model.clone());
                    self.emit(Event::FellBack { model, reason: self.door.answer(&reason) });
                }
                Some(Ok(ChatEvent::Finished(reply))) => {
                    self.tell_piece(pieces.rest(), step);
                    return Reply::Whole(reply, stand_in);
                }
                Some(Err(error)) => {
                    self.tell_piece(pieces.rest(), step);
                    return Reply::Failed(error, partial);
                }
                None => {
                    self.tell_piece(pieces.rest(), step);
                    let error = LlmError::new(LlmErrorKind::Cut, "the answer ended before it was complete");
                    return Reply::Failed(error, partial);
                }
            }
        }
    }

    /// Resolves when the investigation has to end.
    async fn stopped(&self) -> Stop {
        let late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Stop::Cancelled,
            () = late => Stop::TimeLimit(self.config.time_limit),
        }
    }

    /// A message that is not the answer is told as a whole.
    fn tell_message(&self, run: &Run) {
        if let Some(Message::Assistant { text, tool_calls, .. }) = run.messages().last()
            && !tool_calls.is_empty()
        {
            self.emit(Event::AssistantMessage { text: text.clone(), tool_calls: tool_calls.clone() });
        }
    }

    fn tell_piece(&self, piece: Option<String>, step: u32) {
        if let Some(piece) = piece {
            self.emit(Event::TextDelta { text: self.door.answer(&piece), step });
        }
    }

    /// Nobody may be listening, which is no reason to stop.
    fn emit(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

fn limits(window: u64) -> Limits {
    let tokens = (window.saturating_mul(RESULT_SHARE) / 100).clamp(RESULT_TOKENS.0, RESULT_TOKENS.1);
    let bytes = usize::try_from(tokens.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX);
    Limits { success_bytes: bytes, ..Limits::default() }
}

/// Unique enough to tell investigations apart in logs; it opens nothing.
fn investigation_id() -> InvestigationId {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut random = RandomState::new().hash_one(number);
    loop {
        if let Ok(id) = format!("{random:016x}").parse() {
            return id;
        }
        random = random.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests;
