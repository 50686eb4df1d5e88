//! The kinds that are built into Kubernetes and can be read, for toolsets that ask for every kind: a `*` in a
//! role would include Secrets, and whatever is installed later.

use holmes_sandbox::upstream::kubernetes::Verb;

/// Where an object lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// In a namespace.
    Namespace,
    /// In the cluster as a whole.
    Cluster,
}

use Scope::{Cluster, Namespace};

/// A built-in kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Builtin {
    pub(super) group: &'static str,
    pub(super) resource: &'static str,
    pub(super) scope: Scope,
}

impl Builtin {
    /// Everything can be listed but the log of a container.
    pub(super) fn serves(&self, verb: Verb) -> bool {
        verb == Verb::Get || !self.resource.contains('/')
    }
}

/// Kinds that are installed beside Kubernetes and are in no namespace; all others are taken to be in one.
pub(super) const CLUSTER_WIDE: [(&str, &str); 5] = [
    ("cert-manager.io", "clusterissuers"),
    ("crd.projectcalico.org", "bgppeers"),
    ("gateway.networking.k8s.io", "gatewayclasses"),
    ("wgpolicyk8s.io", "clusterpolicyreports"),
    ("cilium.io", "ciliumclusterwidenetworkpolicies"),
];

const fn builtin(group: &'static str, resource: &'static str, scope: Scope) -> Builtin {
    Builtin { group, resource, scope }
}

/// Of Kubernetes 1.36, and the metrics of pods and nodes.
pub(super) const BUILTIN: &[Builtin] = &[
    builtin("", "componentstatuses", Cluster),
    builtin("", "configmaps", Namespace),
    builtin("", "endpoints", Namespace),
    builtin("", "events", Namespace),
    builtin("", "limitranges", Namespace),
    builtin("", "namespaces", Cluster),
    builtin("", "nodes", Cluster),
    builtin("", "persistentvolumeclaims", Namespace),
    builtin("", "persistentvolumes", Cluster),
    builtin("", "pods", Namespace),
    builtin("", "pods/log", Namespace),
    builtin("", "podtemplates", Namespace),
    builtin("", "replicationcontrollers", Namespace),
    builtin("", "resourcequotas", Namespace),
    builtin("", "secrets", Namespace),
    builtin("", "serviceaccounts", Namespace),
    builtin("", "services", Namespace),
    builtin("admissionregistration.k8s.io", "mutatingadmissionpolicies", Cluster),
    builtin("admissionregistration.k8s.io", "mutatingadmissionpolicybindings", Cluster),
    builtin("admissionregistration.k8s.io", "mutatingwebhookconfigurations", Cluster),
    builtin("admissionregistration.k8s.io", "validatingadmissionpolicies", Cluster),
    builtin("admissionregistration.k8s.io", "validatingadmissionpolicybindings", Cluster),
    builtin("admissionregistration.k8s.io", "validatingwebhookconfigurations", Cluster),
    builtin("apiextensions.k8s.io", "customresourcedefinitions", Cluster),
    builtin("apiregistration.k8s.io", "apiservices", Cluster),
    builtin("apps", "controllerrevisions", Namespace),
    builtin("apps", "daemonsets", Namespace),
    builtin("apps", "deployments", Namespace),
    builtin("apps", "replicasets", Namespace),
    builtin("apps", "statefulsets", Namespace),
    builtin("autoscaling", "horizontalpodautoscalers", Namespace),
    builtin("batch", "cronjobs", Namespace),
    builtin("batch", "jobs", Namespace),
    builtin("certificates.k8s.io", "certificatesigningrequests", Cluster),
    builtin("coordination.k8s.io", "leases", Namespace),
    builtin("discovery.k8s.io", "endpointslices", Namespace),
    builtin("events.k8s.io", "events", Namespace),
    builtin("flowcontrol.apiserver.k8s.io", "flowschemas", Cluster),
    builtin("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", Cluster),
    builtin("metrics.k8s.io", "nodes", Cluster),
    builtin("metrics.k8s.io", "pods", Namespace),
    builtin("networking.k8s.io", "ingressclasses", Cluster),
    builtin("networking.k8s.io", "ingresses", Namespace),
    builtin("networking.k8s.io", "ipaddresses", Cluster),
    builtin("networking.k8s.io", "networkpolicies", Namespace),
    builtin("networking.k8s.io", "servicecidrs", Cluster),
    builtin("node.k8s.io", "runtimeclasses", Cluster),
    builtin("policy", "poddisruptionbudgets", Namespace),
    builtin("rbac.authorization.k8s.io", "clusterrolebindings", Cluster),
    builtin("rbac.authorization.k8s.io", "clusterroles", Cluster),
    builtin("rbac.authorization.k8s.io", "rolebindings", Namespace),
    builtin("rbac.authorization.k8s.io", "roles", Namespace),
    builtin("resource.k8s.io", "deviceclasses", Cluster),
    builtin("resource.k8s.io", "resourceclaims", Namespace),
    builtin("resource.k8s.io", "resourceclaimtemplates", Namespace),
    builtin("resource.k8s.io", "resourceslices", Cluster),
    builtin("scheduling.k8s.io", "priorityclasses", Cluster),
    builtin("storage.k8s.io", "csidrivers", Cluster),
    builtin("storage.k8s.io", "csinodes", Cluster),
    builtin("storage.k8s.io", "csistoragecapacities", Namespace),
    builtin("storage.k8s.io", "storageclasses", Cluster),
    builtin("storage.k8s.io", "volumeattachments", Cluster),
    builtin("storage.k8s.io", "volumeattributesclasses", Cluster),
];
