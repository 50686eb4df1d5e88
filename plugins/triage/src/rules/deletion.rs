//! Objects that do not go away: namespaces that stay Terminating, finalizers that nobody removes.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

const NAMESPACE_GRACE: Seconds = 300;
const GRACE: Seconds = 600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let namespaces =
        view.all(Kind::Namespace).iter().filter_map(|namespace| stuck_namespace(view, namespace));
    let kinds = [
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
    ];
    let objects =
        kinds.into_iter().flat_map(|kind| view.all(kind)).filter_map(|object| stuck_object(view, object));
    namespaces.chain(objects).collect()
}

fn stuck_namespace<'a>(view: &View<'a>, namespace: &'a Value) -> Option<Draft> {
    if view.age(namespace.time("/metadata/deletionTimestamp"))? < NAMESPACE_GRACE {
        return None;
    }
    let holds = |kind| namespace.condition_is(kind, "True");
    let class = if holds("NamespaceDeletionDiscoveryFailure") {
        "discovery"
    } else if holds("NamespaceFinalizersRemaining") {
        "finalizers"
    } else {
        "content"
    };
    let mut draft = Draft::new("namespace-stuck-terminating", class, Severity::Warning, namespace);
    draft.field(namespace, ".metadata.deletionTimestamp");
    let mut why = String::new();
    for condition in
        namespace.items("/status/conditions").iter().filter(|condition| condition.text("/status") == "True")
    {
        let kind = condition.text("/type");
        draft.field(namespace, &format!(".status.conditions[type={kind}].message"));
        if why.is_empty() || kind == "NamespaceFinalizersRemaining" {
            condition.text("/message").clone_into(&mut why);
        }
    }
    draft.field(namespace, ".spec.finalizers");
    draft.since(namespace, ".metadata.deletionTimestamp");
    draft.summary(format!(
        "namespace {} is Terminating since {}: {why}",
        namespace.name(),
        namespace.text("/metadata/deletionTimestamp")
    ));
    draft.suggest("a finalizer is removed by its controller: find out whether that runs; removing it by hand may orphan what it guards");
    draft.check(&["kubectl", "get", "namespace", namespace.name(), "-o", "yaml"], "what remains in it");
    Some(draft)
}

fn stuck_object<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    let finalizers = object.items("/metadata/finalizers");
    if finalizers.is_empty() || view.age(object.time("/metadata/deletionTimestamp"))? < GRACE {
        return None;
    }
    let first = finalizers.first().and_then(Value::as_str).unwrap_or_default();
    if first == "kubernetes.io/pvc-protection" && is_used(view, object)
        || first == "kubernetes.io/pv-protection"
    {
        return None;
    }
    let mut draft = Draft::new("finalizer-stuck", "", Severity::Warning, object);
    draft.parameters.push(first.to_owned());
    draft.field(object, ".metadata.deletionTimestamp");
    draft.field(object, ".metadata.finalizers");
    draft.since(object, ".metadata.deletionTimestamp");
    draft.depends_on.insert(crate::object::object_key("Namespace", "", object.namespace()));
    draft.summary(format!(
        "{} {} is being deleted since {}; finalizer {first} is not removed",
        object.kind(),
        object.name(),
        object.text("/metadata/deletionTimestamp")
    ));
    draft.suggest("a finalizer is removed by its controller: find out whether that runs; removing it by hand may orphan what it guards");
    Some(draft)
}

fn is_used(view: &View<'_>, claim: &Value) -> bool {
    view.pods_in(claim.namespace()).iter().any(|pod| {
        let mut volumes = pod.items("/spec/volumes").iter();
        volumes.any(|volume| volume.text("/persistentVolumeClaim/claimName") == claim.name())
    })
}
