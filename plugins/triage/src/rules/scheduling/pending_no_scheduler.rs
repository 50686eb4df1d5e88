//! A pod is Pending and no scheduler has looked at it: the scheduler is down, its name is unknown, or the pod
//! is written onto a node that does not exist.
//!
//! Fires a minute after creation without a `PodScheduled` condition and without a scheduling event. Not for
//! pods that were just created, nor for gated ones.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

/// A scheduler looks at a new pod within a second.
const GRACE: Seconds = 60;
/// A leader renews its lease every few seconds.
const STALE_LEASE: Seconds = 60;
/// One pod may have been lost; this many mean that nobody schedules.
const MANY: usize = 3;
const DEFAULT: &str = "default-scheduler";

pub(super) const RULE: Rule = Rule {
    id: "pending-no-scheduler",
    subject: Subject::Pod(92),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency, Cause::Rule("control-plane-pod")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let unseen: Vec<&Value> = view.all(Kind::Pod).iter().filter(|pod| is_unseen(view, pod)).collect();
    let of_default = unseen
        .iter()
        .filter(|pod| scheduler(pod) == DEFAULT && pod.text("/spec/nodeName").is_empty())
        .count();
    let severity = if of_default >= MANY { Severity::Critical } else { Severity::Error };
    unseen
        .into_iter()
        .filter_map(|pod| match (pod.text("/spec/nodeName"), scheduler(pod)) {
            ("", DEFAULT) => Some(down(view, pod, severity)),
            ("", name) => Some(unknown(view, pod, name)),
            (node, _) => no_node(view, pod, node),
        })
        .collect()
}

fn scheduler(pod: &Value) -> &str {
    match pod.text("/spec/schedulerName") {
        "" => DEFAULT,
        name => name,
    }
}

/// Has neither a scheduler nor a kubelet written into its status?
fn is_unseen(view: &View<'_>, pod: &Value) -> bool {
    pod.text("/status/phase") == "Pending"
        && !pod.is_deleting()
        && pod.items("/status/conditions").is_empty()
        && pod.items("/status/containerStatuses").is_empty()
        && pod.items("/spec/schedulingGates").is_empty()
        && view.age(pod.created()) >= Some(GRACE)
        && view.newest_event(pod, &["Scheduled", "FailedScheduling"], |_| true).is_none()
}

fn draft<'a>(view: &View<'a>, pod: &'a Value, class: &str, severity: Severity) -> Draft {
    let mut draft = Draft::of_pod(view, RULE.id, class, severity, pod, None);
    draft.field(pod, ".status.phase");
    draft.since(pod, ".metadata.creationTimestamp");
    draft.check(
        &["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()],
        "whether a scheduler saw it",
    );
    draft
}

fn down<'a>(view: &View<'a>, pod: &'a Value, severity: Severity) -> Draft {
    let mut draft = draft(view, pod, "scheduler-down", severity);
    draft.collapse = format!("scheduler {DEFAULT}");
    draft.summary(format!("pod is Pending and {DEFAULT} has not looked at it"));
    for other in view.pods_in("kube-system").iter().filter(|other| is_scheduler(other)) {
        draft.depends_on.insert(other.key());
        if !other.condition_is("Ready", "True") {
            draft.affects(other);
            draft.field(other, ".status.phase");
        }
    }
    if let Some(lease) = view.find(Kind::Lease, "kube-system", "kube-scheduler").found() {
        draft.field(lease, ".spec.renewTime");
        if view.age(lease.time("/spec/renewTime")) < Some(STALE_LEASE) {
            // Somebody leads; why it does not look at this pod is not told.
            draft.confidence(Confidence::Medium);
        }
    }
    draft
}

fn is_scheduler(pod: &Value) -> bool {
    pod.text("/metadata/labels/component") == "kube-scheduler"
}

fn unknown<'a>(view: &View<'a>, pod: &'a Value, name: &str) -> Draft {
    let mut draft = draft(view, pod, "unknown-scheduler", Severity::Error);
    draft.collapse = format!("scheduler {name}");
    draft.parameters.push(name.to_owned());
    draft.field(pod, ".spec.schedulerName");
    draft.summary(format!("pod is Pending and scheduler {name} has not looked at it"));
    if let Some(near) = nearest::name(name, [DEFAULT]) {
        draft.suggest(format!("no scheduler answers to `{name}`; did you mean `{near}`?"));
    }
    let runs = view.all(Kind::Deployment).iter().find(|workload| workload.name() == name);
    if let Some(workload) = runs {
        draft.affects(workload);
        draft.depends_on.insert(workload.key());
    }
    draft
}

fn no_node<'a>(view: &View<'a>, pod: &'a Value, node: &str) -> Option<Draft> {
    if !view.find(Kind::Node, "", node).is_absent() {
        return None;
    }
    let mut draft = draft(view, pod, "node-name", Severity::Error);
    draft.parameters.push(node.to_owned());
    draft.field(pod, ".spec.nodeName");
    draft.absent("Node", "", node);
    draft.summary(format!("pod is written onto node {node}, which does not exist"));
    if let Some(near) = nearest::name(node, view.all(Kind::Node).iter().map(Value::name)) {
        draft.suggest(format!("did you mean node `{near}`?"));
    }
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::scene::{EARLIER, JUST_NOW, LONG_AGO, NOW, Scene};

    fn unseen(extra: &Value) -> Value {
        let mut pod = json!({"metadata": {"creationTimestamp": EARLIER},
            "spec": {"schedulerName": "default-scheduler", "containers": [{"name": "app"}]}, "status": {"phase": "Pending"}});
        for (key, value) in extra.as_object().unwrap() {
            pod["spec"][key] = value.clone();
        }
        pod
    }

    #[test]
    fn one_pod_that_nobody_looked_at_is_an_error_and_three_are_critical() {
        let scene = Scene::new().with(Kind::Pod, "a-1", unseen(&json!({})));
        assert_eq!(scene.finds("pending-no-scheduler/scheduler-down").severity, Severity::Error);
        let scene =
            scene.with(Kind::Pod, "b-1", unseen(&json!({}))).with(Kind::Pod, "c-1", unseen(&json!({})));
        let findings = scene.findings();
        assert_eq!(scene.told(), ["pending-no-scheduler/scheduler-down"]);
        assert_eq!((findings[0].severity, findings[0].count), (Severity::Critical, 3));
    }

    #[test]
    fn the_age_of_the_leaders_lease_is_cited() {
        let lease =
            |renewed: &str| json!({"metadata": {"namespace": "kube-system"}, "spec": {"renewTime": renewed}});
        let scene = Scene::new().with(Kind::Pod, "a-1", unseen(&json!({})));
        let stale = scene.clone().with(Kind::Lease, "kube-scheduler", lease(EARLIER));
        assert_eq!(stale.finds("pending-no-scheduler/scheduler-down").confidence, Confidence::High);
        let fresh = scene.with(Kind::Lease, "kube-scheduler", lease(NOW));
        assert_eq!(fresh.findings()[0].confidence, Confidence::Medium);
    }

    #[test]
    fn a_misspelt_scheduler_and_a_missing_node_are_named() {
        let pod = unseen(&json!({"schedulerName": "defualt-scheduler"}));
        let finding =
            Scene::new().with(Kind::Pod, "a-1", pod).finds("pending-no-scheduler/unknown-scheduler");
        assert!(finding.suggestion[0].contains("default-scheduler"));
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let scene = Scene::new().with(Kind::Node, "node-10", node).with(
            Kind::Pod,
            "a-1",
            unseen(&json!({"nodeName": "node-1O"})),
        );
        assert!(scene.finds("pending-no-scheduler/node-name").suggestion[0].contains("node-10"));
        let scene =
            Scene::new().with(Kind::Pod, "a-1", unseen(&json!({"nodeName": "n9"}))).forbid(Kind::Node);
        assert!(scene.told().is_empty());
    }

    #[test]
    fn pods_that_are_new_gated_or_seen_are_silent() {
        let mut new = unseen(&json!({}));
        new["metadata"]["creationTimestamp"] = json!(JUST_NOW);
        Scene::new().with(Kind::Pod, "a-1", new).is_silent();
        let gated = unseen(&json!({"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}));
        assert!(Scene::new().with(Kind::Pod, "a-1", gated).told().is_empty());
        let scene = Scene::new().with(Kind::Pod, "a-1", unseen(&json!({})));
        assert!(scene.clone().at("2026-11-16T11:30:59Z").told().is_empty());
        let seen =
            scene.event(Kind::Pod, "a-1", "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.");
        assert!(seen.told().is_empty());
    }
}
