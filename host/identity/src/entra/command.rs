//! Runs the tools that people sign in with: bounded in time and output, without input and without the host's
//! secrets, killed with all they started.

mod inherited;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use azure_identity::Executor;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use super::sentence;
use inherited::inherited;

/// `az` starts Python and may renew its own token.
const LIMIT: Duration = Duration::from_secs(10);
/// A token is a few KiB.
const LONGEST_OUTPUT: u64 = 64 * 1024;

/// Where a program is, without starting anything.
pub(super) fn find(path: &OsStr, program: &str) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(program)).find(|file| executable(file))
}

#[cfg(unix)]
fn executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(file: &std::path::Path) -> bool {
    file.is_file()
}

/// How a run ended badly.
#[derive(Debug, Clone)]
pub(super) enum Ended {
    /// It took longer than the limit, in seconds.
    TooSlow(u64),
    /// It could not be started.
    NotStarted(String),
    /// With a status other than success; what it said on standard error, without colours.
    Badly(ExitStatus, String),
}

/// Runs programs for the credentials and keeps how the last one ended.
#[derive(Debug)]
pub(super) struct Runner {
    path: OsString,
    limit: Duration,
    ended: Mutex<Option<Ended>>,
}

impl Runner {
    pub(super) fn new(path: &OsStr) -> Self {
        Self { path: path.to_owned(), limit: LIMIT, ended: Mutex::new(None) }
    }

    #[cfg(test)]
    pub(super) fn with_limit(path: &OsStr, limit: Duration) -> Self {
        Self { limit, ..Self::new(path) }
    }

    /// Where programs are looked for.
    pub(super) fn path(&self) -> &OsStr {
        &self.path
    }

    /// How the last run ended; none if it ended well.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, ended: Ended) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }

    fn command(&self, program: &OsStr, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().envs(inherited(std::env::vars_os()));
        command.env("PATH", &self.path).env("AZURE_CORE_NO_COLOR", "true").env("NO_COLOR", "1");
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

#[async_trait]
impl Executor for Runner {
    async fn run(&self, program: &OsStr, arguments: &[&OsStr]) -> io::Result<Output> {
        let mut child = self
            .command(program, arguments)
            .spawn()
            .inspect_err(|error| self.note(Ended::NotStarted(error.to_string())))?;
        let group = Group::of(child.id());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (stdout, stderr) = tokio::join!(read(stdout), read(stderr));
            Ok::<_, io::Error>((child.wait().await?, stdout?, stderr?))
        };
        let Ok(finished) = timeout(self.limit, work).await else {
            drop(group);
            self.note(Ended::TooSlow(self.limit.as_secs()));
            return Err(io::ErrorKind::TimedOut.into());
        };
        group.ended_by_itself();
        let (status, stdout, stderr) =
            finished.inspect_err(|error| self.note(Ended::NotStarted(error.to_string())))?;
        if !status.success() {
            self.note(Ended::Badly(status, stderr.clone()));
        }
        Ok(Output { status, stdout: stdout.into_bytes(), stderr: stderr.into_bytes() })
    }
}

/// What a pipe says, up to the limit and without colours. The rest is read and dropped, so that nobody is stuck.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let Some(pipe) = pipe else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    let mut pipe = pipe.take(LONGEST_OUTPUT);
    pipe.read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut pipe.into_inner(), &mut tokio::io::sink()).await?;
    Ok(sentence::without_escapes(&String::from_utf8_lossy(&bytes)))
}

/// A child and all it started, killed when this is dropped: `az` is a script that starts Python.
struct Group(Option<u32>);

impl Group {
    fn of(leader: Option<u32>) -> Self {
        Self(leader)
    }

    /// The leader is gone, and its number may belong to another.
    fn ended_by_itself(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(leader) = self.0.take() else { return };
        let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = leader.map(|leader| kill_process_group(leader, Signal::KILL)) {
            tracing::warn!(%error, "a command line tool that took too long could not be ended");
        }
    }
}

#[cfg(test)]
mod tests;
