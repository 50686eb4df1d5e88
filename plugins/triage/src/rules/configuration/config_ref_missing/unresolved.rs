//! References that a complete read proves to lead nowhere, though nothing in the cluster has said so.

use std::collections::HashSet;

use holmes_protocol::Severity;
use serde_json::Value;

use super::references::{self, Reference};
use super::{RULE, draft, has_key};
use crate::containers::{Container, containers};
use crate::decode::reference::Missing;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::{Lookup, View, controller};

/// What the kubelet needs again for every start of a container.
const NEEDED_AGAIN: [Kind; 3] = [Kind::ConfigMap, Kind::Secret, Kind::ServiceAccount];

/// A pod of which nothing has started.
pub(super) fn of_pod<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if pod.text("/status/phase") != "Pending" || containers(pod).iter().any(Container::has_started) {
        return None;
    }
    let (_, missing) = unresolved(view, pod)?;
    draft(view, pod, &missing)
}

/// The first required reference that leads nowhere, and its path.
fn unresolved<'a>(view: &View<'a>, pod: &'a Value) -> Option<(String, Missing)> {
    references::of(pod).filter(|(_, reference)| !reference.optional).find_map(|(path, reference)| {
        let Reference { kind, name, key, .. } = reference;
        let key = match view.find(kind, pod.namespace(), name) {
            Lookup::Absent => None,
            Lookup::Found(object) => Some(key.filter(|key| !has_key(object, key))?.to_owned()),
            Lookup::Unknown => return None,
        };
        Some((path, Missing { kind: kind.source().name, name: name.to_owned(), key }))
    })
}

/// Pods that run on what they once read; one of each controller speaks for all.
pub(super) fn of_running(view: &View<'_>) -> Vec<Draft> {
    let mut seen: HashSet<&str> = HashSet::new();
    let running =
        view.all(Kind::Pod).iter().filter(|pod| pod.condition_is("Ready", "True") && !pod.is_deleting());
    let one_each = running.filter(|pod| controller(pod).is_none_or(|owner| seen.insert(owner.text("/uid"))));
    one_each.filter_map(|pod| will_fail(view, pod)).collect()
}

fn will_fail<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let (path, missing) = unresolved(view, pod)?;
    if !NEEDED_AGAIN.iter().any(|kind| kind.source().name == missing.kind) {
        return None;
    }
    let namespace = pod.namespace();
    let mut draft = Draft::of_pod(view, RULE.id, "will-fail-on-restart", Severity::Warning, pod, None);
    draft.field(pod, &path);
    let (word, name) = (missing.kind, &missing.name);
    let gone = if let Some(key) = &missing.key {
        let object = view.find(Kind::parse(word)?, namespace, name).found()?;
        draft.computed(object, ".data", format!("no key {key}"));
        format!("has no key `{key}` by now")
    } else {
        draft.absent(word, namespace, name);
        "that it needs is gone".to_owned()
    };
    draft.summary(format!("pod runs, but {word} `{name}` {gone}: its next start will fail"));
    draft.parameters.push(format!("{word}/{namespace}/{name}"));
    draft
        .check(&["kubectl", "-n", namespace, "get", &word.to_ascii_lowercase(), name], "is it there by now?");
    Some(draft)
}
