//! A tool that hangs, with all that it started.

use std::{path::Path, sync::Arc, time::Instant};

use super::*;

const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(20);

fn runner(limit: Duration) -> Arc<Runner> {
    Arc::new(Runner::with_limit(OsStr::new("/bin:/usr/bin"), limit))
}

/// Writes its own number and that of a child of its, and hangs in the child.
fn hanging(folder: &Path) -> String {
    format!("sleep 60 & echo $! > {0}/child; echo $$ > {0}/leader; wait", folder.display())
}

async fn run(runner: &Runner, script: &str) -> io::Result<Output> {
    runner.run(OsStr::new("/bin/sh"), &[OsStr::new("-c"), OsStr::new(script)]).await
}

/// Whether a process is there; one that waits to be collected is not.
fn alive(file: &Path) -> bool {
    let number = std::fs::read_to_string(file).expect("a number");
    let state = std::fs::read_to_string(format!("/proc/{}/stat", number.trim()));
    state.is_ok_and(|state| !state.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])))
}

async fn gone(file: &Path) {
    let started = Instant::now();
    while alive(file) {
        assert!(started.elapsed() < LONG, "it is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn slow_az_times_out_and_dies() {
    let folder = tempfile::tempdir().expect("a folder");
    let runner = runner(SHORT);
    let started = Instant::now();
    let error = run(&runner, &hanging(folder.path())).await.expect_err("too slow");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(matches!(runner.ended(), Some(Ended::TooSlow(_))));
    assert!(started.elapsed() < LONG);
    gone(&folder.path().join("leader")).await;
    gone(&folder.path().join("child")).await;
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_dies_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let child = folder.path().join("leader");
    let running = {
        let (runner, script) = (runner(LONG), hanging(folder.path()));
        tokio::spawn(async move { run(&runner, &script).await.map(|_| ()) })
    };
    let started = Instant::now();
    while !child.exists() || std::fs::read_to_string(&child).is_ok_and(|text| text.is_empty()) {
        assert!(started.elapsed() < LONG, "it never started");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
    running.await.expect_err("aborted");
    gone(&folder.path().join("child")).await;
}

#[tokio::test]
async fn output_is_bounded_and_nobody_is_stuck() {
    let output = run(&runner(LONG), "head -c 3000000 /dev/zero; echo err >&2; exit 4").await.expect("ended");
    assert_eq!(output.stdout.len(), 64 * 1024);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(4), b"err\n".as_slice()));
}
