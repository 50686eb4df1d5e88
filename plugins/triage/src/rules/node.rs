//! Nodes that are lost, under pressure, or that report a problem.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

const GRACE: Seconds = 60;
const PRESSURE_GRACE: Seconds = 120;
/// A node that joins reports one thing after another.
const YOUNG: Seconds = 300;

/// Conditions of the node problem detector whose `True` is a fault. A type that is not here may mean
/// anything, and is never a finding.
const PROBLEMS: [(&str, Severity); 12] = [
    ("FilesystemCorruptionProblem", Severity::Error),
    ("KubeletProblem", Severity::Error),
    ("ContainerRuntimeProblem", Severity::Error),
    ("KernelDeadlock", Severity::Error),
    ("ReadonlyFilesystem", Severity::Error),
    ("FrequentKubeletRestart", Severity::Warning),
    ("FrequentContainerdRestart", Severity::Warning),
    ("FrequentDockerRestart", Severity::Warning),
    ("FrequentUnregisterNetDevice", Severity::Warning),
    ("GPUMissing", Severity::Warning),
    ("XIDErrors", Severity::Warning),
    ("CorruptDockerOverlay2", Severity::Warning),
];

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let nodes = view.all(Kind::Node);
    let lost = nodes.iter().filter(|node| !node.condition_is("Ready", "True")).count();
    let mut drafts = Vec::new();
    for node in nodes.iter().filter(|node| !is_leaving(node) && view.age(node.created()) >= Some(YOUNG)) {
        if let Some(mut draft) = not_ready(view, node) {
            if lost * 2 >= nodes.len() && nodes.len() > 1 {
                draft.finding.severity = Severity::Critical;
            }
            drafts.push(draft);
            continue;
        }
        drafts.extend(conditions(view, node));
    }
    drafts
}

/// Is the autoscaler taking it away?
fn is_leaving(node: &Value) -> bool {
    let keys = [
        "ToBeDeletedByClusterAutoscaler",
        "DeletionCandidateOfClusterAutoscaler",
        "node.cloudprovider.kubernetes.io/shutdown",
    ];
    node.is_deleting() || node.items("/spec/taints").iter().any(|taint| keys.contains(&taint.text("/key")))
}

fn not_ready<'a>(view: &View<'a>, node: &'a Value) -> Option<Draft> {
    let ready = node.condition("Ready")?;
    if ready.text("/status") == "True" || view.age(ready.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let message = ready.text("/message");
    let class = match message {
        text if ready.text("/reason") == "NodeStatusUnknown" || text.contains("stopped posting") => "unknown",
        text if text.contains("container runtime") || text.contains("PLEG") => "runtime",
        text if text.contains("network") || text.contains("cni") => "network",
        text if text.contains("never posted") => "never-posted",
        text if text.contains("shutting down") => "shutdown",
        _ => "kubelet",
    };
    let mut draft = Draft::new("node-not-ready", class, Severity::Error, node);
    for field in ["status", "reason", "message", "lastHeartbeatTime"] {
        draft.field(node, &format!(".status.conditions[type=Ready].{field}"));
    }
    draft.field(node, ".spec.taints");
    draft.since(node, ".status.conditions[type=Ready].lastTransitionTime");
    let pods = view.all(Kind::Pod).iter().filter(|pod| pod.text("/spec/nodeName") == node.name()).count();
    draft.computed(node, ".metadata.name", format!("{pods} pods are assigned to the node"));
    draft.summary(format!(
        "node {} is NotReady ({}): {message}; {pods} pods on it",
        node.name(),
        ready.text("/reason")
    ));
    draft.check(&["kubectl", "describe", "node", node.name()], "conditions and events of the node");
    draft.check(
        &["kubectl", "-n", "kube-node-lease", "get", "lease", node.name(), "-o", "yaml"],
        "when the kubelet last renewed its lease",
    );
    Some(draft)
}

fn conditions<'a>(view: &View<'a>, node: &'a Value) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for condition in
        node.items("/status/conditions").iter().filter(|condition| condition.text("/status") == "True")
    {
        let kind = condition.text("/type");
        let Some(age) = view.age(condition.time("/lastTransitionTime")) else { continue };
        let (rule, class, severity, grace) = match kind {
            "MemoryPressure" => ("node-pressure", "memory", Severity::Error, PRESSURE_GRACE),
            "DiskPressure" => ("node-pressure", "disk", Severity::Error, PRESSURE_GRACE),
            "PIDPressure" => ("node-pressure", "pid", Severity::Error, PRESSURE_GRACE),
            "NetworkUnavailable" => ("node-network-unavailable", "", Severity::Error, GRACE),
            "VMEventScheduled" => ("node-maintenance", "", Severity::Warning, 0),
            other => match PROBLEMS.iter().find(|(known, _)| *known == other) {
                Some((_, severity)) => ("node-problem", other, *severity, GRACE),
                None => continue,
            },
        };
        // A frozen VM runs again by itself within seconds.
        if age < grace || kind == "VMEventScheduled" && condition.text("/message").contains("Freeze") {
            continue;
        }
        let mut draft = Draft::new(rule, class, severity, node);
        draft.confidence(Confidence::High);
        draft.parameters.push(kind.to_owned());
        draft.collapse = format!("{} {kind}", node.key());
        for field in ["status", "reason", "message"] {
            draft.field(node, &format!(".status.conditions[type={kind}].{field}"));
        }
        draft.since(node, &format!(".status.conditions[type={kind}].lastTransitionTime"));
        draft.summary(format!("node {} reports {kind}: {}", node.name(), condition.text("/message")));
        draft.check(&["kubectl", "describe", "node", node.name()], "conditions and events of the node");
        drafts.push(draft);
    }
    drafts
}
