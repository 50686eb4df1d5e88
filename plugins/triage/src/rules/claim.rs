//! Claims without a volume: no such class, a provisioner that fails, a volume that is lost.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{Lookup, View};

const GRACE: Seconds = 60;
const PROVISIONING_GRACE: Seconds = 300;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::PersistentVolumeClaim).iter().filter_map(|claim| judge(view, claim)).collect()
}

fn judge<'a>(view: &View<'a>, claim: &'a Value) -> Option<Draft> {
    lost(view, claim).or_else(|| unbound(view, claim))
}

fn lost<'a>(view: &View<'a>, claim: &'a Value) -> Option<Draft> {
    let (phase, volume) = (claim.text("/status/phase"), claim.text("/spec/volumeName"));
    let gone =
        !volume.is_empty() && phase != "Pending" && view.find(Kind::PersistentVolume, "", volume).is_absent();
    if phase != "Lost" && !gone {
        return None;
    }
    let mut draft = Draft::new("pvc-lost", "", Severity::Error, claim);
    draft.field(claim, ".status.phase");
    draft.field(claim, ".spec.volumeName");
    draft.summary(format!("claim {} lost its volume {volume}: the PersistentVolume is gone", claim.name()));
    affect_users(view, claim, &mut draft);
    Some(draft)
}

/// What there is to say about the class that a claim names.
struct Class<'a> {
    name: Option<&'a str>,
    lookup: Lookup<'a>,
    failed: Option<&'a Value>,
    newest: &'a str,
}

impl<'a> Class<'a> {
    fn of(view: &View<'a>, claim: &'a Value) -> Self {
        let name = claim.pointer("/spec/storageClassName").and_then(Value::as_str);
        Self {
            name,
            lookup: name.map_or(Lookup::Unknown, |name| view.find(Kind::StorageClass, "", name)),
            failed: view.newest_event(claim, &["ProvisioningFailed"], |_| true),
            newest: view.events(claim).last().map(|event| event.text("/reason")).unwrap_or_default(),
        }
    }

    /// Does the claim wait by design: for its first pod, or for a provisioner that just began?
    fn waits(&self, view: &View<'a>, claim: &Value) -> bool {
        let mode = self.lookup.found().map(|class| class.text("/volumeBindingMode")).unwrap_or_default();
        let for_pod = matches!(self.newest, "WaitForFirstConsumer" | "WaitForPodScheduled");
        // A class that may not be read may well be one that waits.
        let lazy = mode != "Immediate" && !self.lookup.is_absent() && self.failed.is_none();
        let provisioning = self.newest == "ExternalProvisioning"
            && view.age(claim.created()).is_none_or(|age| age < PROVISIONING_GRACE);
        lazy && (for_pod || users(view, claim).is_empty()) || provisioning
    }

    fn diagnosis(&self) -> (&'static str, String) {
        let message = self.failed.map(|event| event.text("/message")).unwrap_or_default();
        match self.name {
            None => ("no-default-class", "it names no class and there is no default one".to_owned()),
            Some("") => ("static", "no PersistentVolume fits".to_owned()),
            Some(name)
                if self.lookup.is_absent() || message.contains(name) && message.contains("not found") =>
            {
                ("class-missing", format!("StorageClass {name} not found"))
            }
            Some(_) if self.failed.is_some() => ("provisioning-failed", message.to_owned()),
            Some(_) if self.newest == "ExternalProvisioning" => {
                ("provisioner-absent", "its provisioner does not answer".to_owned())
            }
            Some(_) => ("capacity", "no PersistentVolume fits and none is provisioned".to_owned()),
        }
    }
}

fn unbound<'a>(view: &View<'a>, claim: &'a Value) -> Option<Draft> {
    let pending = claim.text("/status/phase") == "Pending" && !claim.is_deleting();
    if !pending || view.age(claim.created())? < GRACE {
        return None;
    }
    let class = Class::of(view, claim);
    let (kind, why) = class.diagnosis();
    let defaulted =
        kind == "no-default-class" && (has_default(view) || !view.is_complete(Kind::StorageClass, ""));
    if class.waits(view, claim) || defaulted {
        return None;
    }
    let mut draft = Draft::new("pvc-unbound", kind, Severity::Error, claim);
    for path in
        [".status.phase", ".spec.storageClassName", ".spec.accessModes", ".spec.resources.requests.storage"]
    {
        draft.field(claim, path);
    }
    let told = class
        .failed
        .or_else(|| view.newest_event(claim, &["FailedBinding", "ExternalProvisioning"], |_| true));
    match told {
        Some(event) => draft.event(event),
        None => draft.confidence(Confidence::Medium),
    }
    if class.lookup.is_absent() {
        draft.absent("StorageClass", "", class.name.unwrap_or_default());
        draft.confidence(Confidence::High);
    }
    draft.since(claim, ".metadata.creationTimestamp");
    draft.summary(format!("claim {} is Pending: {why}", claim.name()));
    if kind == "class-missing" {
        let classes: Vec<&str> = view.all(Kind::StorageClass).iter().map(Value::name).collect();
        let near = nearest::name(class.name.unwrap_or_default(), classes.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        draft.suggest(format!("{near}There are the classes {}", classes.join(", ")));
    }
    affect_users(view, claim, &mut draft);
    draft.check(&["kubectl", "-n", claim.namespace(), "describe", "pvc", claim.name()], "the claim's events");
    draft.check(&["kubectl", "get", "storageclasses"], "which classes there are");
    Some(draft)
}

fn has_default(view: &View<'_>) -> bool {
    let marked = |class: &Value| {
        class
            .pairs("/metadata/annotations")
            .contains(&("storageclass.kubernetes.io/is-default-class", "true"))
    };
    view.all(Kind::StorageClass).iter().any(marked)
}

fn users<'a>(view: &View<'a>, claim: &Value) -> Vec<&'a Value> {
    let uses = |pod: &&Value| {
        let mut volumes = pod.items("/spec/volumes").iter();
        volumes.any(|volume| volume.text("/persistentVolumeClaim/claimName") == claim.name())
    };
    view.pods_in(claim.namespace()).iter().copied().filter(uses).collect()
}

fn affect_users(view: &View<'_>, claim: &Value, draft: &mut Draft) {
    for pod in users(view, claim).into_iter().take(3) {
        draft.affects(pod);
        draft.affects(view.top(pod));
    }
}
