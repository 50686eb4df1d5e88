//! The kernel ended a container for lack of memory. `limit`: its own limit, within the hour. `child`: a process
//! inside it, while its first process ended otherwise. `node`: the whole node had none left. `repeated`: it serves,
//! but was ended so again and again within the day. One such end that it has recovered from is a note.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::crash::finish;
use crate::containers::{Container, RESTART_WINDOW};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{View, event_time};

const DAY: Seconds = 24 * 3600;
/// An end this close to the node's own complaint is its work.
const NEAR: Seconds = 120;
/// The admission plugin that sets limits leaves its name.
const LIMIT_RANGER: &str = ".metadata.annotations['kubernetes.io/limit-ranger']";

pub(super) const RULE: Rule = Rule {
    id: "oom-killed",
    subject: Subject::Pod(50),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.troubled_containers().iter().filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let (end, path) = container.last_end()?;
    let code = end.number("/exitCode").unwrap_or_default();
    let too_small = is_below_a_start(end);
    if !is_lack_of_memory(end) {
        let event = (code == 137).then(|| node_event(view, container, end)).flatten()?;
        let mut draft = draft(view, container, end, path, ("node", Severity::Error));
        draft.event(event);
        draft.affects(view.node_of(container.pod)?);
        return Some(draft);
    }
    let age = view.age(end.time("/finishedAt"))?;
    let pace = view.age(container.pod.created())? / container.restarts().max(1);
    let recovered = container.has_recovered(view.now);
    let class = if code == 137 || too_small { "limit" } else { "child" };
    let verdict = match () {
        () if age <= RESTART_WINDOW && !recovered => (class, Severity::Error),
        () if age <= DAY && container.restarts() >= 2 && pace <= DAY / 4 => ("repeated", Severity::Warning),
        () if age <= RESTART_WINDOW => (class, Severity::Note),
        () => return None,
    };
    let mut draft = draft(view, container, end, path, verdict);
    if verdict.1 == Severity::Note {
        // What is over explains nothing that goes on.
        draft.confidence(Confidence::Low);
    }
    Some(draft)
}

/// Does the container's own end say that it lacked memory?
pub(super) fn is_lack_of_memory(end: &Value) -> bool {
    end.text("/reason") == "OOMKilled" || is_below_a_start(end)
}

/// A limit may be less than what the runtime itself needs to start a process.
fn is_below_a_start(end: &Value) -> bool {
    end.text("/message").contains("container init was OOM-killed")
}

/// The node's complaint about its memory at the time of this end.
fn node_event<'a>(view: &View<'a>, container: &Container<'a>, end: &Value) -> Option<&'a Value> {
    let finished = end.time("/finishedAt")?;
    let node = view.node_of(container.pod)?;
    let event = view.newest_event(node, &["SystemOOM", "OOMKilling"], |_| true)?;
    ((event_time(event) - finished).abs() <= NEAR && view.now - finished <= RESTART_WINDOW).then_some(event)
}

fn draft<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    end: &Value,
    path: &str,
    (class, severity): (&str, Severity),
) -> Draft {
    let (pod, name) = (container.pod, container.name());
    let mut draft = Draft::of_pod(view, RULE.id, class, severity, pod, Some(name));
    for field in ["reason", "exitCode", "finishedAt"] {
        draft.field(pod, &container.status_path(&format!("{path}.{field}")));
    }
    draft.field(pod, &container.status_path(".restartCount"));
    draft.field(pod, &container.spec_path(".resources.limits.memory"));
    draft.field(pod, &container.spec_path(".resources.requests.memory"));
    let limit = container.spec().map(|spec| spec.text("/resources/limits/memory")).unwrap_or_default();
    source_of_limit(view, container, limit, &mut draft);
    let (times, reason) = (container.restarts(), end.text("/reason"));
    draft.summary(match class {
        "node" => format!("container `{name}` was ended ({reason}) when its node ran out of memory"),
        _ if limit.is_empty() => {
            format!("container `{name}` is OOMKilled without a memory limit, {times} restarts")
        }
        "child" => format!("a process in container `{name}` is OOMKilled at the memory limit of {limit}"),
        _ => format!("container `{name}` is OOMKilled at its memory limit of {limit}, {times} restarts"),
    });
    draft.changed(template::changes(view, pod));
    draft.suggest("raise resources.limits.memory, or find what made the container need more since it worked");
    finish(view, container, &mut draft);
    draft
}

/// Whether the limit is the template's own, or was set when the pod was admitted.
fn source_of_limit<'a>(view: &View<'a>, container: &Container<'a>, limit: &str, draft: &mut Draft) {
    let pod = container.pod;
    let ranger = crate::object::resolve(pod, LIMIT_RANGER).and_then(Value::as_str).unwrap_or_default();
    if ranger.contains(&format!("memory limit for container {}", container.name()))
        || ranger.contains("memory limit") && ranger.ends_with(container.name())
    {
        draft.field(pod, LIMIT_RANGER);
        draft.suggest("the limit is not the template's own: a LimitRange of the namespace set it");
        return;
    }
    let Some(owner) = view.owners(pod).first().copied() else { return };
    let template = owner.items("/spec/template/spec/containers").iter();
    let wanted = template.filter(|other| other.text("/name") == container.name());
    for other in wanted {
        if other.text("/resources/limits/memory") != limit {
            draft.field(owner, ".spec.template.spec.containers");
            draft.suggest("the limit differs from the template's: it was changed when the pod was admitted");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn ended(reason: &str, code: i64, restarts: i64, finished: &str) -> Value {
        let mut pod = healthy_pod("a");
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "64Mi"}});
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": restarts,
            "state": {"running": {"startedAt": finished}},
            "lastState": {"terminated": {"exitCode": code, "reason": reason, "finishedAt": finished}}});
        pod
    }

    fn one(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn the_limit_and_the_restarts_are_told() {
        let finding = one(ended("OOMKilled", 137, 4, LATELY)).finds("oom-killed/limit");
        assert!(finding.summary.contains("64Mi") && finding.summary.contains('4'), "{}", finding.summary);
        one(ended("OOMKilled", 1, 1, LATELY)).finds("oom-killed/child");
    }

    #[test]
    fn a_limit_below_what_a_start_needs_is_one_of_memory() {
        let mut pod = crashing_pod("a");
        let message = "failed to create containerd task: container init was OOM-killed (memory limit too low?): unknown";
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"] =
            json!({"exitCode": 128, "reason": "StartError", "message": message, "finishedAt": LATELY});
        assert_eq!(one(pod).told(), ["oom-killed/limit"]);
    }

    #[test]
    fn one_that_it_has_recovered_from_is_a_note() {
        let recovered = one(ended("OOMKilled", 137, 1, "2026-11-16T11:50:00Z"));
        recovered.is_silent();
        assert_eq!(recovered.noted(), ["oom-killed/limit"]);
        assert_eq!(one(ended("OOMKilled", 137, 1, "2026-11-16T11:50:01Z")).told(), ["oom-killed/limit"]);
        one(ended("OOMKilled", 137, 1, LONG_AGO)).is_silent();
    }

    #[test]
    fn several_within_the_day_are_a_warning() {
        let mut pod = ended("OOMKilled", 137, 5, "2026-11-16T06:00:00Z");
        pod["metadata"]["creationTimestamp"] = json!("2026-11-15T12:00:00Z");
        one(pod.clone()).finds("oom-killed/repeated");
        pod["metadata"]["creationTimestamp"] = json!(LONG_AGO);
        one(pod).is_silent();
    }

    #[test]
    fn a_node_without_memory_is_named_only_at_that_time() {
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let scene = |at: &str| {
            one(ended("Error", 137, 1, LATELY)).with(Kind::Node, "n1", node.clone()).event_at(
                Kind::Node,
                "n1",
                "SystemOOM",
                "System OOM encountered, victim process: java, pid: 4711",
                at,
            )
        };
        scene(LATELY).finds("oom-killed/node");
        scene(EARLIER).is_silent();
    }

    #[test]
    fn a_limit_that_a_limitrange_set_is_said_to_be_so() {
        let mut pod = ended("OOMKilled", 137, 4, LATELY);
        pod["metadata"]["annotations"] =
            json!({"kubernetes.io/limit-ranger": "LimitRanger plugin set: memory limit for container app"});
        assert!(one(pod).finds("oom-killed/limit").suggestion[0].contains("LimitRange"));
    }
}
