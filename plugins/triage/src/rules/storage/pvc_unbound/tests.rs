use serde_json::{Value, json};

use crate::observations::Kind;
use crate::rules::scene::*;

fn claim(class: &Value) -> Value {
    json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}}}, "status": {"phase": "Pending"}})
}

fn class(mode: &str) -> Value {
    json!({"provisioner": "disk.csi.azure.com", "volumeBindingMode": mode})
}

fn volume(class: &str) -> Value {
    json!({"spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "10Gi"}},
        "status": {"phase": "Available"}})
}

/// A pod with the claim `data` that the scheduler holds back, with this message.
fn waiting(message: &str) -> Value {
    json!({"spec": {"containers": [{"name": "app"}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "lastTransitionTime": EARLIER, "message": message}]}})
}

const UNBOUND: &str = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";

fn scene(class: &Value) -> Scene {
    Scene::new().with(Kind::PersistentVolumeClaim, "data", claim(class))
}

#[test]
fn a_class_that_is_not_there_is_named_with_the_near_one() {
    let scene = scene(&json!("manged")).with(Kind::StorageClass, "managed", class("Immediate"));
    let finding = scene.finds("pvc-unbound/class-missing");
    assert!(finding.suggestion[0].contains("`managed`"), "{:?}", finding.suggestion);
}

#[test]
fn a_class_that_may_not_be_read_is_missing_only_when_the_cluster_says_so() {
    let scene = scene(&json!("gone")).forbid(Kind::StorageClass);
    assert!(scene.told().is_empty());
    let text = "storageclass.storage.k8s.io \"gone\" not found";
    let scene = scene.event(Kind::PersistentVolumeClaim, "data", "ProvisioningFailed", text);
    assert_eq!(scene.told(), ["pvc-unbound/class-missing"]);
}

#[test]
fn no_class_and_no_default_is_told_and_a_default_is_waited_for() {
    let scene = scene(&Value::Null).with(Kind::Pod, "app-1", waiting(UNBOUND));
    scene.finds("pvc-unbound/no-default-class");
    let mut default = class("WaitForFirstConsumer");
    default["metadata"] = json!({"annotations": {(super::DEFAULT.0): "true"}});
    let told = scene.with(Kind::StorageClass, "managed", default).told();
    assert!(!told.iter().any(|one| one.ends_with("no-default-class")), "{told:?}");
}

#[test]
fn the_pod_that_waits_is_a_symptom() {
    let scene = scene(&json!("gone")).with(Kind::Pod, "app-1", waiting(UNBOUND));
    let finding = scene.finds("pvc-unbound/class-missing");
    assert_eq!(finding.symptoms[0].rule, "pending-unschedulable");
}

#[test]
fn the_nearest_volume_tells_the_class() {
    let with = |edit: fn(&mut Value)| {
        let mut disk = volume("");
        edit(&mut disk);
        scene(&json!("")).with(Kind::Pod, "app-1", waiting(UNBOUND)).with(
            Kind::PersistentVolume,
            "disk",
            disk,
        )
    };
    let told = |edit: fn(&mut Value)| with(edit).told();
    assert_eq!(told(|disk| disk["spec"]["capacity"]["storage"] = json!("5Gi")), ["pvc-unbound/capacity"]);
    assert_eq!(
        told(|disk| disk["spec"]["accessModes"] = json!(["ReadOnlyMany"])),
        ["pvc-unbound/access-mode"]
    );
    assert_eq!(told(|disk| disk["spec"]["volumeMode"] = json!("Block")), ["pvc-unbound/volume-mode"]);
    assert_eq!(
        told(|disk| disk["spec"]["claimRef"] = json!({"namespace": "shop", "name": "other"})),
        ["pvc-unbound/occupied"]
    );
    with(|disk| disk["spec"]["capacity"]["storage"] = json!("5Gi")).finds("pvc-unbound/capacity");
    assert!(told(|_| ()).iter().all(|one| !one.starts_with("pvc-unbound")));
}

#[test]
fn a_volume_whose_nodes_are_gone_and_a_selector_are_told() {
    let mut disk = volume("");
    disk["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["3"]}]}]}});
    let node = json!({"metadata": {"labels": {"zone": "1"}}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
    let base = scene(&json!("")).with(Kind::Pod, "app-1", waiting(UNBOUND)).with(Kind::Node, "n1", node);
    base.clone().with(Kind::PersistentVolume, "disk", disk).finds("pvc-unbound/node-affinity");
    let mut selecting = claim(&json!(""));
    selecting["spec"]["selector"] = json!({"matchLabels": {"disk": "fast"}});
    let scene = Scene::new()
        .with(Kind::PersistentVolumeClaim, "data", selecting)
        .with(Kind::Pod, "app-1", waiting(UNBOUND))
        .with(Kind::PersistentVolume, "disk", volume(""));
    assert_eq!(scene.told(), ["pvc-unbound/selector"]);
}

#[test]
fn a_provisioner_that_fails_or_does_not_answer_is_told() {
    let base = scene(&json!("managed")).with(Kind::StorageClass, "managed", class("Immediate"));
    let failed =
        |text: &str| base.clone().event(Kind::PersistentVolumeClaim, "data", "ProvisioningFailed", text);
    let scene = failed("failed to provision volume with StorageClass \"managed\": rpc error: quota exceeded");
    scene.finds("pvc-unbound/provisioning-failed");
    assert_eq!(
        failed("rpc error: Volume capabilities MULTI_NODE_MULTI_WRITER not supported").told(),
        ["pvc-unbound/access-mode"]
    );
    assert_eq!(
        failed("error generating accessibility requirements: no available topology found").told(),
        ["pvc-unbound/zone"]
    );
    let text = "Waiting for a volume to be created either by the external provisioner 'disk.csi.azure.com' or manually";
    base.event(Kind::PersistentVolumeClaim, "data", "ExternalProvisioning", text)
        .finds("pvc-unbound/provisioner-absent");
}

#[test]
fn zones_without_nodes_are_told() {
    let mut zonal = class("Immediate");
    zonal["allowedTopologies"] = json!([{"matchLabelExpressions": [{"key": "zone", "values": ["3"]}]}]);
    let node = |zone: &str| json!({"metadata": {"labels": {"zone": zone}}, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
    let base = scene(&json!("managed")).with(Kind::StorageClass, "managed", zonal);
    base.clone().with(Kind::Node, "n1", node("1")).finds("pvc-unbound/zone");
    assert!(base.with(Kind::Node, "n1", node("3")).told().iter().all(|one| one != "pvc-unbound/zone"));
}

#[test]
fn a_claim_that_waits_for_its_pod_is_silent() {
    let base = scene(&json!("managed")).with(Kind::StorageClass, "managed", class("WaitForFirstConsumer"));
    base.is_silent();
    let text = "waiting for first consumer to be created before binding";
    base.clone().event(Kind::PersistentVolumeClaim, "data", "WaitForFirstConsumer", text).is_silent();
    let full = waiting("0/1 nodes are available: 1 Insufficient cpu.");
    assert_eq!(base.with(Kind::Pod, "app-1", full).told(), ["pending-unschedulable/cpu"]);
}

#[test]
fn a_new_claim_is_given_time() {
    let scene = scene(&json!("gone"));
    assert!(scene.clone().at("2026-11-16T11:30:59Z").told().is_empty());
    assert_eq!(scene.at("2026-11-16T11:31:00Z").told(), ["pvc-unbound/class-missing"]);
}

#[test]
fn a_bound_claim_is_silent() {
    let mut bound = claim(&json!("managed"));
    bound["status"]["phase"] = json!("Bound");
    Scene::new().with(Kind::PersistentVolumeClaim, "data", bound).is_silent();
}
