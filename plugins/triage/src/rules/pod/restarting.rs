//! A container serves now, but was restarted three times or more within the hour and has not been well for ten
//! minutes since. Not where its node was started anew at that time, nor a container that lacked memory.

use holmes_protocol::Severity;

use super::crash::{finish, restarts_often};
use crate::blame::cite_log;
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{View, event_time};

/// What happened to the node within these many seconds happened to its containers.
const NODE_EVENT: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "restarting",
    subject: Subject::Pod(90),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.troubled_containers().iter().filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let serves = container.is_running() && container.is_ready();
    let (end, path) = container.last_end()?;
    if !serves
        || !container.failed_lately(view.now)
        || container.has_recovered(view.now)
        || !restarts_often(view, container)
        || node_was_restarted(view, container, end.time("/finishedAt")?)
    {
        return None;
    }
    let (pod, name) = (container.pod, container.name());
    let mut draft = Draft::of_pod(view, RULE.id, "", Severity::Warning, pod, Some(name));
    draft.field(pod, &container.status_path(".restartCount"));
    for field in ["exitCode", "reason", "finishedAt"] {
        draft.field(pod, &container.status_path(&format!("{path}.{field}")));
    }
    draft.field(pod, &container.status_path(".state.running.startedAt"));
    draft.changed(template::changes(view, pod));
    cite_log(view, container, &mut draft);
    let code = end.number("/exitCode").unwrap_or_default();
    let times = container.restarts();
    draft.summary(format!(
        "container `{name}` runs, but was restarted {times} times, last after exit code {code}"
    ));
    finish(view, container, &mut draft);
    Some(draft)
}

fn node_was_restarted(view: &View<'_>, container: &Container<'_>, end: Seconds) -> bool {
    view.node_of(container.pod).is_some_and(|node| {
        let near = |moment: Seconds| (moment - end).abs() <= NODE_EVENT;
        let event = view.newest_event(node, &["Rebooted"], |_| true);
        let ready = node.condition("Ready").and_then(|ready| ready.time("/lastTransitionTime"));
        event.is_some_and(|event| near(event_time(event))) || ready.is_some_and(near)
    })
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn serving(restarts: i64, created: &str, started: &str) -> Value {
        let mut pod = healthy_pod("a");
        pod["metadata"]["creationTimestamp"] = json!(created);
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": restarts,
            "state": {"running": {"startedAt": started}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": started}}});
        pod
    }

    fn one(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn three_quick_restarts_are_told_and_two_are_not() {
        one(serving(3, EARLIER, LATELY)).finds("restarting/");
        one(serving(2, EARLIER, LATELY)).is_silent();
    }

    #[test]
    fn restarts_over_weeks_are_no_series_unless_the_kubelet_backs_off() {
        let old = one(serving(5, LONG_AGO, LATELY));
        old.is_silent();
        let text = "Back-off restarting failed container app in pod a-1_shop(pods-a-1)";
        old.event(Kind::Pod, "a-1", "BackOff", text).finds("restarting/");
    }

    #[test]
    fn ten_minutes_of_readiness_forgive_restarts_that_were_no_series() {
        one(serving(3, LONG_AGO, "2026-11-16T11:50:00Z")).is_silent();
    }

    #[test]
    fn the_node_that_came_back_at_that_time_is_reason_enough() {
        let node = |since: &str| json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}]}});
        let scene = |since: &str| one(serving(3, EARLIER, LATELY)).with(Kind::Node, "n1", node(since));
        assert!(scene(LATELY).told().is_empty());
        assert_eq!(scene(LONG_AGO).told(), ["restarting/"]);
    }
}
