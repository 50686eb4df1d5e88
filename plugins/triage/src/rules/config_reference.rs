//! `ConfigMaps`, Secrets, keys and claims that a pod names and that are not there.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::decode::nearest;
use crate::decode::reference::{Missing, missing, volume};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::template;
use crate::view::{Lookup, View};

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.all(Kind::Pod).iter();
    pods.filter(|pod| pod.text("/status/phase") == "Pending" || !pod.condition_is("Ready", "True"))
        .filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed") && !pod.is_deleting())
        .filter_map(|pod| from_container(view, pod).or_else(|| from_event(view, pod)))
        .collect()
}

fn from_container<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    containers(pod).into_iter().find_map(|container| {
        let message = container.status.text("/state/waiting/message");
        if container.waiting_reason() != "CreateContainerConfigError" {
            return None;
        }
        let mut draft = draft(view, pod, &missing(message)?)?;
        draft.field(pod, &container.status_path(".state.waiting.reason"));
        draft.field(pod, &container.status_path(".state.waiting.message"));
        Some(draft)
    })
}

/// A volume, or a claim that the scheduler did not find.
fn from_event<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let reasons = ["FailedMount", "FailedScheduling"];
    if let Some(event) = view.newest_event(pod, &reasons, |message| missing(message).is_some())
        && !containers(pod).iter().any(Container::has_started)
    {
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
        return Some(draft);
    }
    let scheduled = pod.condition("PodScheduled")?;
    let missing = missing(scheduled.text("/message"))?;
    let mut draft = draft(view, pod, &missing)?;
    draft.field(pod, ".status.conditions[type=PodScheduled].message");
    Some(draft)
}

/// The ConfigMap or Secret behind a volume of the pod.
fn volume_source(pod: &Value, name: &str) -> Option<String> {
    let volume = pod.items("/spec/volumes").iter().find(|volume| volume.text("/name") == name)?;
    let names = [volume.text("/configMap/name"), volume.text("/secret/secretName")];
    names.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
}

fn draft<'a>(view: &View<'a>, pod: &'a Value, missing: &Missing) -> Option<Draft> {
    let namespace = pod.namespace();
    let kind = Kind::parse(missing.kind)?;
    let lookup = view.find(kind, namespace, &missing.name);
    if missing.key.is_none() && lookup.found().is_some() {
        // It is there by now: the kubelet's next try will find it.
        return None;
    }
    let class = match (missing.kind, &missing.key) {
        ("Secret", None) => "secret",
        ("Secret", Some(_)) => "secret-key",
        ("ConfigMap", None) => "configmap",
        ("ConfigMap", Some(_)) => "configmap-key",
        ("ServiceAccount", _) => "serviceaccount",
        _ => "pvc",
    };
    let mut draft = Draft::of_pod(view, "config-ref-missing", class, Severity::Error, pod, None);
    let reference = format!("{}/{namespace}/{}", missing.kind, missing.name);
    // Two workloads that miss one object are one failure.
    draft.collapse = format!("{reference} {}", missing.key.clone().unwrap_or_default());
    draft.parameters.push(reference);
    draft.since(pod, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, pod));
    let word = missing.kind;
    let name = &missing.name;
    match &missing.key {
        Some(key) => draft.summary(format!(
            "{word} `{name}` has no key `{key}` that pod {} needs: key not found",
            pod.name()
        )),
        None => draft.summary(format!(
            "{word} `{name}` in namespace {namespace} not found, pod {} can not start",
            pod.name()
        )),
    }
    suggest(view, missing, lookup, namespace, &mut draft);
    let lower = missing.kind.to_ascii_lowercase();
    draft.check(&["kubectl", "-n", namespace, "get", &lower, name], "is it there by now?");
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", pod.name()], "what the kubelet says");
    Some(draft)
}

fn suggest(view: &View<'_>, missing: &Missing, lookup: Lookup<'_>, namespace: &str, draft: &mut Draft) {
    let Some(kind) = Kind::parse(missing.kind) else { return };
    if lookup.is_absent() {
        draft.absent(missing.kind, namespace, &missing.name);
    }
    if let (Some(key), Some(object)) = (&missing.key, lookup.found()) {
        let data = object.get("data").and_then(Value::as_object);
        let keys: Vec<&str> = data.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        if let Some(near) = nearest::name(key, keys.iter().copied()) {
            draft.suggest(format!("{} `{}` has the key `{near}`", missing.kind, missing.name));
        }
        return;
    }
    let here = view.all(kind).iter().filter(|object| object.namespace() == namespace);
    if let Some(near) = nearest::name(&missing.name, here.map(Value::name)) {
        draft.suggest(format!("{} `{near}` exists in namespace {namespace}: misspelt?", missing.kind));
        return;
    }
    let elsewhere = view.all(kind).iter().find(|object| object.name() == missing.name);
    if let Some(other) = elsewhere {
        draft.suggest(format!(
            "{} `{}` exists in namespace {}",
            missing.kind,
            missing.name,
            other.namespace()
        ));
    }
}
