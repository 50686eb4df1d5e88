//! What is dropped of pods and events about which there is nothing to tell. They are most of a large cluster, and
//! what they take decides how large it may be. A pod that is not calm stays whole.

use serde_json::{Map, Value};

use crate::containers::containers;
use crate::object::{Object, Seconds};
use crate::view::{EVENT_AGE, event_time};

/// The token and certificate that every pod is given.
const API_ACCESS: &str = "kube-api-access-";

/// Of a pod that works: what only its start, its placement or the kubelet needs.
pub(super) fn strip(pod: &mut Value) {
    if !is_calm(pod) {
        return;
    }
    for (list, names) in [
        ("/spec", &["tolerations"][..]),
        ("/status", &["hostIPs", "podIPs"]),
        ("/spec/containers", &["terminationMessagePath", "terminationMessagePolicy"]),
        ("/spec/initContainers", &["terminationMessagePath", "terminationMessagePolicy"]),
        (
            "/status/containerStatuses",
            &["allocatedResources", "containerID", "resources", "user", "volumeMounts"],
        ),
        (
            "/status/initContainerStatuses",
            &["allocatedResources", "containerID", "resources", "user", "volumeMounts"],
        ),
    ] {
        drop_fields(pod, list, names);
    }
    retain(pod, "/spec/volumes", |volume| !volume.text("/name").starts_with(API_ACCESS));
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in entries(pod, list) {
            retain(container, "/volumeMounts", |mount| !mount.text("/name").starts_with(API_ACCESS));
        }
    }
    let implied = ["PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled"];
    retain(pod, "/status/conditions", |condition| !implied.contains(&condition.text("/type")));
}

/// An event that nobody would look at again.
pub(super) fn is_history(event: &Value, now: Seconds) -> bool {
    event.text("/type") == "Normal" && now - event_time(event) > EVENT_AGE
}

fn is_calm(pod: &Value) -> bool {
    pod.text("/status/phase") == "Running"
        && pod.condition_is("Ready", "True")
        && !pod.is_deleting()
        && containers(pod).iter().all(crate::containers::Container::is_calm)
}

fn drop_fields(pod: &mut Value, pointer: &str, names: &[&str]) {
    let drop_from = |object: &mut Map<String, Value>| object.retain(|key, _| !names.contains(&key.as_str()));
    match pod.pointer_mut(pointer) {
        Some(Value::Object(object)) => drop_from(object),
        Some(Value::Array(list)) => list.iter_mut().filter_map(Value::as_object_mut).for_each(drop_from),
        _ => {}
    }
}

fn entries<'v>(object: &'v mut Value, pointer: &str) -> &'v mut [Value] {
    object.pointer_mut(pointer).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

fn retain(object: &mut Value, pointer: &str, wanted: impl FnMut(&Value) -> bool) {
    if let Some(list) = object.pointer_mut(pointer).and_then(Value::as_array_mut) {
        list.retain(wanted);
        list.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Value {
        json!({"kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"nodeName": "n1", "tolerations": [{"key": "a"}], "volumes": [{"name": "kube-api-access-x", "projected": {}},
                {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
                "containers": [{"name": "app", "ports": [{"containerPort": 80}], "terminationMessagePath": "/dev/x",
                    "volumeMounts": [{"name": "kube-api-access-x"}, {"name": "data"}]}]},
            "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "podIP": "10.0.0.1",
                "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "containerID": "c",
                    "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}})
    }

    #[test]
    fn a_calm_pod_keeps_what_other_objects_are_judged_by() {
        let mut calm = pod();
        strip(&mut calm);
        let expected = json!({"kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"nodeName": "n1", "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
                "containers": [{"name": "app", "ports": [{"containerPort": 80}], "volumeMounts": [{"name": "data"}]}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0,
                    "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}});
        assert_eq!(calm, expected);
    }

    #[test]
    fn a_pod_that_is_not_calm_stays_whole() {
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        for (pointer, value) in [
            ("/status/phase", json!("Pending")),
            ("/status/conditions/1/status", json!("False")),
            ("/status/containerStatuses/0/restartCount", json!(1)),
            ("/status/containerStatuses/0/state", waiting),
        ] {
            let mut uneasy = pod();
            *uneasy.pointer_mut(pointer).unwrap() = value;
            let whole = uneasy.clone();
            strip(&mut uneasy);
            assert_eq!(uneasy, whole, "{pointer}");
        }
        let mut leaving = pod();
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let whole = leaving.clone();
        strip(&mut leaving);
        assert_eq!(leaving, whole);
    }

    #[test]
    fn a_normal_event_of_yesterday_is_history_and_a_warning_is_not() {
        let event = |kind, time| json!({"type": kind, "lastTimestamp": time});
        let now = crate::object::parse_time("2026-01-02T00:00:00Z").unwrap();
        assert!(is_history(&event("Normal", "2026-01-01T00:00:00Z"), now));
        assert!(!is_history(&event("Normal", "2026-01-01T23:30:00Z"), now));
        assert!(!is_history(&event("Warning", "2026-01-01T00:00:00Z"), now));
    }
}
