//! `finalizer-stuck`: an object that should be gone, and a finalizer that nobody removes. Its controller is named
//! where one fits the finalizer's domain. Not on claims that a pod uses, and not while dependents go first.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

/// A controller that runs takes seconds, one that cleans up in a cloud minutes.
const GRACE: Seconds = 600;

/// What stands beside every proposal here.
pub(super) const WARNING: &str = "a finalizer is removed by its controller: find out whether that runs; removing it by hand may orphan what it guards";

/// Kinds whose deletion somebody waits for. Pods have their own rule.
const KINDS: [Kind; 14] = [
    Kind::PersistentVolumeClaim,
    Kind::PersistentVolume,
    Kind::Service,
    Kind::Ingress,
    Kind::ConfigMap,
    Kind::Secret,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Gateway,
    Kind::Certificate,
    Kind::CustomResourceDefinition,
];

pub(super) const RULE: Rule = Rule {
    id: "finalizer-stuck",
    subject: Subject::Controller,
    reads: &KINDS,
    explains: &[],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    KINDS.into_iter().flat_map(|kind| view.all(kind)).filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    if view.age(object.time("/metadata/deletionTimestamp"))? < GRACE {
        return None;
    }
    let finalizer = object.items("/metadata/finalizers").first()?.as_str()?;
    match finalizer {
        "kubernetes.io/pvc-protection" if is_used(view, object) => return None,
        "kubernetes.io/pv-protection" | "foregroundDeletion" | "orphan" => return None,
        _ => {}
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, object);
    draft.parameters.push(finalizer.to_owned());
    draft.field(object, ".metadata.deletionTimestamp");
    draft.field(object, ".metadata.finalizers");
    draft.since(object, ".metadata.deletionTimestamp");
    draft.depends_on.insert(object_key("Namespace", "", object.namespace()));
    cite_controller(view, finalizer, &mut draft);
    let since = object.text("/metadata/deletionTimestamp");
    draft.summary(format!(
        "{} {} is being deleted since {since}; finalizer {finalizer} is not removed",
        object.kind(),
        object.name()
    ));
    draft.suggest(WARNING);
    Some(draft)
}

/// Cites the workload that the finalizer's domain names, when it was read: `databases.example.io/cleanup` belongs
/// to something called databases, or example.
pub(super) fn cite_controller(view: &View<'_>, finalizer: &str, draft: &mut Draft) {
    let domain = finalizer.split(['/', ' ']).next().unwrap_or(finalizer);
    let words: Vec<&str> = domain.split('.').filter(|word| word.len() > 4 && *word != "kubernetes").collect();
    let belongs = |workload: &Value| {
        let name = workload.name();
        words.iter().any(|word| name.contains(word.trim_end_matches('s')))
            && ["operator", "controller", "manager"].iter().any(|role| name.contains(role))
    };
    let mut workloads = [Kind::Deployment, Kind::StatefulSet].into_iter().flat_map(|kind| view.all(kind));
    let Some(controller) = workloads.find(|workload| belongs(workload)) else { return };
    draft.depends_on.insert(controller.key());
    draft.field(controller, ".spec.replicas");
    draft.field(controller, ".status.readyReplicas");
    if controller.number("/status/readyReplicas").unwrap_or_default() == 0 {
        let (kind, namespace, name) = (controller.kind(), controller.namespace(), controller.name());
        draft.suggest(format!("its controller, {kind} {namespace}/{name}, is not running"));
    }
}

/// A claim whose pods may not be read may be used.
fn is_used(view: &View<'_>, claim: &Value) -> bool {
    !view.is_complete(Kind::Pod, claim.namespace())
        || view.pods_in(claim.namespace()).iter().any(|pod| {
            let mut volumes = pod.items("/spec/volumes").iter();
            volumes.any(|volume| volume.text("/persistentVolumeClaim/claimName") == claim.name())
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene, healthy_pod};

    fn leaving(kind: Kind, finalizer: &str, since: &str) -> Scene {
        let body = json!({"metadata": {"deletionTimestamp": since, "finalizers": [finalizer]}});
        Scene::new().with(kind, "data", body)
    }

    #[test]
    fn a_controller_that_does_not_run_leaves_its_finalizer() {
        let controller = json!({"metadata": {"namespace": "system"}, "spec": {"replicas": 0}, "status": {}});
        let finding = leaving(Kind::Service, "databases.example.io/cleanup", EARLIER)
            .with(Kind::Deployment, "database-operator", controller)
            .finds("finalizer-stuck/");
        assert!(
            finding.suggestion.iter().any(|text| text.contains("system/database-operator, is not running"))
        );
    }

    #[test]
    fn what_is_protected_or_deleted_in_order_is_not_stuck() {
        leaving(Kind::Deployment, "foregroundDeletion", EARLIER).is_silent();
        leaving(Kind::Service, "example.io/cleanup", "2026-11-16T11:55:00Z").is_silent();
        let mut pod = healthy_pod("a");
        pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
        let claim = leaving(Kind::PersistentVolumeClaim, "kubernetes.io/pvc-protection", EARLIER);
        assert!(claim.clone().with(Kind::Pod, "a-1", pod).told().is_empty());
    }
}
