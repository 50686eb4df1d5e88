//! Controllers whose pods or claims the API server refuses to create, with the refusal's text read.
//!
//! The walk that `failed-create` shares with the rules about what refuses: quota, `LimitRange`, Pod Security.

use serde_json::Value;

use crate::decode::admission::{Refusal, refusal};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{View, event_time};

const GRACE: Seconds = 30;

/// A controller that lacks pods, and what it was told.
pub(in crate::rules) struct Refused<'a> {
    pub(in crate::rules) owner: &'a Value,
    pub(in crate::rules) refusal: Refusal,
    pub(in crate::rules) message: &'a str,
    event: Option<&'a Value>,
}

/// Every controller that lacks pods because they are refused.
pub(in crate::rules) fn refused<'a>(view: &View<'a>) -> Vec<Refused<'a>> {
    [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|owner| lacks_pods(owner) && !owner.is_deleting())
        .filter_map(|owner| judge(view, owner))
        .collect()
}

fn lacks_pods(owner: &Value) -> bool {
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    match owner.kind() {
        "DaemonSet" => number("/status/currentNumberScheduled") < number("/status/desiredNumberScheduled"),
        "Job" => {
            let finished = owner.condition_is("Complete", "True") || owner.condition_is("Failed", "True");
            let succeeded = number("/status/succeeded") >= owner.number("/spec/completions").unwrap_or(1);
            !owner.flag("/spec/suspend") && !finished && !succeeded && number("/status/active") == 0
        }
        _ => number("/status/replicas") < owner.number("/spec/replicas").unwrap_or(1),
    }
}

fn judge<'a>(view: &View<'a>, owner: &'a Value) -> Option<Refused<'a>> {
    let condition = owner.condition("ReplicaFailure").filter(|condition| condition.text("/status") == "True");
    let event = view.newest_event(owner, &["FailedCreate"], |_| true);
    let created = view.newest_event(owner, &["SuccessfulCreate"], |_| true);
    // A later success took the complaint back, unless the controller still states the failure.
    let outdated = event.zip(created).is_some_and(|(failed, made)| event_time(made) > event_time(failed));
    if condition.is_none() && outdated || view.age(owner.created())? < GRACE {
        return None;
    }
    let stated = condition.map(|condition| condition.text("/message"));
    let message = stated.or_else(|| event.map(|event| event.text("/message")))?;
    Some(Refused { owner, refusal: refusal(message), message, event })
}

impl Refused<'_> {
    /// Cites the refusal and how many pods there are; the failure began when it was first told.
    pub(in crate::rules) fn cite(&self, draft: &mut Draft) {
        let owner = self.owner;
        draft.field(owner, ".status.conditions[type=ReplicaFailure].message");
        draft.since(owner, ".status.conditions[type=ReplicaFailure].lastTransitionTime");
        if let Some(event) = self.event {
            draft.event(event);
            draft.since(event, ".firstTimestamp");
        }
        draft.field(owner, ".spec.replicas");
        let (path, there) = match owner.kind() {
            "Job" => (".status.active", "/status/active"),
            "DaemonSet" => (".status.currentNumberScheduled", "/status/currentNumberScheduled"),
            _ => (".status.replicas", "/status/replicas"),
        };
        draft.computed(owner, path, owner.number(there).unwrap_or_default());
    }

    /// The part of the message that says why.
    pub(in crate::rules) fn why(&self) -> &str {
        self.message.split_once(" is forbidden: ").map_or(self.message, |(_, why)| why)
    }

    /// What a draft about the refusing object takes down: this controller and those above it.
    pub(in crate::rules) fn suffer<'a>(&'a self, view: &View<'a>, draft: &mut Draft) {
        draft.affects(view.top(self.owner));
        draft.affects(self.owner);
        draft.takes_down.insert(self.owner.key());
        draft.takes_down.extend(view.owners(self.owner).into_iter().map(Value::key));
    }
}

#[cfg(test)]
pub(in crate::rules) mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene};

    /// A `ReplicaSet` without its two pods, and why.
    pub(in crate::rules) fn refused_set(message: &str) -> Scene {
        let set = json!({"spec": {"replicas": 2, "template": {"spec": {"serviceAccountName": "runner",
                "containers": [{"name": "app", "securityContext": {"privileged": true}}]}}},
            "status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True",
                "reason": "FailedCreate", "message": message, "lastTransitionTime": EARLIER}]}});
        Scene::new().with(Kind::ReplicaSet, "web", set)
    }
}
