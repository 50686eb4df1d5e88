//! How long a pod may take until it is ready, by its own probes; and which pods of a controller take longer.

use serde_json::Value;

use crate::object::{Object, Seconds};
use crate::view::View;

/// A pod without probes is ready when it runs.
const LEAST: Seconds = 60;
const SLACK: Seconds = 30;

/// Startup and readiness budgets of the slowest container, and half a minute.
pub(in crate::rules) fn budget(pod: &Value) -> Seconds {
    let containers = pod.items("/spec/containers").iter();
    let slowest = containers
        .map(|container| probe(container, "/startupProbe") + probe(container, "/readinessProbe"))
        .max()
        .unwrap_or_default();
    LEAST.max(slowest + SLACK)
}

fn probe(container: &Value, pointer: &str) -> Seconds {
    container.pointer(pointer).map_or(0, |probe| {
        let number = |pointer, default| probe.number(pointer).unwrap_or(default);
        number("/initialDelaySeconds", 0) + number("/failureThreshold", 3) * number("/periodSeconds", 10)
    })
}

/// Since when the pod is not ready, if it is not.
pub(in crate::rules) fn unready_since(pod: &Value) -> Option<Seconds> {
    match pod.condition("Ready") {
        Some(ready) if matches!(ready.text("/status"), "False" | "Unknown") => {
            ready.time("/lastTransitionTime").or_else(|| pod.created())
        }
        Some(_) => None,
        None => pod.created(),
    }
}

/// Is the pod not ready for longer than its probes allow, and longer than a grace? What else a controller has, its
/// revisions, is never ready and never late.
pub(in crate::rules) fn is_overdue(view: &View<'_>, pod: &Value, grace: Seconds) -> bool {
    let finished = matches!(pod.text("/status/phase"), "Succeeded" | "Failed");
    pod.kind() == "Pod"
        && !finished
        && view.age(unready_since(pod)).is_some_and(|age| age >= grace.max(budget(pod)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::observations::Observations;

    #[test]
    fn a_revision_is_never_late() {
        let old =
            |kind: &str| json!({"kind": kind, "metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}});
        let observations = Observations::default();
        let view = View::new(&observations, 1_800_000_000);
        assert!(is_overdue(&view, &old("Pod"), 0));
        assert!(!is_overdue(&view, &old("ControllerRevision"), 0));
    }

    #[test]
    fn the_slowest_container_decides() {
        let pod = json!({"spec": {"containers": [
            {"name": "a", "readinessProbe": {"httpGet": {"port": 80}}},
            {"name": "b", "startupProbe": {"failureThreshold": 30, "periodSeconds": 10, "initialDelaySeconds": 5}}]}});
        assert_eq!(budget(&pod), 335);
        assert_eq!(budget(&json!({"spec": {"containers": [{"name": "a"}]}})), 60);
    }
}
