//! A model behind HTTP: one call is a body, tries until the first byte (see [`crate::retry`]), then pieces
//! until the end. What a deployment refuses is learnt once and kept.

mod attempt;
pub(crate) mod failure;
mod reach;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::stream::BoxStream;
use serde_json::{Map, Value};

use self::failure::{Failure, Remedy};
use crate::{
    ChatEvent, ChatModel, ChatReply, ChatRequest, LlmError, LlmErrorKind, Settings,
    dialect::Dialect,
    endpoint::Endpoint,
    events::{self, Progress},
    limiter::Limiter,
    parameters::{Learnt, Wishes},
    retry::{self, Decision, Tries},
    transport::Transport,
    windows,
};

/// Different things that one call may learn: a limit's name, sampling, `stream_options`, the protocol.
const MAX_ADAPTATIONS: u32 = 6;

/// A deployment as it is spoken to.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) wishes: Wishes,
    /// Said by the entry or the environment; over what the model's name says.
    pub(crate) window: Option<u64>,
    pub(crate) settings: Settings,
    pub(crate) transport: Transport,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) learnt: Mutex<Learnt>,
}

/// What one call has found out about itself.
#[derive(Debug, Default)]
struct Course {
    adaptations: u32,
    new_credential: bool,
    without_carried: bool,
    /// Another protocol, because the first was refused; learnt when it has answered.
    dialect: Option<Dialect>,
}

impl Course {
    /// Counts one more thing that the call learns, and says when it is too many.
    fn may_adapt(&mut self) -> bool {
        self.adaptations += 1;
        self.adaptations <= MAX_ADAPTATIONS
    }
}

impl ChatModel for Deployment {
    fn name(&self) -> &str {
        &self.name
    }

    fn window(&self) -> u64 {
        self.window_of(&self.learnt())
    }

    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        events::stream(move |progress| self.run(request, progress))
    }
}

impl Deployment {
    async fn run(&self, mut request: ChatRequest, mut progress: Progress) -> Result<ChatReply, LlmError> {
        let mut tries = Tries::new(&self.settings.retry);
        let mut course = Course::default();
        loop {
            let pause = self.limiter.pause();
            if !pause.is_zero() {
                self.pause(pause, &mut tries, &progress).await?;
            }
            let (dialect, body) = self.body(&request, course.dialect);
            let failure = match self.attempt(dialect, &body, &mut progress).await {
                Ok(reply) => {
                    self.learnt().answered(&reply.model, course.dialect);
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            if progress.delivered() {
                return Err(failure.error);
            }
            if self.remedied(&failure, &body, &mut course, &mut request) {
                continue;
            }
            if let LlmErrorKind::RateLimited { retry_after } = failure.error.kind {
                self.limiter.throttled(retry_after);
            }
            match tries.after(failure.retry, retry::chance()) {
                Decision::GiveUp => return Err(failure.error),
                Decision::OverBudget(hint) => return Err(self.over_budget(failure.error, hint)),
                Decision::Wait(wait) => {
                    tracing::info!(model = %self.name, wait_ms = wait.as_millis(), "model call is tried again");
                    progress.send(ChatEvent::Retry { reason: failure.error.message, wait });
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Waits until the deployment takes calls again, if that is within what a call may wait.
    async fn pause(
        &self,
        pause: Duration,
        tries: &mut Tries<'_>,
        progress: &Progress,
    ) -> Result<(), LlmError> {
        let reason = format!("`{}` limits the rate of all calls", self.endpoint.host());
        // Whoever waits for the same moment does not start in the same moment.
        let wait = pause + self.settings.retry.base.mul_f64(retry::chance());
        if !tries.spend(wait) {
            let error = LlmError::new(LlmErrorKind::RateLimited { retry_after: Some(pause) }, reason);
            return Err(self.over_budget(error, pause));
        }
        progress.send(ChatEvent::Retry { reason, wait });
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn body(&self, request: &ChatRequest, tried: Option<Dialect>) -> (Dialect, Map<String, Value>) {
        let learnt = self.learnt();
        let routes = &self.endpoint.routes;
        let dialect = tried.or(learnt.dialect).filter(|dialect| routes.of(*dialect).is_some());
        let dialect = dialect.unwrap_or(routes.first.0);
        let (window, model) = (self.window_of(&learnt), self.wishes.model(&learnt));
        let parameters = self.wishes.parameters(&self.settings, window, model);
        let stream_options = routes.of(dialect).is_some_and(|address| address.stream_options);
        let mut body = dialect.body(request, &self.endpoint, parameters, stream_options);
        learnt.apply(&mut body);
        (dialect, body)
    }

    /// Whether the failure taught something that makes another try different.
    fn remedied(
        &self,
        failure: &Failure,
        body: &Map<String, Value>,
        course: &mut Course,
        request: &mut ChatRequest,
    ) -> bool {
        let Some(remedy) = &failure.remedy else { return false };
        match remedy {
            Remedy::NewCredential(stamp) => {
                let first = !std::mem::replace(&mut course.new_credential, true);
                first && self.endpoint.authorizer.refused(*stamp)
            }
            Remedy::WithoutCarried => {
                request.forget_carried();
                !std::mem::replace(&mut course.without_carried, true)
            }
            Remedy::WithoutParameter(parameter) => {
                course.may_adapt() && self.learnt().refuse(parameter, body)
            }
            Remedy::Speak(dialect) => {
                // Once: a deployment that refuses both would send the call to and fro.
                course.may_adapt()
                    && course.dialect.replace(*dialect).is_none()
                    && self.endpoint.routes.of(*dialect).is_some()
            }
        }
    }

    fn window_of(&self, learnt: &Learnt) -> u64 {
        let by_name = || windows::window(self.wishes.model(learnt));
        self.window.or_else(by_name).unwrap_or(windows::UNKNOWN_WINDOW)
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over_budget(&self, mut error: LlmError, hint: Duration) -> LlmError {
        let (hint, budget) = (hint.as_secs(), self.settings.retry.budget.as_secs());
        error.message = format!(
            "{}; it asks to wait {hint} s, more than the {budget} s that a call may wait \
             (`LLM_RATE_LIMIT_MAX_WAIT_SECONDS`)",
            error.message
        );
        error
    }
}
