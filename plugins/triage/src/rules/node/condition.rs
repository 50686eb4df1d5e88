//! What the rules about node conditions share: which nodes are worth judging, and how a condition is cited.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

/// A node that joins reports one thing after another.
const YOUNG: Seconds = 300;

/// Nodes that neither join nor leave.
pub(super) fn settled<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Value> {
    let now = view.now;
    let old = move |node: &&Value| node.created().is_some_and(|created| now - created >= YOUNG);
    view.all(Kind::Node).iter().filter(|node| !is_leaving(node)).filter(old)
}

/// Is the autoscaler or the cloud taking it away?
fn is_leaving(node: &Value) -> bool {
    let keys = [
        "ToBeDeletedByClusterAutoscaler",
        "DeletionCandidateOfClusterAutoscaler",
        "karpenter.sh/disrupted",
        "node.cloudprovider.kubernetes.io/shutdown",
    ];
    node.is_deleting() || node.items("/spec/taints").iter().any(|taint| keys.contains(&taint.text("/key")))
}

/// The conditions of a node that hold, with their age in seconds.
pub(super) fn holding<'a>(view: &View<'a>, node: &'a Value) -> Vec<(&'a Value, Seconds)> {
    let conditions = node.items("/status/conditions").iter();
    conditions
        .filter(|condition| condition.text("/status") == "True")
        .filter_map(|condition| Some((condition, view.age(condition.time("/lastTransitionTime"))?)))
        .collect()
}

/// A finding that a condition of the node states.
pub(super) fn stated(rule: &str, class: &str, severity: Severity, node: &Value, condition: &Value) -> Draft {
    let kind = condition.text("/type");
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
    draft
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::rules::scene::{EARLIER, LONG_AGO};

    /// A node that is ready and has one more condition since half an hour.
    pub(in crate::rules::node) fn node_with(kind: &str, status: &str, message: &str) -> Value {
        json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO},
            {"type": kind, "status": status, "reason": "Told", "message": message, "lastTransitionTime": EARLIER}]}})
    }
}
