//! A change of a running pod's resources does not happen: its node can never give them (`infeasible`), or has not for
//! ten minutes (`deferred`). The pod runs on with what it has.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 600;

pub(super) const RULE: Rule = Rule {
    id: "resize-infeasible",
    subject: Subject::Pod(93),
    reads: &[Kind::Pod],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let running = view.all(Kind::Pod).iter().filter(|pod| pod.text("/status/phase") == "Running");
    running.filter(|pod| !pod.is_deleting()).filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let condition = pod.condition("PodResizePending").filter(|pending| pending.text("/status") == "True")?;
    let age = view.age(condition.time("/lastTransitionTime"))?;
    let class = match condition.text("/reason") {
        "Infeasible" => "infeasible",
        "Deferred" if age > GRACE => "deferred",
        _ => return None,
    };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Warning, pod, None);
    draft.field(pod, ".status.conditions[type=PodResizePending].reason");
    draft.field(pod, ".status.conditions[type=PodResizePending].message");
    draft.field(pod, ".spec.nodeName");
    draft.since(pod, ".status.conditions[type=PodResizePending].lastTransitionTime");
    let (node, message) = (pod.text("/spec/nodeName"), condition.text("/message"));
    draft.summary(format!(
        "node {node} does not give the pod the resources it was changed to ({class}): {message}"
    ));
    draft.check(&["kubectl", "describe", "node", node], "what the node has left");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(reason: &str, since: &str) -> Scene {
        let mut pod = healthy_pod("a");
        let pending = json!({"type": "PodResizePending", "status": "True", "reason": reason,
            "message": "Node didn't have enough capacity: cpu, requested: 64000, capacity: 4000", "lastTransitionTime": since});
        pod["status"]["conditions"].as_array_mut().unwrap().push(pending);
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn what_can_never_be_given_is_told_at_once_and_what_may_come_after_ten_minutes() {
        scene("Infeasible", JUST_NOW).finds("resize-infeasible/infeasible");
        scene("Deferred", "2026-11-16T11:50:00Z").is_silent();
        scene("Deferred", "2026-11-16T11:49:59Z").finds("resize-infeasible/deferred");
    }
}
