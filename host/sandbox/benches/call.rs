//! One tool call through the host against bare Wasmtime: the same component, the same machine, one run.
//!
//! `cargo plugins examples/plugin-hello --out target/bench && cargo bench -p holmes-sandbox --bench call`
//! prints medians and their ratio. Shared machines are noisy: compare ratios, not microseconds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    unused_crate_dependencies,
    reason = "a benchmark is a program for developers"
)]

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use holmes_protocol::{ToolCall, ToolOutcome};
use holmes_sandbox::{Artifact, Compiler, Config, Sandbox, Scanned, Settings};
use holmes_telemetry::audit::Audit;
use holmes_toolset::{CallContext, Registry, redact::Redactor};
use tokio_util::sync::CancellationToken;
use wasmtime::{
    Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker},
};

mod bare {
    wasmtime::component::bindgen!({ path: "../../wit/toolset.wit", world: "toolset" });
}

/// Calls that warm caches, and calls that are measured.
const WARM: usize = 500;
const CALLS: usize = 10_000;

const ARGUMENTS: &str = r#"{"text":"hello"}"#;

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("target/bench/hello.wasm");
    let Ok(component) = std::fs::read(&file) else {
        println!(
            "{} is missing; run: cargo plugins examples/plugin-hello --out target/bench",
            file.display()
        );
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let host = runtime.block_on(through_host(component.clone()));
    let bare = bare_calls(&component);
    println!("echo, {CALLS} calls each         p50        p99");
    report("bare Wasmtime (pool, fresh store)", &bare);
    report("through the host", &host);
    let ratio = median(&host).as_secs_f64() / median(&bare).as_secs_f64();
    println!("ratio of medians: {ratio:.2}");
}

/// Registry, arguments against the schema, limits, policy state, a fresh store, the guest, the outcome.
async fn through_host(component: Vec<u8>) -> Vec<Duration> {
    let config = Config { compiler: Compiler::InProcess, cache: None, audit: Audit::none() };
    let sandbox = Sandbox::start(config, tokio::runtime::Handle::current()).unwrap();
    let scanned = Scanned::new(Artifact::new("hello.wasm", component)).unwrap();
    let toolset = sandbox.load(scanned, Settings::default()).await.unwrap();
    let registry = Arc::new(Registry::new(vec![Arc::new(toolset)], Vec::new()));
    let redactor = Arc::new(Redactor::new());
    // As the driver does: a task of its own for the turn.
    let task = tokio::spawn(async move {
        let mut times = Vec::with_capacity(CALLS);
        for index in 0..WARM + CALLS {
            let call = ToolCall {
                id: "call".parse().unwrap(),
                name: "echo".to_owned(),
                arguments: ARGUMENTS.to_owned(),
            };
            let context = CallContext {
                investigation: "bench".parse().unwrap(),
                call_id: "call".parse().unwrap(),
                deadline: tokio::time::Instant::now() + Duration::from_secs(30),
                cancellation: CancellationToken::new(),
                output_budget: 100_000,
                redactor: Arc::clone(&redactor),
            };
            let started = Instant::now();
            let outcome = registry.call(&call, context).await;
            if index >= WARM {
                times.push(started.elapsed());
            }
            assert!(matches!(outcome, ToolOutcome::Success(output) if output.text == "hello"));
        }
        times
    });
    task.await.unwrap()
}

/// What Wasmtime itself takes: prelinked, pooled, a fresh store for each call, no limits, no host around it.
fn bare_calls(component: &[u8]) -> Vec<Duration> {
    let mut config = wasmtime::Config::new();
    config.concurrency_support(false);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()));
    let engine = Engine::new(&config).unwrap();
    let component = Component::from_binary(&engine, component).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    // The echo tool asks the host for nothing.
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let prelinked = bare::ToolsetPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
    let (tool, arguments) = ("echo".to_owned(), ARGUMENTS.to_owned());
    let mut times = Vec::with_capacity(CALLS);
    for index in 0..WARM + CALLS {
        let started = Instant::now();
        let mut store = Store::new(&engine, ());
        let instance = prelinked.instantiate(&mut store).unwrap();
        let outcome = instance.holmes_toolset_tools().call_invoke(&mut store, &tool, &arguments).unwrap();
        drop(store);
        if index >= WARM {
            times.push(started.elapsed());
        }
        assert!(matches!(outcome, bare::exports::holmes::toolset::tools::Outcome::Success(_)));
    }
    times
}

fn sorted(times: &[Duration]) -> Vec<Duration> {
    let mut times = times.to_vec();
    times.sort();
    times
}

fn median(times: &[Duration]) -> Duration {
    sorted(times)[times.len() / 2]
}

fn report(what: &str, times: &[Duration]) {
    let sorted = sorted(times);
    let p99 = sorted[sorted.len() * 99 / 100];
    println!("{what:<34} {:>8.1?} {p99:>10.1?}", median(times));
}
