//! Both ends of the compile child.
//!
//! Wasmtime's promise against denial of service covers running a guest, not compiling one. So the compiler
//! runs in a child that has lowered its own limits and holds nothing worth taking: no environment, no
//! credential, the component on stdin, the artefact on stdout.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit, setrlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
};
use wasmtime::Engine;

use crate::{
    LoadError,
    engine::{self, Allocation},
    scan::COMPONENT_BYTES,
};

/// Seconds of CPU for one component: a JavaScript toolset takes 7 to 17.
const CPU_SECONDS: u64 = 120;

/// Address space of the child: the largest measured need is 0.7 GB, for a 12 MB JavaScript toolset.
const ADDRESS_SPACE: u64 = 2 << 30;

/// What the child may use; it writes no file, and leaves no core.
const LIMITS: [(Resource, u64); 4] =
    [(Resource::Cpu, CPU_SECONDS), (Resource::As, ADDRESS_SPACE), (Resource::Core, 0), (Resource::Fsize, 0)];

/// Wall clock of the child, for one that waits instead of computing.
const WALL: Duration = Duration::from_mins(3);

/// Largest artefact: four times the largest component.
const ARTEFACT_BYTES: u64 = 4 * COMPONENT_BYTES;

/// Who compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// This program, started with these arguments: it has to call [`compile_child`].
    Child {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// This process. For components that somebody has just built from source he trusts.
    InProcess,
}

impl Compiler {
    pub(crate) async fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::InProcess => engine
                .precompile_component(component)
                .map_err(|error| LoadError::Compile(first_line(&format!("{error:#}")))),
            Self::Child { program, arguments } => {
                let mut command = Command::new(program);
                command.args(arguments).env_clear().kill_on_drop(true);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                match tokio::time::timeout(WALL, converse(command, component)).await {
                    Ok(result) => result,
                    Err(_) => Err(LoadError::Compile(format!("it took longer than {} s", WALL.as_secs()))),
                }
            }
        }
    }
}

async fn converse(mut command: Command, component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let failed = |error: std::io::Error| LoadError::Compile(format!("the compiler does not start: {error}"));
    let mut child = command.spawn().map_err(failed)?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(LoadError::Compile("the compiler has no pipes".to_owned()));
    };
    // The child lowers its own limits; these hold also for one that never gets that far. Where the system
    // does not let a parent do this, the child's own remain.
    if let Some(id) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        for (resource, limit) in LIMITS {
            let _ = prlimit(Some(id), resource, both(limit));
        }
    }
    let feed = async move {
        // A child that dies early closes the pipe; its exit status tells more than this error.
        let _ = stdin.write_all(component).await;
    };
    let (artefact, complaint, ()) = tokio::join!(read(stdout, ARTEFACT_BYTES), read(stderr, 4_096), feed);
    let artefact = artefact.map_err(failed)?;
    if artefact.len() as u64 >= ARTEFACT_BYTES {
        return Err(LoadError::Compile(format!("the compiler's output has {ARTEFACT_BYTES} bytes or more")));
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        let text = first_line(&String::from_utf8_lossy(&complaint.unwrap_or_default()));
        let text = if text.is_empty() { format!("the compiler ended with {status}") } else { text };
        return Err(LoadError::Compile(text));
    }
    Ok(artefact)
}

/// Reads at most so many bytes, and then closes the pipe: that ends a child that goes on writing.
async fn read(pipe: impl AsyncRead + Unpin, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    pipe.take(bytes).read_to_end(&mut read).await?;
    Ok(read)
}

/// One bounded line without control characters: a compiler's text may quote the component.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|one| !one.is_control()).take(300).collect()
}

/// One limit that can not be raised again.
fn both(limit: u64) -> Rlimit {
    Rlimit { current: Some(limit), maximum: Some(limit) }
}

/// The child's end: lowers its own limits, compiles stdin to stdout. The text of an error is for stderr.
///
/// # Errors
/// Says why there is no artefact.
pub fn compile_child() -> Result<(), String> {
    for (resource, limit) in LIMITS {
        setrlimit(resource, both(limit)).map_err(|error| format!("a limit can not be set: {error}"))?;
    }
    let mut component = Vec::new();
    std::io::stdin().take(COMPONENT_BYTES).read_to_end(&mut component).map_err(|error| error.to_string())?;
    let engine = Engine::new(&engine::config(Allocation::OnDemand)).map_err(|error| format!("{error:#}"))?;
    let artefact = engine.precompile_component(&component).map_err(|error| format!("{error:#}"))?;
    std::io::stdout().write_all(&artefact).map_err(|error| error.to_string())
}
