//! The engine: every setting with its reason, and the one ticker that makes guests interruptible.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::Thread,
    time::Duration,
};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::{
    SandboxError,
    limits::{Limits, Wishes},
};

/// How often a running guest is looked at. Ten milliseconds keep a kill within deadline + 20 ms, and a
/// hundred wake-ups a second cost nothing measurable.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Live instances in all.
pub(crate) const INSTANCES: u32 = 64;

/// Memories of one component: Rust, Python and JavaScript guests have one, an adapter adds another.
pub(crate) const MEMORIES: u32 = 2;

/// Tables of one component.
pub(crate) const TABLES: u32 = 64;

/// Core instances of one component: Python built with `--stub-wasi` has 38.
const CORE_INSTANCES: u32 = 64;

/// Whether instances come from a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// For serving: slots are reserved once, and an instance costs microseconds.
    Pool,
    /// For compiling, where nothing is instantiated, and where address space is short.
    OnDemand,
}

/// Everything that decides what code is generated or how it may run. The compile child uses the same
/// function, because a difference would make its artefacts unusable here.
pub(crate) fn config(allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        // Fuel counts every instruction and costs twice as much; epochs are a compare and a branch.
        .epoch_interruption(true)
        // The contract has no async functions; without this, component calls are several times cheaper.
        .concurrency_support(false)
        .memory_init_cow(true)
        .max_wasm_stack(512 << 10)
        // Host functions run on the same stack and need room above the guest's.
        .async_stack_size(2 << 20)
        // A stack that is used again must not show one toolset what another left there.
        .async_stack_zeroing(true)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        // A deep recursion would otherwise cost thousands of frames for a message nobody reads.
        .wasm_backtrace_max_frames(NonZeroUsize::new(16));
    if allocation == Allocation::Pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    }
    config
}

fn pool() -> PoolingAllocationConfig {
    let largest =
        Limits::effective(&Wishes { memory_mib: Some(u64::MAX), ..Wishes::default() }, &Wishes::default());
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_stacks(INSTANCES)
        .total_memories(INSTANCES * MEMORIES)
        .total_tables(INSTANCES * 8)
        .total_core_instances(INSTANCES * CORE_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(usize::try_from(Limits::default().table_elements).unwrap_or(usize::MAX))
        // A slot must hold the largest memory that a wish may reach; the store's limiter holds each call
        // to its own. Address space is reserved, memory is not.
        .max_memory_size(usize::try_from(largest.memory).unwrap_or(usize::MAX))
        // Cleared by hand instead of given back to the kernel. A small part only: clearing what a call never
        // touched costs more than the page faults that it saves (measured: 256 KiB cost 20 µs a call).
        .linear_memory_keep_resident(32 << 10)
        .max_unused_warm_slots(16);
    pool
}

/// Ticks without a guest after which the ticker goes to sleep. Waking it costs a system call, so it stays
/// awake between the calls of a busy second.
const IDLE_TICKS: u32 = 100;

/// The engine and its ticker, which sleeps when no guest has run for a while.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    shared: Arc<Clockwork>,
    ticker: Thread,
}

/// What calls and the ticker share.
#[derive(Default)]
struct Clockwork {
    running: AtomicUsize,
    asleep: AtomicBool,
}

impl Runtime {
    /// Starts the engine; without room for the pool (`RLIMIT_AS`, some sandboxes) instances come on demand.
    pub(crate) fn start() -> Result<Self, SandboxError> {
        let engine = match Engine::new(&config(Allocation::Pool)) {
            Ok(engine) => engine,
            Err(error) => {
                tracing::warn!(%error, "no address space for the instance pool; calls will be slower");
                let engine = Engine::new(&config(Allocation::OnDemand));
                engine.map_err(|error| SandboxError::Engine(format!("{error:#}")))?
            }
        };
        let shared = Arc::new(Clockwork::default());
        let ticker = start_ticker(&engine, Arc::clone(&shared))?;
        Ok(Self { engine, shared, ticker })
    }

    /// Keeps the ticker awake for as long as the guard lives.
    pub(crate) fn running(&self) -> Running {
        // Counted first, so that a ticker about to fall asleep sees the guest, or is seen asleep here.
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.swap(false, Ordering::SeqCst) {
            self.ticker.unpark();
        }
        Running(Arc::clone(&self.shared))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.ticker.unpark();
    }
}

/// A guest is running.
pub(crate) struct Running(Arc<Clockwork>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn start_ticker(engine: &Engine, shared: Arc<Clockwork>) -> Result<Thread, SandboxError> {
    let engine = engine.weak();
    let tick = move || {
        let mut idle = 0;
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            idle = if shared.running.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
            if idle < IDLE_TICKS {
                std::thread::park_timeout(TICK);
                continue;
            }
            shared.asleep.store(true, Ordering::SeqCst);
            // A guest that began meanwhile has either woken us, or is seen here.
            if shared.running.load(Ordering::SeqCst) == 0 {
                std::thread::park();
            }
            idle = 0;
        }
    };
    let handle = std::thread::Builder::new()
        .name("holmes-epoch".to_owned())
        .spawn(tick)
        .map_err(|error| SandboxError::Engine(error.to_string()))?;
    Ok(handle.thread().clone())
}
