//! The well-known kinds, for recordings without discovery documents.

use super::Kind;

const NAMESPACED: bool = true;
const CLUSTER: bool = false;

/// What triage and people ask for, in the versions that Kubernetes 1.30 to 1.36 serve.
const KINDS: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "configmaps", "ConfigMap", NAMESPACED),
    ("", "v1", "endpoints", "Endpoints", NAMESPACED),
    ("", "v1", "events", "Event", NAMESPACED),
    ("", "v1", "limitranges", "LimitRange", NAMESPACED),
    ("", "v1", "namespaces", "Namespace", CLUSTER),
    ("", "v1", "nodes", "Node", CLUSTER),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", NAMESPACED),
    ("", "v1", "persistentvolumes", "PersistentVolume", CLUSTER),
    ("", "v1", "pods", "Pod", NAMESPACED),
    ("", "v1", "podtemplates", "PodTemplate", NAMESPACED),
    ("", "v1", "replicationcontrollers", "ReplicationController", NAMESPACED),
    ("", "v1", "resourcequotas", "ResourceQuota", NAMESPACED),
    ("", "v1", "secrets", "Secret", NAMESPACED),
    ("", "v1", "serviceaccounts", "ServiceAccount", NAMESPACED),
    ("", "v1", "services", "Service", NAMESPACED),
    (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        CLUSTER,
    ),
    (
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        CLUSTER,
    ),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", CLUSTER),
    ("apiregistration.k8s.io", "v1", "apiservices", "APIService", CLUSTER),
    ("apps", "v1", "controllerrevisions", "ControllerRevision", NAMESPACED),
    ("apps", "v1", "daemonsets", "DaemonSet", NAMESPACED),
    ("apps", "v1", "deployments", "Deployment", NAMESPACED),
    ("apps", "v1", "replicasets", "ReplicaSet", NAMESPACED),
    ("apps", "v1", "statefulsets", "StatefulSet", NAMESPACED),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", NAMESPACED),
    ("batch", "v1", "cronjobs", "CronJob", NAMESPACED),
    ("batch", "v1", "jobs", "Job", NAMESPACED),
    ("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", CLUSTER),
    ("coordination.k8s.io", "v1", "leases", "Lease", NAMESPACED),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", NAMESPACED),
    ("events.k8s.io", "v1", "events", "Event", NAMESPACED),
    ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", CLUSTER),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        CLUSTER,
    ),
    ("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", CLUSTER),
    ("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", NAMESPACED),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", CLUSTER),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", NAMESPACED),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", NAMESPACED),
    ("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", CLUSTER),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", NAMESPACED),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", CLUSTER),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", CLUSTER),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", NAMESPACED),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", NAMESPACED),
    ("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", CLUSTER),
    ("storage.k8s.io", "v1", "csidrivers", "CSIDriver", CLUSTER),
    ("storage.k8s.io", "v1", "csinodes", "CSINode", CLUSTER),
    ("storage.k8s.io", "v1", "csistoragecapacities", "CSIStorageCapacity", NAMESPACED),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", CLUSTER),
    ("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", CLUSTER),
];

pub(super) fn all() -> impl Iterator<Item = Kind> {
    KINDS.iter().map(|(group, version, plural, kind, namespaced)| Kind {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        plural: (*plural).to_owned(),
        kind: (*kind).to_owned(),
        namespaced: *namespaced,
    })
}

/// A well-known kind's plural, and whether it is namespaced.
pub(crate) fn of_kind(group: &str, kind: &str) -> Option<(&'static str, bool)> {
    let found = KINDS.iter().find(|known| known.0 == group && known.3 == kind);
    found.map(|(_, _, plural, _, namespaced)| (*plural, *namespaced))
}

/// An unknown kind's plural, as the API machinery guesses it.
pub(crate) fn plural_of(kind: &str) -> String {
    let singular = kind.to_lowercase();
    match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if singular.ends_with(['s', 'x']) || singular.ends_with("ch") || singular.ends_with("sh") => {
            format!("{singular}es")
        }
        _ => format!("{singular}s"),
    }
}

/// API version and kind of a plural, also as support bundles write it: `custom-resource-definitions`, `pvcs`.
pub(crate) fn of_plural(name: &str) -> Option<(String, &'static str)> {
    let plural = match name {
        "pvcs" => "persistentvolumeclaims".to_owned(),
        "pvs" => "persistentvolumes".to_owned(),
        name => name.replace('-', ""),
    };
    let known = KINDS.iter().find(|known| known.2 == plural)?;
    let version = if known.0.is_empty() { known.1.to_owned() } else { format!("{}/{}", known.0, known.1) };
    Some((version, known.3))
}
