//! A pod names an object or a key that is not there, and can not start without it. The class tells what is missing.
//! From what the cluster says of it (`stated`), or from a complete read that does not hold it (`unresolved`); a pod
//! that runs although what it names has gone is warned of (`will-fail-on-restart`). Configuration that is there but
//! is not what the container uses: changed after its start (`stale`), or hidden by a second one of its name
//! (`shadowed`). Not optional references, and never what may not be read.

mod references;
mod shadowed;
mod stale;
mod stated;
mod unresolved;

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::nearest;
use crate::decode::reference::Missing;
use crate::draft::Draft;
use crate::object::{Object, Seconds, quantity};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{Lookup, View};

const GRACE: Seconds = 30;

pub(super) const RULE: Rule = Rule {
    id: "config-ref-missing",
    subject: Subject::Pod(10),
    reads: &[Kind::Pod, Kind::ConfigMap, Kind::Secret, Kind::ServiceAccount],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("failed-create")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = stated::of_owners(view);
    let pods =
        view.all(Kind::Pod).iter().filter(|pod| !pod.condition_is("Ready", "True") && !pod.is_deleting());
    for pod in pods.filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")) {
        if view.age(pod.created()).is_some_and(|age| age >= GRACE) {
            drafts.extend(stated::of_pod(view, pod).or_else(|| unresolved::of_pod(view, pod)));
        }
    }
    drafts.extend(unresolved::of_running(view));
    drafts.extend(stale::judge(view));
    drafts.extend(shadowed::judge(view));
    drafts
}

fn class(missing: &Missing) -> &'static str {
    match (missing.kind, &missing.key) {
        ("ConfigMap", None) => "configmap",
        ("ConfigMap", Some(_)) => "configmap-key",
        ("Secret", None) => "secret",
        ("Secret", Some(_)) => "secret-key",
        ("ServiceAccount", _) => "serviceaccount",
        ("PriorityClass", _) => "priorityclass",
        ("RuntimeClass", _) => "runtimeclass",
        ("SecretProviderClass", _) => "secretproviderclass",
        _ => "pvc",
    }
}

/// A finding about a missing reference of a pod, or of a controller whose pods are refused for it; none where the
/// object is there by now: the next try will find it.
fn draft<'a>(view: &View<'a>, user: &'a Value, missing: &Missing) -> Option<Draft> {
    let namespace = user.namespace();
    let kind = Kind::parse(missing.kind)?;
    let lookup = view.find(kind, namespace, &missing.name);
    if lookup.found().is_some_and(|object| missing.key.as_ref().is_none_or(|key| has_key(object, key))) {
        return None;
    }
    let mut draft = Draft::new(RULE.id, class(missing), Severity::Error, user);
    draft.owned(view, user);
    let reference = format!("{}/{namespace}/{}", missing.kind, missing.name);
    // Two workloads that miss one object are one failure.
    draft.collapse = format!("{reference} {}", missing.key.clone().unwrap_or_default());
    draft.parameters.push(reference);
    draft.since(user, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, user));
    let (word, name) = (missing.kind, &missing.name);
    let (what, needs) = (user.kind().to_ascii_lowercase(), user.name());
    let place = if kind.source().namespaced { format!(" in namespace {namespace}") } else { String::new() };
    draft.summary(match &missing.key {
        Some(key) => format!("{word} `{name}` has no key `{key}` that {what} {needs} needs: key not found"),
        None => format!("{word} `{name}`{place} not found, {what} {needs} can not start"),
    });
    for (path, _) in references::of(user).filter(|(_, other)| other.names(kind, missing)).take(3) {
        draft.field(user, &path);
    }
    suggest(view, missing, lookup, namespace, &mut draft);
    if kind == Kind::PersistentVolumeClaim {
        cite_quota(view, namespace, &mut draft);
    }
    let lower = missing.kind.to_ascii_lowercase();
    draft.check(&["kubectl", "-n", namespace, "get", &lower, name], "is it there by now?");
    draft.check(&["kubectl", "-n", namespace, "describe", &what, needs], "what the cluster says");
    Some(draft)
}

/// Does the object hold the key, as far as its keys were read?
fn has_key(object: &Value, key: &str) -> bool {
    let fields = ["data", "binaryData"].map(|field| object.get(field).and_then(Value::as_object));
    // A Secret without its data shows no keys; that does not say that it has none.
    fields.iter().all(Option::is_none) && object.kind() == "Secret"
        || fields.iter().flatten().any(|data| data.contains_key(key))
}

fn suggest(view: &View<'_>, missing: &Missing, lookup: Lookup<'_>, namespace: &str, draft: &mut Draft) {
    let Some(kind) = Kind::parse(missing.kind) else { return };
    let (word, name) = (missing.kind, &missing.name);
    if lookup.is_absent() {
        draft.absent(word, namespace, name);
    }
    if let (Some(key), Some(object)) = (&missing.key, lookup.found()) {
        let data = object.get("data").and_then(Value::as_object);
        let keys: Vec<&str> = data.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        match nearest::name(key, keys.iter().copied()) {
            Some(near) => draft.suggest(format!("{word} `{name}` has the key `{near}`")),
            None if word == "ConfigMap" && !keys.is_empty() => {
                draft.suggest(format!("ConfigMap `{name}` has the keys {}", keys.join(", ")));
            }
            None => {}
        }
        return;
    }
    let here =
        view.all(kind).iter().filter(|object| object.namespace() == namespace || !kind.source().namespaced);
    if let Some(near) = nearest::name(name, here.map(Value::name)) {
        draft.suggest(format!("{word} `{near}` exists in namespace {namespace}: misspelt?"));
        return;
    }
    let elsewhere = view.all(kind).iter().find(|object| object.name() == name);
    if let Some(other) = elsewhere {
        draft.suggest(format!("{word} `{name}` exists in namespace {}", other.namespace()));
    }
}

/// A claim may be missing because the quota did not let it be made.
fn cite_quota(view: &View<'_>, namespace: &str, draft: &mut Draft) {
    for quota in view.all(Kind::ResourceQuota).iter().filter(|quota| quota.namespace() == namespace) {
        for resource in ["persistentvolumeclaims", "requests.storage"] {
            let amount = |part: &str| {
                quota.pointer(part).and_then(|all| all.get(resource)?.as_str()).and_then(quantity)
            };
            if amount("/status/used").zip(amount("/status/hard")).is_some_and(|(used, hard)| used >= hard) {
                draft.field(quota, &format!(".status.used['{resource}']"));
                draft.field(quota, &format!(".status.hard['{resource}']"));
                draft.suggest(format!(
                    "quota {} has no {resource} left: the claim may have been refused",
                    quota.name()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests;
