//! Texts of schedulers 1.20 to 1.36, on nodes that differ in what the text is about.

use serde_json::{Value, json};

use crate::observations::Kind;
use crate::rules::scene::{EARLIER, LATELY, LONG_AGO, Scene};

fn node(extra: &Value) -> Value {
    let mut node = json!({"metadata": {"labels": {"pool": "apps", "topology.kubernetes.io/zone": "z1"}},
        "status": {"allocatable": {"cpu": "2", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
    for (key, value) in extra.as_object().unwrap() {
        node["spec"][key] = value.clone();
    }
    node
}

fn pending(message: &str, spec: &Value) -> Value {
    let mut pod = json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "lastTransitionTime": EARLIER, "message": message}]}});
    for (key, value) in spec.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn scene(message: &str, spec: &Value) -> Scene {
    Scene::new().with(Kind::Node, "n1", node(&json!({}))).with(Kind::Pod, "a-1", pending(message, spec))
}

#[test]
fn a_request_that_no_node_has_is_named_with_the_largest_node() {
    let finding = scene("0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.", &json!({}))
        .finds("pending-unschedulable/cpu");
    assert!(finding.summary.contains("requests 1 cpu"), "{}", finding.summary);
    assert!(finding.suggestion[0].contains("(2)") || finding.suggestion[0].contains("2 in all"));
}

#[test]
fn each_reason_has_its_class() {
    let cases = [
        ("1 Insufficient memory", "memory"),
        ("1 Insufficient nvidia.com/gpu", "extended-resource"),
        ("1 Too many pods", "max-pods"),
        ("1 node(s) didn't have free ports for the requested pod ports", "host-port"),
        ("1 node(s) exceed max volume count", "volume-limit"),
        ("1 node(s) didn't match pod topology spread constraints", "topology-spread"),
        (
            "1 node(s) didn't match pod topology spread constraints (missing required label)",
            "topology-spread",
        ),
        ("1 node(s) didn't match pod anti-affinity rules", "pod-anti-affinity"),
        ("1 node(s) didn't satisfy existing pods anti-affinity rules", "pod-anti-affinity"),
        ("1 node(s) didn't match pod affinity rules", "pod-affinity"),
        (
            "1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
            "volume-in-use",
        ),
        ("1 cannot allocate all claims", "dra"),
        ("1 node(s) had no such luck", "other"),
    ];
    for (reason, class) in cases {
        let told = scene(&format!("0/1 nodes are available: {reason}."), &json!({})).told();
        assert_eq!(told, [format!("pending-unschedulable/{class}")], "{reason}");
    }
}

#[test]
fn a_taint_is_told_from_a_selector_and_from_an_affinity() {
    let tainted = node(&json!({"taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]}));
    let message = "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s).";
    let spec = json!({"nodeSelector": {"pool": "gpu"}});
    let mut gpu = tainted;
    gpu["metadata"]["labels"]["pool"] = json!("gpu");
    let finding = scene(message, &spec).with(Kind::Node, "g1", gpu).finds("pending-unschedulable/taint");
    assert!(finding.summary.contains("sku=gpu:NoSchedule"), "{}", finding.summary);

    let message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    let finding = scene(message, &json!({"nodeSelector": {"pool": "app"}}))
        .finds("pending-unschedulable/node-selector");
    assert!(finding.suggestion[0].contains("`apps`"), "{:?}", finding.suggestion);
    let affinity = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["gpu"]}]}]}}}});
    scene(message, &affinity).finds("pending-unschedulable/node-affinity");
}

#[test]
fn a_volume_in_another_zone_names_both_zones() {
    let disk = json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["z3"]}]}]}}}});
    let finding = scene(
        "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.",
        &json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}),
    )
    .with(
        Kind::PersistentVolumeClaim,
        "data",
        json!({"spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}}),
    )
    .with(Kind::PersistentVolume, "pv", disk)
    .findings();
    let told = finding.iter().find(|finding| finding.summary.contains("z3")).unwrap();
    assert!(told.summary.contains("z1"), "{}", told.summary);
}

#[test]
fn the_holder_of_a_port_is_named() {
    let ports = json!({"containers": [{"name": "app", "ports": [{"hostPort": 9100}]}]});
    let mut holder = crate::rules::scene::healthy_pod("b");
    holder["spec"]["containers"][0]["ports"] = json!([{"hostPort": 9100}]);
    let message = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.";
    let finding =
        scene(message, &ports).with(Kind::Pod, "b-1", holder).finds("pending-unschedulable/host-port");
    assert!(finding.summary.contains("pod b-1 holds the port"), "{}", finding.summary);
}

#[test]
fn a_scale_up_in_progress_is_silent_until_it_takes_too_long() {
    let message = "0/1 nodes are available: 1 Insufficient cpu.";
    let scaling =
        scene(message, &json!({})).event(Kind::Pod, "a-1", "TriggeredScaleUp", "pod triggered scale-up");
    assert!(scaling.told().is_empty());
    assert_eq!(scaling.clone().at("2026-11-16T12:05:01Z").told(), ["pending-unschedulable/cpu"]);
    let refused = scaling.event_at(
        Kind::Pod,
        "a-1",
        "NotTriggerScaleUp",
        "pod didn't trigger scale-up: 1 max node group size reached",
        "2026-11-16T11:56:00Z",
    );
    assert_eq!(refused.told(), ["pending-unschedulable/cpu"]);
}

#[test]
fn half_a_minute_is_no_failure() {
    let scene = scene("0/1 nodes are available: 1 Insufficient cpu.", &json!({}));
    assert!(scene.clone().at("2026-11-16T11:30:29Z").told().is_empty());
    assert_eq!(scene.at("2026-11-16T11:30:30Z").told(), ["pending-unschedulable/cpu"]);
}

#[test]
fn a_gang_that_a_batch_scheduler_holds_is_silent() {
    scene("pod group is not ready, 1 Pending, 3 minAvailable", &json!({})).is_silent();
}

#[test]
fn a_lost_node_explains_the_pod_that_finds_no_other() {
    let mut lost =
        node(&json!({"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]}));
    lost["status"]["conditions"][0] = json!({"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.", "lastTransitionTime": EARLIER});
    let mut pod = pending(
        "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 Insufficient cpu.",
        &json!({}),
    );
    pod["status"]["conditions"][0]["lastTransitionTime"] = json!(LATELY);
    let scene = Scene::new().with(Kind::Node, "n1", node(&json!({}))).with(Kind::Pod, "a-1", pod);
    assert_eq!(scene.told(), ["pending-unschedulable/cpu"]);
    assert_eq!(scene.with(Kind::Node, "n2", lost).told(), ["node-not-ready/unknown"]);
}
