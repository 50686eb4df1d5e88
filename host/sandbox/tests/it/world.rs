//! What every attack needs: one sandbox, guests built once, calls, and a log that can be read.

pub(crate) mod api;
pub(crate) mod arm;
pub(crate) mod log;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use holmes_protocol::{ToolError, ToolErrorKind, ToolOutcome};
use holmes_sandbox::{
    Artifact, Cache, CacheKey, Compiler, Config, Declared, Grant, LoadError, PluginToolset, Sandbox, Scanned,
    Settings, Wishes,
    upstream::{Backend, recorded::Recording},
};
use holmes_telemetry::audit::Audit;
use holmes_toolset::{CallContext, Invocation, Toolset, redact::Redactor};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Marks every planted credential: none of it may ever be seen.
pub(crate) const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

/// The one tool of guests written by hand.
pub(crate) const TOOL: &str = "attack";

/// Guests run on threads of their own, as a server's do.
static THREADS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads"));

/// Compiled code is kept, because compiling the same guest in every test proves nothing.
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let cache = Cache { folder: cache_folder(), key: CacheKey::from_secret(b"only for tests") };
    sandbox(Compiler::InProcess, Some(cache))
});

static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(|| built("tests/guests", "hostile.wasm"));
static PROBE: LazyLock<Vec<u8>> = LazyLock::new(|| built("tests/guests-wasi", "wasi-probe.wasm"));

/// Most tests run side by side; those that measure the process's memory run alone.
static HOUSE: RwLock<()> = RwLock::const_new(());

/// The right to run guests, shared with other tests.
pub(crate) async fn house() -> RwLockReadGuard<'static, ()> {
    HOUSE.read().await
}

/// The same for a test without a runtime.
pub(crate) fn house_of_files() -> RwLockReadGuard<'static, ()> {
    HOUSE.blocking_read()
}

/// The right to be alone in this process.
pub(crate) async fn empty_house() -> RwLockWriteGuard<'static, ()> {
    HOUSE.write().await
}

/// The same for a test without a runtime.
pub(crate) fn empty_house_of_files() -> RwLockWriteGuard<'static, ()> {
    HOUSE.blocking_write()
}

/// Where guests run.
pub(crate) fn threads() -> Handle {
    THREADS.handle().clone()
}

/// A sandbox of the test's own.
pub(crate) fn sandbox(compiler: Compiler, cache: Option<Cache>) -> Sandbox {
    audited(compiler, cache, Audit::none())
}

/// One whose decisions are recorded.
pub(crate) fn audited(compiler: Compiler, cache: Option<Cache>, audit: Audit) -> Sandbox {
    let config = Config { compiler, cache, audit };
    Sandbox::start(config, threads()).expect("the engine starts")
}

/// Where the code of all tests' guests is kept.
pub(crate) fn cache_folder() -> PathBuf {
    target("attack-cache")
}

fn target(name: &str) -> PathBuf {
    holmes_plugin_build::workspace().join("target/test-plugins").join(name)
}

fn built(folder: &str, file: &str) -> Vec<u8> {
    let folder = holmes_plugin_build::workspace().join(folder);
    // The builder has a runtime of its own, and a test's thread already has one.
    let built = std::thread::spawn(move || holmes_plugin_build::build(&[folder], &target("guests")));
    built.join().expect("the builder ends").unwrap_or_else(|error| panic!("{error:#}"));
    std::fs::read(target("guests").join(file)).expect("a component")
}

/// A recorded cluster of the repository, whose Secrets carry the canary.
pub(crate) fn recording() -> Backend {
    let path = holmes_plugin_build::workspace().join("examples/clusters/missing-configmap.tar.gz");
    Backend::Recorded(Arc::new(Recording::open(&path).expect("a recording").0))
}

/// Everything that the manifest declares, through `backend`.
pub(crate) fn bound(backend: Backend) -> Settings {
    Settings {
        grants: BTreeMap::from([("kubernetes".to_owned(), Grant::All(Declared::Declared))]),
        upstreams: BTreeMap::from([("kubernetes".to_owned(), backend)]),
        ..Settings::default()
    }
}

/// Limits that make tests short: a second of wall clock, four of the engine's places.
pub(crate) fn short() -> Settings {
    Settings { limits: Wishes { wall_seconds: Some(1), ..Wishes::default() }, ..Settings::default() }
}

/// The misbehaving toolset.
pub(crate) async fn hostile(settings: Settings) -> PluginToolset {
    load_hostile(settings).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The same with settings that it may not have.
pub(crate) async fn load_hostile(settings: Settings) -> Result<PluginToolset, LoadError> {
    SANDBOX.load(scanned_hostile(), settings).await
}

/// The same for a sandbox of the test's own.
pub(crate) fn scanned_hostile() -> Scanned {
    Scanned::new(Artifact::new("attack.wasm", HOSTILE.clone())).unwrap_or_else(|error| panic!("{error}"))
}

/// The toolset that tries what WASI would give it.
pub(crate) async fn probe(settings: Settings) -> PluginToolset {
    load(PROBE.clone(), settings).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Any component, into the sandbox of all tests.
pub(crate) async fn load(component: Vec<u8>, settings: Settings) -> Result<PluginToolset, LoadError> {
    SANDBOX.load(Scanned::new(Artifact::new("attack.wasm", component))?, settings).await
}

/// A call whose own limits are far away, and the token that cancels it.
pub(crate) fn context() -> CallContext {
    CallContext {
        investigation: "attack".parse().expect("an id"),
        call_id: "call-1".parse().expect("an id"),
        deadline: Instant::now() + Duration::from_secs(100),
        cancellation: CancellationToken::new(),
        output_budget: 1 << 20,
        redactor: Arc::new(Redactor::new()),
    }
}

/// Calls a tool.
pub(crate) async fn call(toolset: &PluginToolset, tool: &str, arguments: Value) -> ToolOutcome {
    let invocation = Invocation { tool: tool.parse().expect("a name"), arguments };
    toolset.invoke(invocation, context()).await
}

/// Calls a tool that has to fail in this way, and gives its error.
pub(crate) async fn fails(
    toolset: &PluginToolset,
    tool: &str,
    arguments: Value,
    kind: ToolErrorKind,
) -> ToolError {
    match call(toolset, tool, arguments).await {
        ToolOutcome::Failure(error) => {
            assert_eq!(error.kind, kind, "{tool}: {error:?}");
            assert!(error.message.len() <= 4_096, "{tool}: {} bytes of message", error.message.len());
            error
        }
        other @ (ToolOutcome::Success(_) | ToolOutcome::NoData(_) | ToolOutcome::ApprovalRequired(_)) => {
            panic!("{tool}: {other:?}")
        }
    }
}

/// Calls a tool that has to succeed, and gives its text.
pub(crate) async fn says(toolset: &PluginToolset, tool: &str, arguments: Value) -> String {
    text(call(toolset, tool, arguments).await)
}

/// The text of a success, or of "nothing found".
pub(crate) fn text(outcome: ToolOutcome) -> String {
    match outcome {
        ToolOutcome::Success(output) => output.text,
        ToolOutcome::NoData(text) => text,
        failed @ (ToolOutcome::Failure(_) | ToolOutcome::ApprovalRequired(_)) => panic!("{failed:?}"),
    }
}

/// Asserts that nothing of the attack is left: the next call of the same toolset works.
pub(crate) async fn still_works(toolset: &PluginToolset) {
    assert_eq!(says(toolset, "fine", json!({})).await, "fine");
}

/// Resident memory of this process, in MiB.
pub(crate) fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("linux");
    let pages: u64 = statm.split(' ').nth(1).expect("a field").parse().expect("a number");
    // Pages of 4 KiB.
    pages >> 8
}
