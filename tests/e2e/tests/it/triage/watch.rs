//! `--watch`: a report, then a line for each change, through outages, until somebody ends it.

use std::{process::Stdio, time::Duration};

use holmes_fakes::{FakeKubernetes, Mood};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::live;
use crate::world::{World, cluster};

/// No change takes this long to be seen, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running watch.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _world: World,
}

impl Watch {
    fn start(fake: &FakeKubernetes, more: &[&str]) -> Self {
        let world = World::new();
        let mut command = Command::from(live(&world, fake, &["--watch", "--interval", "1s"]));
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        Self { child, lines, _world: world }
    }

    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("a line comes");
        line.expect("text").expect("the watch goes on")
    }

    async fn event(&mut self) -> Value {
        serde_json::from_str(&self.line().await).expect("an object on a line")
    }

    /// Ends it as Ctrl-C does; gives its exit code.
    async fn end(mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id().expect("it runs")).expect("a process id");
        kill_process(Pid::from_raw(id).expect("a process id"), Signal::INT).expect("it can be told");
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it ran").code()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_told_once_and_an_outage_is_survived() {
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let mut watch = Watch::start(&fake, &["-o", "json"]);
    let first = watch.event().await;
    assert_eq!((&first["event"], &first["report"]["schema"]), (&"report".into(), &"triage/v1".into()));
    let fingerprint = first["report"]["findings"][0]["fingerprint"].clone();
    fake.set_mood(Mood::Refuses(503));
    let away = watch.event().await;
    assert_eq!(away["event"], "unreachable", "{away:#}");
    assert!(away["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{away:#}");
    fake.set_mood(Mood::Serves);
    // The next line is about its return: neither a second complaint, nor a finding that is over.
    assert_eq!(watch.event().await["event"], "reachable");
    fake.retain("", "pods", |_| false);
    fake.retain("apps", "deployments", |_| false);
    fake.retain("apps", "replicasets", |_| false);
    fake.retain("", "events", |_| false);
    let over = loop {
        let event = watch.event().await;
        if event["event"] == "resolved" && event["finding"]["fingerprint"] == fingerprint {
            break event;
        }
    };
    assert!(over["now"].as_str().is_some(), "{over:#}");
    assert!(matches!(watch.end().await, Some(0 | 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_watch_says_how_the_last_look_was() {
    for (name, code) in [("healthy-steady-state", 0), ("oom-crashloop", 1)] {
        let fake = FakeKubernetes::start(&cluster(name), &[], Mood::Serves).await;
        let mut watch = Watch::start(&fake, &[]);
        let first = watch.line().await;
        assert!(first.to_lowercase().contains("finding"), "{first}");
        loop {
            if watch.line().await.starts_with("Read: ") {
                break;
            }
        }
        assert_eq!(watch.end().await, Some(code), "{name}");
    }
}
