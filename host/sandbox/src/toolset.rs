//! A loaded plugin as a toolset: a fresh store per call, every limit armed, every end told apart.

use std::{sync::Arc, time::Instant};

use futures::{FutureExt, future::BoxFuture};
use holmes_protocol::{ToolError, ToolErrorKind, ToolOutcome, ToolSpec, ToolsetName};
use holmes_toolset::{CallContext, Invocation, Toolset};
use tokio::{runtime::Handle, sync::Semaphore};
use wasmtime::{Store, Trap, component::InstancePre};

use crate::{
    bindings::ToolsetPre,
    bindings::holmes::toolset::log::Level,
    engine::{INSTANCES, Runtime},
    manifest::Packed,
    outcome,
    scan::Wasi,
    state::{Caller, Reached, Shared, State},
    store,
};

/// What calls share over all toolsets: the engine, the free places, the threads that guests run on.
pub(crate) struct Pool {
    pub(crate) runtime: Runtime,
    pub(crate) places: Semaphore,
    pub(crate) threads: Handle,
}

impl Pool {
    pub(crate) fn new(runtime: Runtime, threads: Handle) -> Self {
        Self { runtime, places: Semaphore::new(INSTANCES as usize), threads }
    }
}

/// A plugin that was loaded, linked and is ready to be called.
#[derive(Clone)]
pub struct PluginToolset(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    shared: Arc<Shared>,
    prelinked: ToolsetPre<State>,
    wasi: Wasi,
    packed: Packed,
    specs: Vec<ToolSpec>,
    places: Semaphore,
}

impl std::fmt::Debug for PluginToolset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PluginToolset").field("name", &self.0.shared.name).finish_non_exhaustive()
    }
}

impl PluginToolset {
    pub(crate) fn new(
        pool: Arc<Pool>,
        shared: Shared,
        prelinked: InstancePre<State>,
        wasi: Wasi,
        packed: Packed,
    ) -> wasmtime::Result<Self> {
        let specs = packed.specs();
        let places = Semaphore::new(shared.limits.concurrency);
        let prelinked = ToolsetPre::new(prelinked)?;
        Ok(Self(Arc::new(Inner { pool, shared: Arc::new(shared), prelinked, wasi, packed, specs, places })))
    }

    /// What it was packed with.
    pub fn packed(&self) -> &Packed {
        &self.0.packed
    }

    /// `sha256:…` of its file.
    pub fn digest(&self) -> &str {
        &self.0.shared.digest
    }

    /// What one call of it may use.
    pub fn limits(&self) -> &crate::Limits {
        &self.0.shared.limits
    }
}

impl Toolset for PluginToolset {
    fn name(&self) -> &ToolsetName {
        &self.0.shared.name
    }

    fn version(&self) -> &str {
        &self.0.packed.manifest.toolset.version
    }

    fn description(&self) -> &str {
        &self.0.packed.manifest.toolset.description
    }

    fn instructions(&self) -> Option<&str> {
        self.0.packed.instructions.as_deref()
    }

    fn tools(&self) -> &[ToolSpec] {
        &self.0.specs
    }

    fn invoke(&self, invocation: Invocation, context: CallContext) -> BoxFuture<'_, ToolOutcome> {
        let inner = Arc::clone(&self.0);
        let task = self.0.pool.threads.spawn(async move { inner.call(invocation, context).await });
        // The task is stopped when this future is dropped: that is what cancels a call.
        let task = tokio_util::task::AbortOnDropHandle::new(task);
        task.map(|joined| {
            joined.unwrap_or_else(|error| {
                let error = failed(ToolErrorKind::Internal, "the call was stopped").with_detail(error);
                ToolOutcome::Failure(error)
            })
        })
        .boxed()
    }
}

impl Inner {
    async fn call(&self, invocation: Invocation, context: CallContext) -> ToolOutcome {
        let started = Instant::now();
        let deadline = (started + self.shared.limits.wall).min(context.deadline.into_std());
        let cancelled = context.cancellation.clone();
        tokio::select! {
            // Cancelled is cancelled, whatever a guest that was woken by it says in the same moment.
            biased;
            () = cancelled.cancelled() => {
                ToolOutcome::Failure(failed(ToolErrorKind::Cancelled, "the call was cancelled"))
            }
            outcome = self.admitted(invocation, context, started, deadline) => outcome,
        }
    }

    /// Waits for a free place of this toolset, then for one in the pool. A full house waits until the
    /// deadline and then says so; a guest that runs until then is stopped. The two waits stay apart, so that
    /// a call which never ran is not told that it took too long.
    async fn admitted(
        &self,
        invocation: Invocation,
        context: CallContext,
        started: Instant,
        deadline: Instant,
    ) -> ToolOutcome {
        let at = tokio::time::Instant::from_std(deadline);
        let wait = async { (self.places.acquire().await, self.pool.places.acquire().await) };
        let Ok((Ok(_own), Ok(_pool))) = tokio::time::timeout_at(at, wait).await else {
            let text = format!("toolset `{}` is busy: no place became free in time", self.shared.name);
            return ToolOutcome::Failure(failed(ToolErrorKind::Unavailable, text).retryable());
        };
        let caller = Caller {
            investigation: context.investigation,
            call: context.call_id,
            tool: invocation.tool,
            deadline,
            cancellation: context.cancellation,
            output_budget: context.output_budget,
            redactor: context.redactor,
        };
        let run = self.run(caller, invocation.arguments.to_string());
        tokio::time::timeout_at(at, run).await.unwrap_or_else(|_| {
            let seconds = deadline.duration_since(started).as_secs_f32();
            let text = format!("the tool was stopped after {seconds:.1} s, its limit; ask for less");
            ToolOutcome::Failure(failed(ToolErrorKind::Timeout, text))
        })
    }

    async fn run(&self, caller: Caller, arguments: String) -> ToolOutcome {
        let tool = caller.tool.to_string();
        let state = State::new(Arc::clone(&self.shared), caller, self.wasi);
        let mut store = store::armed(&self.pool.runtime.engine, state);
        let _running = self.pool.runtime.running();
        let invoked = async {
            let instance = self.prelinked.instantiate_async(&mut store).await?;
            instance.holmes_toolset_tools().call_invoke(&mut store, &tool, &arguments).await
        };
        let invoked = invoked.await;
        let printed = store.data().printed.take();
        if !printed.is_empty() {
            store.data_mut().record(Level::Info, &printed, &[]);
        }
        match invoked {
            Ok(outcome) => {
                let state = store.into_data();
                outcome::map(outcome, state.emitted, &self.shared.limits)
            }
            Err(error) => ToolOutcome::Failure(self.explain(&store, &error)),
        }
    }

    /// Why the guest ended: a limit of ours, a trap of its own. The plugin is to blame either way.
    fn explain(&self, store: &Store<State>, error: &wasmtime::Error) -> ToolError {
        let name = &self.shared.name;
        let detail = format!("{error:#}");
        tracing::warn!(toolset = %name, tool = %store.data().caller.tool, blame = "plugin", "a tool failed");
        tracing::debug!(toolset = %name, detail, "how it failed");
        if let Some(reached) = error.downcast_ref::<Reached>() {
            let kind = match reached {
                Reached::Cpu(_) => ToolErrorKind::Timeout,
                Reached::HostCalls(_) | Reached::InboundBytes(_) | Reached::Handles(_) => {
                    ToolErrorKind::TooLarge
                }
            };
            return failed(kind, format!("toolset `{name}` was stopped: {reached}")).with_detail(detail);
        }
        if let Some(what) = store.data().space.refused {
            let mib = self.shared.limits.memory >> 20;
            let text = match what {
                "memory" => {
                    format!("toolset `{name}` was stopped: it needs more than its {mib} MiB of memory")
                }
                _ => format!("toolset `{name}` was stopped: its tables are too large"),
            };
            return failed(ToolErrorKind::TooLarge, text).with_detail(detail);
        }
        let text = match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => format!("toolset `{name}` crashed: its stack overflowed"),
            Some(_) => format!("toolset `{name}` crashed"),
            // Wasmtime has no type for this limit; the text is that of `set_hostcall_fuel`.
            None if detail.contains("fuel") => {
                let text =
                    format!("toolset `{name}` was stopped: it returned or passed on too many bytes at once");
                return failed(ToolErrorKind::TooLarge, text).with_detail(detail);
            }
            None => format!("toolset `{name}` failed"),
        };
        failed(ToolErrorKind::Internal, text).with_detail(detail)
    }
}

fn failed(kind: ToolErrorKind, message: impl Into<String>) -> ToolError {
    ToolError::new(kind, message)
}
