//! What a large cluster has more of than a small one: history, events, and daemons' pods.

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a field of a JSON object makes it; nothing panics"
)]

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    part::text,
    source::{Objects, PODS},
};

/// Events about every pod within the last hour.
const EVENTS: usize = 2;

/// The objects, each ReplicaSet with the one before it, each pod with events.
pub(super) fn with_history(objects: &Objects, now: &str) -> Objects {
    let mut grown = objects.clone();
    if let Some(sets) = grown.get_mut("resources/replicasets.apps.json") {
        let former: Vec<Value> = sets.iter().map(former).collect();
        sets.extend(former);
    }
    // The certificate of the recording is not one for the copies' hosts.
    let ingresses = grown.get_mut("resources/ingresses.networking.k8s.io.json").into_iter().flatten();
    for spec in ingresses.filter_map(|ingress| ingress.get_mut("spec").and_then(Value::as_object_mut)) {
        spec.remove("tls");
    }
    let now: Timestamp = now.parse().unwrap_or_default();
    let pods = objects.get(PODS).into_iter().flatten();
    for (index, pod) in pods.enumerate() {
        for ordinal in 0..EVENTS {
            let age = i64::try_from((index * 311 + ordinal * 97) % 3500).unwrap_or_default();
            let time = now.checked_sub(SignedDuration::from_secs(age)).unwrap_or(now);
            let [core, new] = events(pod, ordinal, time);
            grown.entry("resources/events.core.json".into()).or_default().push(core);
            grown.entry("resources/events.events.k8s.io.json".into()).or_default().push(new);
        }
    }
    grown
}

/// The revision before: scaled down, with a template that differs in the image's tag.
fn former(set: &Value) -> Value {
    let mut former = set.clone();
    let name = format!("{}7", text(set, "/metadata/name"));
    let uid = text(set, "/metadata/uid");
    let uid: String =
        uid.chars().rev().map(|character| if character == '-' { '0' } else { character }).collect();
    if let Some(metadata) = former.get_mut("metadata") {
        metadata["name"] = name.into();
        metadata["uid"] = shaped(&uid).into();
        metadata["annotations"]["deployment.kubernetes.io/revision"] = "0".into();
    }
    former["spec"]["replicas"] = 0.into();
    former["status"] = json!({"replicas": 0, "observedGeneration": 2});
    former
}

/// A uid's dashes back in their places.
fn shaped(digits: &str) -> String {
    let dashed = digits.chars().enumerate();
    dashed.map(|(index, character)| if matches!(index, 8 | 13 | 18 | 23) { '-' } else { character }).collect()
}

/// One event in the shapes of its two APIs.
fn events(pod: &Value, ordinal: usize, time: Timestamp) -> [Value; 2] {
    let (name, namespace, uid) =
        (text(pod, "/metadata/name"), text(pod, "/metadata/namespace"), text(pod, "/metadata/uid"));
    let node = text(pod, "/spec/nodeName");
    let message =
        format!("Container image \"{}\" already present on machine", text(pod, "/spec/containers/0/image"));
    let time = time.to_string();
    let event_uid = shaped(&format!("{ordinal}{}", uid.get(1..).unwrap_or_default()).replace('-', "e"));
    let metadata = json!({"name": format!("{name}.18e8{ordinal:012x}"), "namespace": namespace, "uid": event_uid,
        "resourceVersion": "1180", "creationTimestamp": time, "managedFields": [{"manager": "kubelet",
        "operation": "Update", "apiVersion": "v1", "time": time, "fieldsType": "FieldsV1", "fieldsV1":
        {"f:count": {}, "f:firstTimestamp": {}, "f:involvedObject": {}, "f:lastTimestamp": {}, "f:message": {},
        "f:reason": {}, "f:reportingComponent": {}, "f:reportingInstance": {}, "f:source": {"f:component": {},
        "f:host": {}}, "f:type": {}}}]});
    let object = json!({"kind": "Pod", "namespace": namespace, "name": name, "uid": uid, "apiVersion": "v1",
        "resourceVersion": "1175", "fieldPath": format!("spec.containers{{{}}}", text(pod, "/spec/containers/0/name"))});
    let source = json!({"component": "kubelet", "host": node});
    [
        json!({"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": object,
            "reason": "Pulled", "message": message, "source": source, "firstTimestamp": time, "lastTimestamp": time,
            "count": 1, "type": "Normal", "eventTime": null, "reportingComponent": "kubelet",
            "reportingInstance": node}),
        json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": metadata, "regarding": object,
            "reason": "Pulled", "note": message, "deprecatedSource": source, "deprecatedFirstTimestamp": time,
            "deprecatedLastTimestamp": time, "deprecatedCount": 1, "type": "Normal", "eventTime": null,
            "reportingController": "kubelet", "reportingInstance": node}),
    ]
}

/// A `DaemonSet` of the recording counts the pods of every group of nodes.
pub(super) fn scale_daemons<'v>(path: &str, object: &'v Value, groups: usize) -> Cow<'v, str> {
    let mut object = Cow::Borrowed(object);
    if path == "resources/daemonsets.apps.json"
        && let Some(status) = object.to_mut().get_mut("status").and_then(Value::as_object_mut)
    {
        for (_, value) in status.iter_mut().filter(|(key, _)| key.as_str() != "observedGeneration") {
            if let Some(number) = value.as_u64() {
                *value = (number * groups as u64).into();
            }
        }
    }
    Cow::Owned(object.to_string())
}
