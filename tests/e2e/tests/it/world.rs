//! What every scenario needs: the built program, the built toolsets, recorded clusters, a place to write.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::Duration,
};

use holmes_fakes::FakeLlm;
use tempfile::TempDir;

/// Marks every planted credential of the recordings: none of it may ever be seen.
pub(crate) const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

/// The mark, then in base64 at each of its three alignments, then what the fakes mint.
const CANARIES: [&str; 6] = [
    CANARY,
    "RkFLRS1TRUNSRVQtRE8tTk9ULUxFQU",
    "ZBS0UtU0VDUkVULURPLU5PVC1MRUFL",
    "GQUtFLVNFQ1JFVC1ETy1OT1QtTEVBS",
    "canary-llm-key-",
    "canary-kubernetes-token-",
];

/// The first planted credential in a text.
pub(crate) fn leak(text: &str) -> Option<&'static str> {
    CANARIES.into_iter().find(|canary| text.contains(canary))
}

/// No run of the program takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, built as `cargo run` builds it, so that nothing is compiled twice.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new("cargo")
        .current_dir(root())
        .args(["build", "--quiet", "--locked", "--bin", "holmes-host", "--target-dir"])
        .arg(target())
        .status()
        .expect("cargo starts");
    assert!(built.success(), "holmes-host could not be built");
    target().join("debug/holmes-host")
});

/// The toolsets that ship, built by the one guest builder.
static PLUGINS: LazyLock<PathBuf> = LazyLock::new(|| {
    let crates = holmes_plugin_build::bundled(&root()).expect("the plugins folder is readable");
    build(crates, "shipped")
});

static EXAMPLE: LazyLock<PathBuf> =
    LazyLock::new(|| build(vec![root().join("examples/plugin-hello")], "example").join("hello.wasm"));

/// On a thread of its own, because the builder brings its own runtime.
fn build(crates: Vec<PathBuf>, name: &str) -> PathBuf {
    let folder = target().join("test-plugins").join(name);
    let out = folder.clone();
    let built = thread::spawn(move || holmes_plugin_build::build(&crates, &out)).join();
    built.expect("the builder ends").unwrap_or_else(|error| panic!("{error:#}"));
    folder
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    holmes_plugin_build::workspace()
}

/// Where cargo builds: this very test is in `<target>/debug/deps`.
fn target() -> PathBuf {
    let here = std::env::current_exe().expect("a test is a file");
    here.ancestors().nth(3).expect("a test is in a target folder").to_owned()
}

/// The built program.
pub(crate) fn program() -> &'static Path {
    &PROGRAM
}

/// A folder with `kubernetes.wasm` and `triage.wasm`.
pub(crate) fn plugins() -> &'static Path {
    &PLUGINS
}

/// The example's component.
pub(crate) fn example() -> &'static Path {
    &EXAMPLE
}

/// A recorded cluster of the repository.
pub(crate) fn cluster(name: &str) -> PathBuf {
    root().join("examples/clusters").join(format!("{name}.tar.gz"))
}

/// A home folder of its own and nothing of the caller's environment: each test runs alone. The cache of
/// compiled code is shared, because a thousand compilations prove nothing.
pub(crate) struct World {
    home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A path in this test's own folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file into this test's own folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder");
        }
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// The program with these arguments, the shipped plugins, no terminal and no stdin.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env_clear().current_dir(self.home.path());
        command.env("HOME", self.home.path()).env("HOLMES_PLUGINS", plugins());
        command.env("HOLMES_CACHE_DIR", target().join("test-plugins/cache"));
        command.env("XDG_STATE_HOME", target().join("test-plugins/state"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(self.command(arguments).output().expect("the program starts"))
    }

    /// `ask` about a recorded cluster.
    pub(crate) fn ask(&self, recording: &Path, more: &[&str]) -> Command {
        let mut command = self.command(["ask", "why?"]);
        command.arg("--snapshot").arg(recording).args(more);
        command
    }

    /// `ask` about a recorded cluster, with a scripted model that answers.
    pub(crate) fn ask_model(&self, recording: &Path, model: &FakeLlm, more: &[&str]) -> Command {
        let mut command = self.ask(recording, &["--model", "openai/fake"]);
        command.args(more).env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
        command
    }
}

/// Runs a command to its end while fakes on this runtime answer it. One that hangs is ended and fails.
pub(crate) async fn finish(command: Command) -> Ran {
    let mut command = tokio::process::Command::from(command);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    Ran::of(output.expect("the program ends").expect("the program starts"))
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let ran =
            Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        for stream in [&ran.stdout, &ran.stderr] {
            assert_eq!(leak(stream), None, "a planted credential leaked: {stream}");
            assert!(!stream.contains("panicked at"), "a panic: {stream}");
        }
        ran
    }

    /// Stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that the program did what was asked.
    pub(crate) fn succeeded(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The line of stderr that says what went wrong: there is exactly one.
    pub(crate) fn error(&self) -> &str {
        let mut errors = self.stderr.lines().filter(|line| line.starts_with("error: "));
        let error = errors.next().unwrap_or_else(|| panic!("no error is told: {self:?}"));
        assert_eq!(errors.next(), None, "more than one error: {self:?}");
        error
    }

    /// Asserts a failure: this code, and a sentence on stderr that holds all of these words.
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is missing: {self:?}");
        }
    }
}
