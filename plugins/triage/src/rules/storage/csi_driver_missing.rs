//! `csi-driver-missing`: the driver of a volume is not on the node of the pod that waits for it, or the driver of
//! a class that a claim waits for is not in the cluster at all.
//!
//! Not on: volumes of the kubelet's own (also where a driver does their work today), provisioners that are no
//! CSI drivers.

use std::collections::BTreeMap;

use holmes_protocol::{ObjectReference, ObjectRole, Severity};
use serde_json::Value;

use super::binding::class_name;
use super::users::Users;
use super::volume_event::waiting;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::{View, claims_of};

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "csi-driver-missing",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolume, Kind::StorageClass, Kind::CsiNode, Kind::CsiDriver],
    explains: &[
        Effect::MissingPods,
        Effect::Rule("pvc-unbound"),
        Effect::Rule("pending-unschedulable"),
        Effect::Rule("volume-attach-failed"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("container-not-starting"),
    ],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = on_nodes(view);
    drafts.extend(in_classes(view));
    drafts.into_values().collect()
}

/// Drivers of bound volumes that the node of a waiting pod does not have.
fn on_nodes(view: &View<'_>) -> BTreeMap<String, Draft> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for pod in waiting(view, GRACE) {
        let Some(node) = view.find(Kind::CsiNode, "", pod.text("/spec/nodeName")).found() else { continue };
        for (name, path, holder) in drivers(view, pod) {
            if node.items("/spec/drivers").iter().any(|driver| driver.text("/name") == name) {
                continue;
            }
            let draft = drafts.entry(format!("{} {name}", node.key())).or_insert_with(|| {
                let mut draft = Draft::new(RULE.id, "", Severity::Error, node);
                draft.collapse = format!("{} {name}", node.key());
                draft.field(node, ".spec.drivers");
                draft.summary(format!("CSI driver {name} is not registered on node {}", node.name()));
                plugin(view, name, &mut draft);
                draft
            });
            draft.field(holder, &path);
            draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
            blocks(view, pod, draft);
        }
    }
    drafts
}

/// The drivers of a pod's volumes, and where they are named.
fn drivers<'a>(view: &View<'a>, pod: &'a Value) -> Vec<(&'a str, String, &'a Value)> {
    let volumes = pod.items("/spec/volumes").iter();
    let inline = volumes.filter_map(|volume| {
        let path = format!(".spec.volumes[name={}].csi.driver", volume.text("/name"));
        Some((volume.pointer("/csi/driver")?.as_str()?, path, pod))
    });
    let claims = claims_of(pod).into_iter().filter_map(|name| {
        let claim = view.find(Kind::PersistentVolumeClaim, pod.namespace(), &name).found()?;
        let disk = view.find(Kind::PersistentVolume, "", claim.text("/spec/volumeName")).found()?;
        Some((disk.pointer("/spec/csi/driver")?.as_str()?, ".spec.csi.driver".to_owned(), disk))
    });
    inline.chain(claims).collect()
}

/// Drivers of classes that claims wait for, and that nobody installed.
fn in_classes(view: &View<'_>) -> BTreeMap<String, Draft> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let pending =
        |claim: &&Value| claim.text("/status/phase") == "Pending" && view.age(claim.created()) >= Some(GRACE);
    let claims: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(pending).collect();
    if claims.is_empty() {
        return drafts;
    }
    let users = Users::new(view);
    for claim in claims.into_iter().filter(|claim| !users.of(claim).is_empty()) {
        let class = view.find(Kind::StorageClass, "", class_name(claim).unwrap_or_default()).found();
        let Some(class) = class else { continue };
        let name = class.text("/provisioner");
        let tried = ["ExternalProvisioning", "ProvisioningFailed"];
        let waits = class.text("/volumeBindingMode") == "WaitForFirstConsumer"
            && view.newest_event(claim, &tried, |_| true).is_none();
        if waits || !is_csi(name) || !is_nowhere(view, name) {
            continue;
        }
        let draft = drafts.entry(name.to_owned()).or_insert_with(|| absent(view, class, name));
        draft.affects(claim);
        draft.takes_down.insert(claim.key());
        draft.since(claim, ".metadata.creationTimestamp");
        for pod in users.of(claim) {
            blocks(view, pod, draft);
        }
    }
    drafts
}

fn absent<'a>(view: &View<'a>, class: &'a Value, name: &str) -> Draft {
    let driver = ObjectReference {
        role: ObjectRole::Root,
        api_version: "storage.k8s.io/v1".to_owned(),
        kind: "CSIDriver".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
        uid: None,
        resource_version: None,
        container: None,
    };
    let mut draft = Draft::about(RULE.id, "", Severity::Error, driver);
    draft.field(class, ".provisioner");
    draft.absent("CSIDriver", "", name);
    draft.affects(class);
    draft.summary(format!("CSI driver {name} of StorageClass {} is not installed", class.name()));
    let drivers: Vec<&str> = view.all(Kind::CsiDriver).iter().map(Value::name).collect();
    if let Some(near) = nearest::name(name, drivers.iter().copied()) {
        draft.suggest(format!("did you mean `{near}`?"));
    }
    draft.check(&["kubectl", "get", "csidrivers"], "which drivers there are");
    draft
}

/// Has neither the cluster nor any node the driver? A driver may do without an object of its own.
fn is_nowhere(view: &View<'_>, name: &str) -> bool {
    let has = |node: &Value| node.items("/spec/drivers").iter().any(|driver| driver.text("/name") == name);
    view.find(Kind::CsiDriver, "", name).is_absent()
        && view.is_complete(Kind::CsiNode, "")
        && !view.all(Kind::CsiNode).iter().any(has)
}

/// Names of CSI drivers say so; other provisioners need no driver object.
fn is_csi(provisioner: &str) -> bool {
    provisioner.split(['.', '/', '-']).any(|part| part == "csi")
}

fn blocks<'a>(view: &View<'a>, pod: &'a Value, draft: &mut Draft) {
    draft.affects(pod);
    draft.affects(view.top(pod));
    draft.takes_down.insert(pod.key());
}

/// The DaemonSet that should bring the driver to the node: it keeps the driver's socket in a folder of that name.
fn plugin(view: &View<'_>, name: &str, draft: &mut Draft) {
    let brings = |set: &&Value| {
        let volumes = set.items("/spec/template/spec/volumes").iter();
        volumes.into_iter().any(|volume| volume.text("/hostPath/path").split('/').any(|part| part == name))
    };
    match view.all(Kind::DaemonSet).iter().find(brings) {
        Some(set) => {
            draft.field(set, ".status.numberUnavailable");
            draft.affects(set);
            draft.depends_on.insert(set.key());
            draft.suggest(format!("DaemonSet {}/{} should run there", set.namespace(), set.name()));
        }
        None => draft.suggest("no DaemonSet was seen that brings the driver to the nodes"),
    }
    draft.check(&["kubectl", "get", "csinodes", "-o", "yaml"], "which node has which driver");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    const DRIVER: &str = "disk.csi.azure.com";

    fn starting() -> Value {
        let status =
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}});
        let mut pod = pod("app", &status);
        pod["status"]["phase"] = json!("Pending");
        let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER});
        pod["status"]["conditions"] = json!([scheduled]);
        pod["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
        pod
    }

    fn on_node(drivers: &Value) -> Scene {
        let claim = json!({"spec": {"volumeName": "disk"}, "status": {"phase": "Bound"}});
        let text = format!(
            "MountVolume.MountDevice failed for volume \"disk\" : kubernetes.io/csi: driver name {DRIVER} not found in the list of registered CSI drivers"
        );
        Scene::new()
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(
                Kind::PersistentVolume,
                "disk",
                json!({"spec": {"csi": {"driver": DRIVER}}, "status": {"phase": "Bound"}}),
            )
            .with(Kind::CsiNode, "n1", json!({"spec": {"drivers": drivers}}))
            .with(Kind::Pod, "app-1", starting())
            .event(Kind::Pod, "app-1", "FailedMount", &text)
    }

    fn of_class(provisioner: &str) -> Scene {
        let claim = json!({"metadata": {"creationTimestamp": LATELY}, "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}});
        let mut waiting = starting();
        waiting["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": LATELY,
            "message": "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."}]);
        waiting["spec"]["nodeName"] = json!("");
        Scene::new()
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(
                Kind::StorageClass,
                "fast",
                json!({"provisioner": provisioner, "volumeBindingMode": "Immediate"}),
            )
            .with(Kind::Pod, "app-1", waiting)
            .event(
                Kind::PersistentVolumeClaim,
                "data",
                "ExternalProvisioning",
                "Waiting for a volume to be created",
            )
    }

    #[test]
    fn a_node_without_the_driver_explains_the_mount() {
        let finding = on_node(&json!([])).finds("csi-driver-missing/");
        assert_eq!(finding.symptoms[0].rule, "volume-mount-failed");
        assert_eq!(on_node(&json!([{"name": DRIVER}])).told(), ["volume-mount-failed/csi-driver-missing"]);
    }

    #[test]
    fn a_node_whose_drivers_may_not_be_read_lacks_nothing() {
        let told = on_node(&json!([])).forbid(Kind::CsiNode).told();
        assert_eq!(told, ["volume-mount-failed/csi-driver-missing"]);
    }

    #[test]
    fn a_class_of_a_driver_that_nobody_installed_explains_the_claim() {
        let scene = of_class("ebs.csi.aws.com").with(Kind::CsiDriver, "ebs.csi.aws.co", json!({}));
        let finding = scene.finds("csi-driver-missing/");
        assert!(finding.suggestion[0].contains("ebs.csi.aws.co"), "{:?}", finding.suggestion);
        let told = of_class("ebs.csi.aws.com").with(Kind::CsiDriver, "ebs.csi.aws.com", json!({})).told();
        assert!(!told.contains(&"csi-driver-missing/".to_owned()), "{told:?}");
        let registered = json!({"spec": {"drivers": [{"name": "ebs.csi.aws.com"}]}});
        let told = of_class("ebs.csi.aws.com").with(Kind::CsiNode, "n1", registered).told();
        assert!(!told.contains(&"csi-driver-missing/".to_owned()), "{told:?}");
    }

    #[test]
    fn provisioners_that_are_no_drivers_need_no_object() {
        for provisioner in ["rancher.io/local-path", "kubernetes.io/azure-disk", "k8s.io/minikube-hostpath"] {
            let told = of_class(provisioner).told();
            assert!(!told.contains(&"csi-driver-missing/".to_owned()), "{told:?}");
        }
    }
}
