//! The kinds that every supported cluster serves: naming one costs no discovery, and needs no right to read it.

use holmes_plugin::kubernetes::Resource;

/// Group, version, plural, Kind, short names, namespaced.
type Known = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], bool);

const WEBHOOKS: &str = "admissionregistration.k8s.io";

const KNOWN: &[Known] = &[
    ("", "v1", "pods", "Pod", &["po"], true),
    ("", "v1", "services", "Service", &["svc"], true),
    ("", "v1", "configmaps", "ConfigMap", &["cm"], true),
    ("", "v1", "secrets", "Secret", &[], true),
    ("", "v1", "events", "Event", &["ev"], true),
    ("", "v1", "nodes", "Node", &["no"], false),
    ("", "v1", "namespaces", "Namespace", &["ns"], false),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"], true),
    ("", "v1", "persistentvolumes", "PersistentVolume", &["pv"], false),
    ("", "v1", "serviceaccounts", "ServiceAccount", &["sa"], true),
    ("", "v1", "endpoints", "Endpoints", &["ep"], true),
    ("", "v1", "resourcequotas", "ResourceQuota", &["quota"], true),
    ("", "v1", "limitranges", "LimitRange", &["limits"], true),
    ("", "v1", "replicationcontrollers", "ReplicationController", &["rc"], true),
    ("apps", "v1", "deployments", "Deployment", &["deploy"], true),
    ("apps", "v1", "replicasets", "ReplicaSet", &["rs"], true),
    ("apps", "v1", "statefulsets", "StatefulSet", &["sts"], true),
    ("apps", "v1", "daemonsets", "DaemonSet", &["ds"], true),
    ("batch", "v1", "jobs", "Job", &[], true),
    ("batch", "v1", "cronjobs", "CronJob", &["cj"], true),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", &["ing"], true),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", &["netpol"], true),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", &[], false),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"], true),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"], true),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", &[], true),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", &["sc"], false),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", &[], true),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", &[], true),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", &[], false),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", &[], false),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        &["crd", "crds"],
        false,
    ),
    ("", "v1", "podtemplates", "PodTemplate", &[], true),
    ("apps", "v1", "controllerrevisions", "ControllerRevision", &[], true),
    ("coordination.k8s.io", "v1", "leases", "Lease", &[], true),
    ("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", &["pc"], false),
    ("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", &[], false),
    ("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", &[], false),
    ("storage.k8s.io", "v1", "csidrivers", "CSIDriver", &[], false),
    ("storage.k8s.io", "v1", "csinodes", "CSINode", &[], false),
    (WEBHOOKS, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", &[], false),
    (WEBHOOKS, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", &[], false),
    ("apiregistration.k8s.io", "v1", "apiservices", "APIService", &[], false),
    ("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", &["csr"], false),
];

/// The built-in kinds, core group first.
pub(super) fn kinds() -> Vec<Resource> {
    KNOWN
        .iter()
        .map(|(group, version, plural, kind, short_names, namespaced)| Resource {
            short_names: short_names.iter().map(|name| (*name).to_owned()).collect(),
            ..Resource::known(group, version, plural, kind, *namespaced)
        })
        .collect()
}
