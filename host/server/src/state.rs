//! What all requests share: the agent, the models, the number of free places, and whether the end has begun.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use holmes_agent::{Agent, Redactor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{Config, Models, error::ApiError};

/// Makes the redactor of one conversation, which knows the secrets that the host itself holds.
pub type Redactors = Arc<dyn Fn() -> Arc<Redactor> + Send + Sync>;

/// What all requests share. A clone is the same server.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    config: Config,
    agent: Agent,
    models: Models,
    redactors: Redactors,
    places: Arc<Semaphore>,
    draining: AtomicBool,
    cancellation: CancellationToken,
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("State").field("models", &self.0.models).finish_non_exhaustive()
    }
}

impl State {
    /// A server that has not begun to listen.
    pub fn new(
        config: Config,
        agent: Agent,
        models: Models,
        redactors: impl Fn() -> Arc<Redactor> + Send + Sync + 'static,
    ) -> Self {
        let places = Arc::new(Semaphore::new(config.concurrent_investigations));
        Self(Arc::new(Shared {
            config,
            agent,
            models,
            redactors: Arc::new(redactors),
            places,
            draining: AtomicBool::new(false),
            cancellation: CancellationToken::new(),
        }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.0.agent
    }

    pub(crate) fn models(&self) -> &Models {
        &self.0.models
    }

    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        (self.0.redactors)()
    }

    /// Cancelled when the drain limit is over: every investigation hangs on it.
    pub(crate) fn cancellation(&self) -> &CancellationToken {
        &self.0.cancellation
    }

    /// From now on the server is not ready and takes no new question.
    pub(crate) fn begin_draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// A place for one more investigation; it is free again when the permit is dropped.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if self.is_draining() {
            return Err(ApiError::shutting_down());
        }
        Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| ApiError::busy())
    }

    /// Why the server is not ready, in sentences that may be read without a key; empty when it is.
    pub(crate) fn obstacles(&self) -> Vec<String> {
        let mut obstacles = Vec::new();
        if self.is_draining() {
            obstacles.push("the server is shutting down".to_owned());
        }
        if self.0.models.usable().is_empty() {
            obstacles.push("no model can be used".to_owned());
        }
        let toolsets = self.0.agent.registry().toolsets();
        for required in &self.0.config.required_toolsets {
            if !toolsets.iter().any(|toolset| toolset.name().as_str() == required) {
                obstacles.push(format!("the toolset `{required}` is required and not loaded"));
            }
        }
        obstacles
    }
}
