//! Pods of higher priority pushed others off their nodes, and those have not found a place since.
//!
//! Fires on `Preempted` events, or `DisruptionTarget=True/PreemptionByScheduler`, of pods whose controller now
//! has fewer ready pods than it wants. Not on a preemption that was fully recovered from.

use std::collections::{BTreeMap, HashMap};

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::between;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{EVENT_AGE, View, event_time};

pub(super) const RULE: Rule = Rule {
    id: "priority-cascade",
    subject: Subject::Configuration,
    reads: &[Kind::Pod, Kind::Event, Kind::PriorityClass],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("pending-unschedulable")],
    yields_to: &[],
    evaluate,
};

/// A pod that had to go, as far as it is known.
struct Victim<'a> {
    owner: &'a Value,
    event: Option<&'a Value>,
    pod: Option<&'a Value>,
    preemptor: Option<&'a Value>,
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut victims = victims(view);
    victims.retain(|victim| is_short(victim.owner));
    let mut groups: BTreeMap<String, Vec<Victim<'_>>> = BTreeMap::new();
    for victim in victims {
        let cause = victim.preemptor.map_or(victim.owner, |pod| view.top(pod));
        groups.entry(cause.key()).or_default().push(victim);
    }
    groups.into_values().filter_map(|victims| judge(view, &victims)).collect()
}

fn victims<'a>(view: &View<'a>) -> Vec<Victim<'a>> {
    let preempted =
        |event: &&Value| event.text("/reason") == "Preempted" && view.now - event_time(event) <= EVENT_AGE;
    let events: Vec<&Value> = view.all(Kind::Event).iter().filter(preempted).collect();
    let by_uid: HashMap<&str, &Value> = if events.is_empty() {
        HashMap::new()
    } else {
        view.all(Kind::Pod).iter().map(|pod| (pod.uid(), pod)).collect()
    };
    let told = events.into_iter().filter_map(|event| {
        let preemptor = preemptor(event.text("/message"))
            .and_then(|name| by_uid.get(name).copied().or_else(|| named(view, name)));
        Some(Victim { owner: owner_of_gone(view, event)?, event: Some(event), pod: None, preemptor })
    });
    let marked = view.all(Kind::Pod).iter().filter_map(|pod| {
        let condition = pod.condition("DisruptionTarget")?;
        let recent = view.age(condition.time("/lastTransitionTime"))? <= EVENT_AGE;
        let preempted = condition.text("/reason") == "PreemptionByScheduler";
        let owner = *view.owners(pod).first()?;
        (preempted && recent).then_some(Victim { owner, event: None, pod: Some(pod), preemptor: None })
    });
    told.chain(marked).collect()
}

/// `Preempted by pod <uid> on node n`; before 1.26 `Preempted by <namespace>/<name> on node n`.
fn preemptor(message: &str) -> Option<&str> {
    let name = between(message, "Preempted by ", " on node")?;
    Some(name.strip_prefix("pod ").unwrap_or(name))
}

fn named<'a>(view: &View<'a>, name: &str) -> Option<&'a Value> {
    let (namespace, name) = name.split_once('/')?;
    view.find(Kind::Pod, namespace, name).found()
}

/// The victim is gone; its name is its controller's with a suffix.
fn owner_of_gone<'a>(view: &View<'a>, event: &Value) -> Option<&'a Value> {
    let namespace = event.text("/involvedObject/namespace");
    let (owner, _) = event.text("/involvedObject/name").rsplit_once('-')?;
    [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet]
        .into_iter()
        .find_map(|kind| view.find(kind, namespace, owner).found())
}

fn is_short(owner: &Value) -> bool {
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    if owner.kind() == "DaemonSet" {
        number("/status/numberReady") < number("/status/desiredNumberScheduled")
    } else {
        number("/status/readyReplicas") < number("/spec/replicas")
    }
}

fn judge(view: &View<'_>, victims: &[Victim<'_>]) -> Option<Draft> {
    let first = victims.first()?;
    let cause = first.preemptor.map_or(first.owner, |pod| view.top(pod));
    let mut draft = Draft::new(RULE.id, "", Severity::Error, cause);
    draft.finding.count = u32::try_from(victims.len()).unwrap_or(u32::MAX);
    draft.confidence(if first.preemptor.is_some() { Confidence::High } else { Confidence::Medium });
    if let Some(pod) = first.preemptor {
        draft.affects(pod);
        draft.field(pod, ".spec.priorityClassName");
        draft.field(pod, ".spec.priority");
        if let Some(class) = view.find(Kind::PriorityClass, "", pod.text("/spec/priorityClassName")).found() {
            draft.affects(class);
            draft.field(class, ".value");
        }
    }
    for victim in victims {
        let top = view.top(victim.owner);
        draft.affects(top);
        draft.takes_down.extend([victim.owner.key(), top.key()]);
        draft.field(victim.owner, ".status.readyReplicas");
        draft.field(victim.owner, ".spec.replicas");
        if let Some(event) = victim.event {
            draft.event(event);
            draft.since_at(Some(event_time(event)), format!("{} .lastTimestamp", event.key()));
        }
        if let Some(pod) = victim.pod {
            draft.affects(pod);
            draft.field(pod, ".status.conditions[type=DisruptionTarget].message");
            draft.since(pod, ".status.conditions[type=DisruptionTarget].lastTransitionTime");
        }
    }
    let mut names: Vec<&str> = victims.iter().map(|victim| view.top(victim.owner).name()).collect();
    names.sort_unstable();
    names.dedup();
    let by = first.preemptor.map_or_else(
        || "pods of higher priority".to_owned(),
        |pod| format!("{} {}", view.top(pod).kind(), view.top(pod).name()),
    );
    draft.summary(format!(
        "{by} pushed pods of {} off their nodes, and they lack ready pods since",
        names.join(", ")
    ));
    draft.check(&["kubectl", "get", "priorityclasses"], "who may push whom");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LATELY, Scene, healthy_pod, owned};

    fn cluster(ready: i64) -> Scene {
        let mut winner = healthy_pod("batch");
        winner["spec"]["priorityClassName"] = json!("urgent");
        winner["spec"]["priority"] = json!(100_000);
        let set = json!({"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": ready}});
        Scene::new()
            .with(Kind::PriorityClass, "urgent", json!({"value": 100_000}))
            .with(Kind::Pod, "batch-1", winner)
            .with(Kind::ReplicaSet, "web-abc", set)
            .event(Kind::Pod, "web-abc-1", "Preempted", "Preempted by pod pods-batch-1 on node n1")
    }

    fn pending() -> Value {
        json!({"spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": LATELY,
             "message": "0/1 nodes are available: 1 Insufficient cpu."}]}})
    }

    #[test]
    fn a_victim_that_found_no_place_blames_who_pushed_it() {
        let finding = cluster(1)
            .with(Kind::Pod, "web-abc-2", owned(pending(), "ReplicaSet", "web-abc", "replicasets-web-abc"))
            .finds("priority-cascade/");
        assert_eq!(finding.objects[0].name, "batch-1");
        assert_eq!(finding.symptoms[0].rule, "pending-unschedulable");
    }

    #[test]
    fn a_preemption_that_was_recovered_from_is_silent() {
        cluster(2).is_silent();
    }

    #[test]
    fn an_old_preemption_is_history() {
        assert_eq!(cluster(1).told(), ["priority-cascade/"]);
        assert!(cluster(1).at("2026-11-16T12:55:01Z").told().is_empty());
    }

    #[test]
    fn a_pod_that_the_scheduler_marked_is_a_victim_too() {
        let mut victim = owned(healthy_pod("web"), "ReplicaSet", "web", "replicasets-web");
        victim["status"]["phase"] = json!("Failed");
        victim["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": "default-scheduler: preempting to accommodate a higher priority pod", "lastTransitionTime": EARLIER}]);
        let set = json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 0}});
        let scene = Scene::new().with(Kind::Pod, "web-1", victim).with(Kind::ReplicaSet, "web", set);
        assert!(scene.told().contains(&"priority-cascade/".to_owned()), "{:?}", scene.told());
    }
}
