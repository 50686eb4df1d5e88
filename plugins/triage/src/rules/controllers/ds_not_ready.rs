//! A `DaemonSet` does not work on some nodes.
//!
//! Fires when pods are unavailable past their probes' budget (ten minutes while it rolls): `unavailable`; on a
//! current `FailedDaemonPod` event: `failed-pod`. Critical for network and storage plugins on half of the nodes.
//! Pods on nodes that do not want them (`misscheduled`) are a note.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::readiness::is_overdue;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::node::is_plumbing;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

/// A `DaemonSet` rolls one pod after another.
const ROLLING_GRACE: Seconds = 600;
const GRACE: Seconds = 120;
const SAMPLES: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "ds-not-ready",
    subject: Subject::Controller,
    reads: &[Kind::DaemonSet, Kind::Pod],
    explains: &[],
    yields_to: &[Cause::Pods, Cause::Rule("system-daemonset-unhealthy")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let sets = view.all(Kind::DaemonSet).iter().filter(|object| !object.is_deleting());
    sets.filter_map(|object| unavailable(view, object).or_else(|| misscheduled(object))).collect()
}

fn unavailable<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let number = |pointer| object.number(pointer).unwrap_or_default();
    let wanted = number("/status/desiredNumberScheduled");
    let lacking = number("/status/numberUnavailable");
    if lacking == 0 || wanted == 0 {
        return None;
    }
    let rolling = number("/status/updatedNumberScheduled") < wanted;
    let grace = if rolling { ROLLING_GRACE } else { GRACE };
    let overdue: Vec<&Value> =
        view.children(object).iter().copied().filter(|pod| is_overdue(view, pod, grace)).collect();
    let failed = view.newest_event(object, &["FailedDaemonPod"], |_| true);
    if overdue.is_empty() && failed.is_none() {
        return None;
    }
    let class = if overdue.is_empty() { "failed-pod" } else { "unavailable" };
    let critical = is_plumbing(object.name()) && lacking * 2 >= wanted;
    let severity = if critical { Severity::Critical } else { Severity::Warning };
    let mut draft = Draft::new(RULE.id, class, severity, object);
    draft.confidence(Confidence::Medium);
    draft.field(object, ".status.numberUnavailable");
    draft.field(object, ".status.desiredNumberScheduled");
    if let Some(event) = failed {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    for pod in overdue.iter().take(SAMPLES) {
        draft.affects(pod);
        draft.field(pod, ".spec.nodeName");
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    draft.summary(format!("DaemonSet {} is unavailable on {lacking} of {wanted} nodes", object.name()));
    let target = format!("daemonset/{}", object.name());
    draft.check(&["kubectl", "-n", object.namespace(), "describe", &target], "its events");
    Some(draft)
}

fn misscheduled(object: &Value) -> Option<Draft> {
    let stray = object.number("/status/numberMisscheduled").filter(|count| *count > 0)?;
    let mut draft = Draft::new(RULE.id, "misscheduled", Severity::Note, object);
    draft.field(object, ".status.numberMisscheduled");
    draft.summary(format!("DaemonSet {} runs on {stray} nodes that it no longer means", object.name()));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene, healthy_pod, owned};

    fn cluster(name: &str, status: &Value) -> Scene {
        let mut pod = healthy_pod("agent");
        pod["status"]["conditions"][0] =
            json!({"type": "Ready", "status": "False", "lastTransitionTime": EARLIER});
        Scene::new().with(Kind::DaemonSet, name, json!({"status": status})).with(
            Kind::Pod,
            "agent-1",
            owned(pod, "DaemonSet", name, &format!("daemonsets-{name}")),
        )
    }

    #[test]
    fn missing_agents_are_a_warning() {
        let status =
            json!({"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberUnavailable": 1});
        let finding = cluster("logs", &status).finds("ds-not-ready/unavailable");
        assert_eq!(finding.severity, Severity::Warning);
    }

    #[test]
    fn a_roll_gets_more_time() {
        let status =
            json!({"desiredNumberScheduled": 3, "updatedNumberScheduled": 1, "numberUnavailable": 1});
        assert!(cluster("logs", &status).at("2026-11-16T11:39:59Z").told().is_empty());
        assert_eq!(cluster("logs", &status).at("2026-11-16T11:40:00Z").told(), ["ds-not-ready/unavailable"]);
    }

    #[test]
    fn a_pod_that_the_controller_had_to_delete_is_told_by_its_event() {
        let status =
            json!({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberUnavailable": 1});
        Scene::new()
            .with(Kind::DaemonSet, "logs", json!({"status": status}))
            .event(
                Kind::DaemonSet,
                "logs",
                "FailedDaemonPod",
                "Found failed daemon pod shop/logs-1 on node n1, will try to kill it",
            )
            .finds("ds-not-ready/failed-pod");
    }

    #[test]
    fn a_set_that_wants_no_node_or_has_strays_is_silent() {
        cluster("logs", &json!({"desiredNumberScheduled": 0})).is_silent();
        let strays = cluster("logs", &json!({"desiredNumberScheduled": 1, "numberMisscheduled": 1}));
        assert_eq!(strays.noted(), ["ds-not-ready/misscheduled"]);
        strays.is_silent();
    }
}
