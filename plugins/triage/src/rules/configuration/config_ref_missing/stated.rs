//! What kubelet, scheduler and admission say is missing.

use holmes_protocol::Confidence;
use serde_json::Value;

use super::draft;
use crate::containers::{Container, containers};
use crate::decode::between;
use crate::decode::reference::{Missing, missing, volume};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::pod::refusal;
use crate::view::{View, event_time};

/// Events of a pod that name what it lacks.
const REASONS: [&str; 3] = ["FailedMount", "FailedScheduling", "FailedCreatePodSandBox"];

/// A controller whose pods are refused because of what their template names.
pub(super) fn of_owners(view: &View<'_>) -> Vec<Draft> {
    let kinds = [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job];
    let owners = kinds.into_iter().flat_map(|kind| view.all(kind));
    owners
        .filter(|owner| lacks_pods(owner) && !owner.is_deleting())
        .filter_map(|owner| refused(view, owner))
        .collect()
}

fn lacks_pods(owner: &Value) -> bool {
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    match owner.kind() {
        "DaemonSet" => number("/status/currentNumberScheduled") < number("/status/desiredNumberScheduled"),
        "Job" => {
            let none = number("/status/active") + number("/status/succeeded") + number("/status/failed") == 0;
            none && !owner.flag("/spec/suspend")
        }
        _ => number("/status/replicas") < owner.number("/spec/replicas").unwrap_or(1),
    }
}

fn refused<'a>(view: &View<'a>, owner: &'a Value) -> Option<Draft> {
    let condition = owner.condition("ReplicaFailure").filter(|condition| condition.text("/status") == "True");
    let event = view.newest_event(owner, &["FailedCreate"], |message| missing(message).is_some());
    let made = view.newest_event(owner, &["SuccessfulCreate"], |_| true);
    let event = event.filter(|event| made.is_none_or(|made| event_time(made) <= event_time(event)));
    let stated = condition.map(|condition| condition.text("/message"));
    let missing = missing(stated.or_else(|| Some(event?.text("/message")))?)?;
    let mut draft = draft(view, owner, &missing)?;
    draft.field(owner, ".status.conditions[type=ReplicaFailure].message");
    if let Some(event) = event {
        draft.event(event);
    }
    Some(draft)
}

/// A pod that waits for what its containers, its volumes, its sandbox or its images need.
pub(super) fn of_pod<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    containers(pod)
        .iter()
        .find_map(|container| in_waiting(view, container).or_else(|| pull_secret(view, container)))
        .or_else(|| in_event(view, pod))
        .or_else(|| in_condition(view, pod))
}

fn in_waiting<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    if container.waiting_reason() != "CreateContainerConfigError" {
        return None;
    }
    let pod = container.pod;
    let mut draft = draft(view, pod, &missing(container.waiting_message())?)?;
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    Some(draft)
}

/// A volume, a runtime class, or a claim that the scheduler did not find.
fn in_event<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let event = view.newest_event(pod, &REASONS, |message| missing(message).is_some())?;
    if containers(pod).iter().any(Container::has_started) {
        return None;
    }
    let message = event.text("/message");
    let mut missing = missing(message)?;
    let path = volume(message).map(|name| format!(".spec.volumes[name={name}]"));
    if missing.name.is_empty() {
        missing.name = volume_source(pod, volume(message)?)?;
    }
    let mut draft = draft(view, pod, &missing)?;
    draft.event(event);
    if let Some(path) = path {
        draft.field(pod, &path);
    }
    Some(draft)
}

fn in_condition<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let scheduled = pod.condition("PodScheduled").filter(|scheduled| scheduled.text("/status") == "False")?;
    let mut draft = draft(view, pod, &missing(scheduled.text("/message"))?)?;
    draft.field(pod, ".status.conditions[type=PodScheduled].message");
    Some(draft)
}

/// The ConfigMap or Secret behind a volume of the pod.
fn volume_source(pod: &Value, name: &str) -> Option<String> {
    let volume = pod.items("/spec/volumes").iter().find(|volume| volume.text("/name") == name)?;
    let names = [volume.text("/configMap/name"), volume.text("/secret/secretName")];
    names.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
}

/// A pull secret that is not there, and a registry that refuses whoever comes without: each alone proves nothing.
fn pull_secret<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let refusal = refusal(view, container)?;
    if !matches!(refusal.class, "auth" | "not-found-or-denied") {
        return None;
    }
    let (pod, namespace) = (container.pod, container.pod.namespace());
    let event = view.newest_event(pod, &["FailedToRetrieveImagePullSecret"], |_| true);
    let told = event.and_then(|event| between(event.text("/message"), "image pull secrets (", ")"));
    let told = told.and_then(|names| names.split([',', ' ']).next());
    let listed = pod.items("/spec/imagePullSecrets").iter().map(|secret| secret.text("/name"));
    let mut absent = listed.filter(|name| view.find(Kind::Secret, namespace, name).is_absent());
    let name = told.or_else(|| absent.next())?.to_owned();
    let mut draft = draft(view, pod, &Missing { kind: "Secret", name: name.clone(), key: None })?;
    "pull-secret".clone_into(&mut draft.finding.class);
    draft.field(pod, &format!(".spec.imagePullSecrets[name={name}].name"));
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    draft.field(pod, &container.spec_path(".image"));
    for event in event.into_iter().chain(refusal.event) {
        draft.event(event);
    }
    draft.confidence(Confidence::High);
    let image = container.spec()?.text("/image");
    draft.summary(format!(
        "pull secret `{name}` not found in namespace {namespace}, and the registry refuses {image} without it"
    ));
    Some(draft)
}
