//! Whose logs there are, and which of them tell most.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// A restart that is older than this is history.
const LATELY: SignedDuration = SignedDuration::from_hours(6);

/// How much a pod's log is worth, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Failed, waiting, not ready.
    Broken,
    /// Ready again.
    Restarted,
    /// As it should be.
    Running,
    /// Done with its work.
    Finished,
}

/// What is kept of a pod while the recording is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) namespace: String,
    pub(super) name: String,
    broken: bool,
    finished: bool,
    restarted: Option<Timestamp>,
    pub(super) containers: Vec<Container>,
}

/// A container that has run at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) has_previous: bool,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    init_container_statuses: Vec<ContainerStatus>,
    container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    ready: bool,
    restart_count: u32,
    state: State,
    last_state: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    waiting: Option<serde::de::IgnoredAny>,
    running: Option<serde::de::IgnoredAny>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: i64,
    finished_at: Option<Timestamp>,
}

impl ContainerStatus {
    /// A container that never ran has no log, and its kubelet need not be asked.
    fn container(&self) -> Option<Container> {
        let ran = self.state.running.is_some()
            || self.state.terminated.is_some()
            || self.last_state.terminated.is_some()
            || self.restart_count > 0;
        let has_previous = self.restart_count > 0 || self.last_state.terminated.is_some();
        ran.then(|| Container { name: self.name.clone(), has_previous })
    }

    fn is_broken(&self) -> bool {
        self.state.waiting.is_some() || self.state.terminated.as_ref().is_some_and(|end| end.exit_code != 0)
    }
}

impl Pod {
    /// None for what has no container that ever ran.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let Object { metadata, status } = Object::deserialize(object).ok()?;
        let all = || {
            let others = status.init_container_statuses.iter().chain(&status.ephemeral_container_statuses);
            status.container_statuses.iter().chain(others)
        };
        let containers: Vec<Container> = all().filter_map(ContainerStatus::container).collect();
        let unready = status.phase == "Running" && status.container_statuses.iter().any(|one| !one.ready);
        let finished = status.phase == "Succeeded";
        (!containers.is_empty()).then(|| Self {
            namespace: metadata.namespace,
            name: metadata.name,
            broken: !finished
                && (unready || status.phase != "Running" || all().any(ContainerStatus::is_broken)),
            finished,
            restarted: all().filter_map(|one| one.last_state.terminated.as_ref()?.finished_at).max(),
            containers,
        })
    }

    pub(super) fn urgency(&self, now: Timestamp) -> Urgency {
        let lately = |time: Timestamp| now.duration_since(time) < LATELY;
        match self {
            Self { broken: true, .. } => Urgency::Broken,
            _ if self.restarted.is_some_and(lately) => Urgency::Restarted,
            Self { finished: true, .. } => Urgency::Finished,
            _ => Urgency::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(phase: &str, containers: &Value) -> Value {
        json!({"metadata": {"name": "web", "namespace": "shop"}, "status": {"phase": phase, "containerStatuses": containers}})
    }

    fn urgency(phase: &str, container: &Value) -> Urgency {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        Pod::read(&pod(phase, &json!([container]))).unwrap().urgency(now)
    }

    #[test]
    fn what_is_broken_comes_before_what_restarted_before_what_runs_before_what_is_done() {
        let ended = |at: &str| json!({"terminated": {"exitCode": 1, "finishedAt": at}});
        let running = json!({"running": {}});
        for (expected, phase, container) in [
            (Urgency::Broken, "Running", json!({"name": "a", "ready": false, "state": running})),
            (
                Urgency::Broken,
                "Running",
                json!({"name": "a", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
            ),
            (Urgency::Broken, "Failed", json!({"name": "a", "state": ended("2026-11-22T09:00:00Z")})),
            (
                Urgency::Restarted,
                "Running",
                json!({"name": "a", "ready": true, "restartCount": 1, "state": running, "lastState": ended("2026-11-22T11:00:00Z")}),
            ),
            (
                Urgency::Running,
                "Running",
                json!({"name": "a", "ready": true, "restartCount": 1, "state": running, "lastState": ended("2026-11-20T11:00:00Z")}),
            ),
            (Urgency::Finished, "Succeeded", json!({"name": "a", "state": {"terminated": {"exitCode": 0}}})),
        ] {
            assert_eq!(urgency(phase, &container), expected, "{phase} {container}");
        }
    }

    #[test]
    fn only_containers_that_ran_have_logs_and_only_those_that_ran_twice_have_previous_ones() {
        let containers = json!([
            {"name": "fresh", "state": {"waiting": {"reason": "ContainerCreating"}}},
            {"name": "first", "ready": true, "state": {"running": {}}},
            {"name": "second", "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        ]);
        let pod = Pod::read(&pod("Pending", &containers)).unwrap();
        let found: Vec<_> = pod.containers.iter().map(|one| (one.name.as_str(), one.has_previous)).collect();
        assert_eq!(found, [("first", false), ("second", true)]);
    }

    #[test]
    fn a_pod_in_which_nothing_ran_has_no_logs() {
        assert_eq!(Pod::read(&pod("Pending", &json!([]))), None);
    }
}
