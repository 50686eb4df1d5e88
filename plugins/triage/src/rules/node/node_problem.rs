//! A node problem detector reports a fault of the node.
//!
//! Fires a minute after a known problem condition became `True`, for which `False` is healthy, or one of those
//! that say `…Ready` became `False`. A type that is not known may mean anything: a note with its message.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::condition::{settled, stated};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

/// Conditions whose `True` is a fault.
const PROBLEMS: [(&str, Severity); 16] = [
    ("FilesystemCorruptionProblem", Severity::Error),
    ("KubeletProblem", Severity::Error),
    ("KubeletUnhealthy", Severity::Error),
    ("ContainerRuntimeProblem", Severity::Error),
    ("ContainerRuntimeUnhealthy", Severity::Error),
    ("KernelDeadlock", Severity::Error),
    ("ReadonlyFilesystem", Severity::Error),
    ("FrequentKubeletRestart", Severity::Warning),
    ("FrequentContainerdRestart", Severity::Warning),
    ("FrequentDockerRestart", Severity::Warning),
    ("FrequentUnregisterNetDevice", Severity::Warning),
    ("GPUMissing", Severity::Warning),
    ("NVLinkStatusInactive", Severity::Warning),
    ("XIDErrors", Severity::Warning),
    ("IBLinkFlapping", Severity::Warning),
    ("CorruptDockerOverlay2", Severity::Warning),
];

/// Conditions whose `False` is a fault.
const READY_LIKE: [(&str, Severity); 5] = [
    ("ContainerRuntimeReady", Severity::Error),
    ("NetworkingReady", Severity::Error),
    ("StorageReady", Severity::Error),
    ("KernelReady", Severity::Warning),
    ("AcceleratedHardwareReady", Severity::Warning),
];

/// Conditions that other rules judge, or whose `True` is health.
const OTHERS: [&str; 6] = [
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
    "VMEventScheduled",
    "EtcdIsVoter",
];

pub(super) const RULE: Rule = Rule {
    id: "node-problem",
    subject: Subject::Node,
    reads: &[Kind::Node],
    explains: &[Effect::Pods, Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

/// How bad a fault is that the condition states, if it states one.
pub(super) fn fault(condition: &Value) -> Option<Severity> {
    let table = match condition.text("/status") {
        "True" => &PROBLEMS[..],
        "False" => &READY_LIKE[..],
        _ => return None,
    };
    table.iter().find(|(kind, _)| *kind == condition.text("/type")).map(|(_, severity)| *severity)
}

fn is_strange(condition: &Value) -> bool {
    let kind = condition.text("/type");
    condition.text("/status") == "True" && !kind.ends_with("Ready") && !OTHERS.contains(&kind)
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for node in settled(view).filter(|node| node.condition_is("Ready", "True")) {
        for condition in node.items("/status/conditions") {
            if view.age(condition.time("/lastTransitionTime")) < Some(GRACE) {
                continue;
            }
            if let Some(severity) = fault(condition) {
                drafts.push(stated(RULE.id, condition.text("/type"), severity, node, condition));
            } else if is_strange(condition) {
                let mut draft = stated(RULE.id, condition.text("/type"), Severity::Note, node, condition);
                // What a stranger means by it explains nothing.
                draft.confidence(Confidence::Low);
                drafts.push(draft);
            }
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use super::super::condition::tests::node_with;
    use super::*;
    use crate::rules::scene::Scene;

    fn scene(kind: &str, status: &str) -> Scene {
        Scene::new().with(Kind::Node, "n1", node_with(kind, status, "task blocked for more than 120 seconds"))
    }

    #[test]
    fn a_known_problem_is_told_and_its_absence_is_not() {
        assert_eq!(
            scene("KernelDeadlock", "True").finds("node-problem/KernelDeadlock").severity,
            Severity::Error
        );
        assert_eq!(scene("XIDErrors", "True").findings()[0].severity, Severity::Warning);
        for (kind, _) in PROBLEMS {
            scene(kind, "False").is_silent();
        }
        assert!(scene("KernelDeadlock", "True").at("2026-11-16T11:30:59Z").told().is_empty());
    }

    #[test]
    fn npd_false_is_healthy_and_an_unknown_type_is_a_note() {
        let unknown = scene("SomethingNew", "True");
        unknown.is_silent();
        assert_eq!(unknown.noted(), ["node-problem/SomethingNew"]);
        assert!(scene("SomethingNew", "False").noted().is_empty());
        assert!(scene("EtcdIsVoter", "True").noted().is_empty());
    }

    #[test]
    fn a_condition_that_says_ready_means_the_opposite() {
        scene("NetworkingReady", "False").finds("node-problem/NetworkingReady");
        assert!(scene("NetworkingReady", "True").noted().is_empty());
        assert!(scene("SomethingReady", "True").noted().is_empty());
        scene("SomethingReady", "False").is_silent();
    }
}
