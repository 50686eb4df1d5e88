//! What was read of a cluster, with the outcome of every read. The rules see nothing else.

use std::collections::BTreeMap;

use holmes_protocol::ReadOutcome;
use serde_json::Value;

use crate::object::Object;

/// A kind that triage reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are the names of Kubernetes kinds")]
pub enum Kind {
    Pod,
    Event,
    Node,
    Namespace,
    Service,
    Ingress,
    IngressClass,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    HorizontalPodAutoscaler,
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
    ResourceQuota,
    LimitRange,
    NetworkPolicy,
    ConfigMap,
    Secret,
    ServiceAccount,
    ValidatingWebhookConfiguration,
    MutatingWebhookConfiguration,
    ApiService,
}

/// How a kind is addressed.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The kind.
    pub kind: Kind,
    /// Empty for the core group.
    pub group: &'static str,
    /// For example `v1`.
    pub version: &'static str,
    /// For example `pods`.
    pub plural: &'static str,
    /// For example `Pod`.
    pub name: &'static str,
    /// Does an object live in a namespace?
    pub namespaced: bool,
}

const fn source(
    kind: Kind,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    name: &'static str,
    namespaced: bool,
) -> Source {
    Source { kind, group, version, plural, name, namespaced }
}

/// Every kind that triage reads, and where.
pub const SOURCES: &[Source] = &[
    source(Kind::Pod, "", "v1", "pods", "Pod", true),
    source(Kind::Event, "", "v1", "events", "Event", true),
    source(Kind::Node, "", "v1", "nodes", "Node", false),
    source(Kind::Namespace, "", "v1", "namespaces", "Namespace", false),
    source(Kind::Service, "", "v1", "services", "Service", true),
    source(Kind::Ingress, "networking.k8s.io", "v1", "ingresses", "Ingress", true),
    source(Kind::IngressClass, "networking.k8s.io", "v1", "ingressclasses", "IngressClass", false),
    source(Kind::Deployment, "apps", "v1", "deployments", "Deployment", true),
    source(Kind::ReplicaSet, "apps", "v1", "replicasets", "ReplicaSet", true),
    source(Kind::StatefulSet, "apps", "v1", "statefulsets", "StatefulSet", true),
    source(Kind::DaemonSet, "apps", "v1", "daemonsets", "DaemonSet", true),
    source(Kind::Job, "batch", "v1", "jobs", "Job", true),
    source(Kind::CronJob, "batch", "v1", "cronjobs", "CronJob", true),
    source(
        Kind::HorizontalPodAutoscaler,
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        true,
    ),
    source(Kind::PersistentVolumeClaim, "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
    source(Kind::PersistentVolume, "", "v1", "persistentvolumes", "PersistentVolume", false),
    source(Kind::StorageClass, "storage.k8s.io", "v1", "storageclasses", "StorageClass", false),
    source(Kind::ResourceQuota, "", "v1", "resourcequotas", "ResourceQuota", true),
    source(Kind::LimitRange, "", "v1", "limitranges", "LimitRange", true),
    source(Kind::NetworkPolicy, "networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true),
    source(Kind::ConfigMap, "", "v1", "configmaps", "ConfigMap", true),
    source(Kind::Secret, "", "v1", "secrets", "Secret", true),
    source(Kind::ServiceAccount, "", "v1", "serviceaccounts", "ServiceAccount", true),
    source(
        Kind::ValidatingWebhookConfiguration,
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        false,
    ),
    source(
        Kind::MutatingWebhookConfiguration,
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        false,
    ),
    source(Kind::ApiService, "apiregistration.k8s.io", "v1", "apiservices", "APIService", false),
];

impl Kind {
    /// How the kind is addressed.
    pub fn source(self) -> &'static Source {
        static POD: Source = source(Kind::Pod, "", "v1", "pods", "Pod", true);
        SOURCES.iter().find(|source| source.kind == self).unwrap_or(&POD)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        SOURCES.iter().find(|source| source.name == name).map(|source| source.kind)
    }
}

/// One list, as far as it could be read.
#[derive(Debug, Clone)]
pub struct List {
    /// How the read ended.
    pub outcome: ReadOutcome,
    /// The cluster's own words, when the read failed.
    pub message: String,
    /// The objects, sorted by namespace and name.
    pub items: Vec<Value>,
}

/// One container's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogKey {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The instance before the last restart?
    pub previous: bool,
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// None: every namespace was read.
    pub namespace: Option<String>,
    /// Lists by kind.
    pub lists: BTreeMap<Kind, List>,
    /// Logs of unhealthy containers.
    pub logs: BTreeMap<LogKey, Result<String, ReadOutcome>>,
}

/// Annotations that repeat the whole object, or a secret in clear text.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl Observations {
    /// Adds a list that was read whole.
    pub fn add(&mut self, kind: Kind, mut items: Vec<Value>) {
        items.iter_mut().for_each(slim);
        items.sort_by(|one, other| {
            (one.namespace(), one.name(), one.uid()).cmp(&(other.namespace(), other.name(), other.uid()))
        });
        self.lists.insert(kind, List { outcome: ReadOutcome::Ok, message: String::new(), items });
    }

    /// Adds a list that could not be read.
    pub fn add_failure(&mut self, kind: Kind, outcome: ReadOutcome, message: String) {
        self.lists.insert(kind, List { outcome, message, items: Vec::new() });
    }

    /// The objects of a kind; empty also when they could not be read, so never proof of absence.
    pub fn items(&self, kind: Kind) -> &[Value] {
        self.lists.get(&kind).map_or(&[], |list| list.items.as_slice())
    }

    /// How the read of a kind ended.
    pub fn outcome(&self, kind: Kind) -> ReadOutcome {
        self.lists.get(&kind).map_or(ReadOutcome::NotRecorded, |list| list.outcome)
    }
}

/// Drops what no rule reads; in a large cluster it is half of the memory. Of a ConfigMap only the keys
/// stay: no value of one has a place in a finding.
pub(crate) fn slim(item: &mut Value) {
    if item.kind() == "ConfigMap" {
        for field in ["data", "binaryData"] {
            let values = item.get_mut(field).and_then(Value::as_object_mut);
            values.into_iter().flatten().for_each(|(_, value)| *value = Value::Null);
        }
    }
    let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.remove("managedFields");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
}
