//! Controllers that have fewer working pods than they should: mostly symptoms, findings when nothing below
//! them tells more.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::template;
use crate::view::View;

/// Pods that are replaced are missing for a moment.
const GRACE: Seconds = 120;
/// A DaemonSet or StatefulSet rolls one pod after another.
const ROLLING_GRACE: Seconds = 600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let deployments = view.all(Kind::Deployment).iter().filter_map(|object| deployment(view, object));
    let stateful = view.all(Kind::StatefulSet).iter().filter_map(|object| stateful_set(view, object));
    let daemons = view.all(Kind::DaemonSet).iter().filter_map(|object| daemon_set(view, object));
    deployments.chain(stateful).chain(daemons).collect()
}

fn deployment<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let available = object.number("/status/availableReplicas").unwrap_or_default();
    if wanted == 0 || object.flag("/spec/paused") && available >= wanted || object.is_deleting() {
        return None;
    }
    let progressing = object.condition("Progressing");
    let late = progressing.is_some_and(|condition| condition.text("/reason") == "ProgressDeadlineExceeded");
    if late {
        let mut draft = Draft::new("rollout-stuck", "deadline", Severity::Error, object);
        draft.field(object, ".status.conditions[type=Progressing].message");
        counts(object, &mut draft);
        draft.since(object, ".status.conditions[type=Progressing].lastTransitionTime");
        if let Some(pod) = view.pods_of(object).iter().find(|pod| !pod.condition_is("Ready", "True")) {
            draft.changed(template::changes(view, pod));
        }
        draft.summary(format!(
            "rollout of Deployment {} does not progress, {available} of {wanted} replicas available",
            object.name()
        ));
        let target = format!("deployment/{}", object.name());
        draft.check(
            &["kubectl", "-n", object.namespace(), "rollout", "status", &target],
            "how far the rollout is",
        );
        return Some(draft);
    }
    let since = object.condition("Available").and_then(|condition| condition.time("/lastTransitionTime"));
    let updated = object.number("/status/updatedReplicas").unwrap_or_default();
    let rolling = progressing.is_some_and(|condition| condition.text("/reason") != "NewReplicaSetAvailable")
        || updated < wanted;
    if available >= wanted || rolling || view.age(since.max(object.created()))? < GRACE {
        return None;
    }
    let mut draft = Draft::new("deployment-unavailable", "", Severity::Warning, object);
    draft.confidence(Confidence::Medium);
    counts(object, &mut draft);
    draft.field(object, ".status.conditions[type=Available].message");
    draft.since(object, ".status.conditions[type=Available].lastTransitionTime");
    draft.summary(format!("Deployment {} has {available} of {wanted} replicas available", object.name()));
    (available * 2 < wanted || unready_for(view, object, GRACE)).then_some(draft)
}

/// Is a pod of it unready for longer than the grace? A pod that just started is no failure.
fn unready_for(view: &View<'_>, object: &Value, grace: Seconds) -> bool {
    view.children(object).iter().flat_map(|set| view.children(set)).any(|pod| {
        let condition = pod.condition("Ready").filter(|condition| condition.text("/status") != "True");
        condition.is_some_and(|condition| view.age(condition.time("/lastTransitionTime")) >= Some(grace))
    })
}

fn counts(object: &Value, draft: &mut Draft) {
    for path in [".spec.replicas", ".status.replicas", ".status.readyReplicas", ".status.availableReplicas"] {
        draft.field(object, path);
    }
}

fn stateful_set<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let wanted = object.number("/spec/replicas").unwrap_or(1);
    let ready = object.number("/status/readyReplicas").unwrap_or_default();
    if ready >= wanted || object.is_deleting() || view.age(object.created())? < GRACE {
        return None;
    }
    let pods = view.children(object);
    let broken = pods.iter().find(|pod| !pod.condition_is("Ready", "True"));
    let unready_since = broken
        .and_then(|pod| pod.condition("Ready"))
        .and_then(|condition| condition.time("/lastTransitionTime"));
    let moment = unready_since.or_else(|| broken.and_then(|pod| pod.created()));
    if broken.is_some() && view.age(moment).is_some_and(|age| age < GRACE) {
        return None;
    }
    let mut draft = Draft::new("sts-ordinal-blocked", "", Severity::Error, object);
    draft.confidence(Confidence::Medium);
    counts(object, &mut draft);
    if let Some(pod) = broken {
        draft.affects(pod);
        draft.field(pod, ".status.phase");
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    let culprit = broken.map(|pod| format!(", {} is not ready", pod.name())).unwrap_or_default();
    draft.summary(format!("StatefulSet {} has {ready} of {wanted} replicas ready{culprit}", object.name()));
    Some(draft)
}

fn daemon_set<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let number = |pointer| object.number(pointer).unwrap_or_default();
    let wanted = number("/status/desiredNumberScheduled");
    let unavailable = number("/status/numberUnavailable");
    let rolling = number("/status/updatedNumberScheduled") < wanted;
    let long = view.children(object).iter().any(|pod| {
        let condition = pod.condition("Ready").filter(|condition| condition.text("/status") != "True");
        let grace = if rolling { ROLLING_GRACE } else { GRACE };
        condition.is_some_and(|condition| view.age(condition.time("/lastTransitionTime")) >= Some(grace))
    });
    if unavailable == 0 || object.is_deleting() || !long {
        return None;
    }
    let mut draft = Draft::new("ds-not-ready", "unavailable", Severity::Warning, object);
    draft.confidence(Confidence::Medium);
    draft.field(object, ".status.numberUnavailable");
    draft.field(object, ".status.desiredNumberScheduled");
    draft.summary(format!("DaemonSet {} is unavailable on {unavailable} of {wanted} nodes", object.name()));
    Some(draft)
}
