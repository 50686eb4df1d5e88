//! The clock of a node is ahead.
//!
//! Fires when the lease or a heartbeat of a node lies more than half a minute after now. Not when most nodes
//! are ahead: then it is our own clock.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::condition::settled;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const AHEAD: Seconds = 30;

pub(super) const RULE: Rule = Rule {
    id: "clock-skew",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Lease],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let nodes: Vec<&Value> = settled(view).collect();
    let ahead: Vec<(&Value, &Value, &str, Seconds)> = nodes
        .iter()
        .filter_map(|node| Some((*node, future(view, node)?)))
        .map(|(node, (object, path, by))| (node, object, path, by))
        .collect();
    if ahead.len() * 2 > nodes.len() || nodes.len() < 2 {
        return Vec::new();
    }
    ahead.into_iter().map(|(node, object, path, by)| judge(node, object, path, by)).collect()
}

/// A time that the node's own kubelet wrote and that has not come yet.
fn future<'a>(view: &View<'a>, node: &'a Value) -> Option<(&'a Value, &'static str, Seconds)> {
    let lease = view.find(Kind::Lease, "kube-node-lease", node.name()).found();
    let renewed = lease.and_then(|lease| Some((lease, ".spec.renewTime", lease.time("/spec/renewTime")?)));
    let beat = node.condition("Ready").and_then(|ready| ready.time("/lastHeartbeatTime"));
    let beat = beat.map(|at| (node, ".status.conditions[type=Ready].lastHeartbeatTime", at));
    let times = [renewed, beat].into_iter().flatten();
    times.map(|(object, path, at)| (object, path, at - view.now)).find(|(_, _, by)| *by > AHEAD)
}

fn judge(node: &Value, object: &Value, path: &str, by: Seconds) -> Draft {
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, node);
    draft.confidence(Confidence::Medium);
    draft.field(object, path);
    draft.summary(format!("the clock of node {} is {by} s ahead", node.name()));
    draft.suggest(
        "tokens and certificates of a node that lives in the future are refused: look at its time service",
    );
    draft.check(&["kubectl", "-n", "kube-node-lease", "get", "lease"], "the renew times side by side");
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LONG_AGO, NOW, Scene};

    fn cluster(renewed: &[&str]) -> Scene {
        renewed.iter().enumerate().fold(Scene::new(), |scene, (number, renewed)| {
            let name = format!("n{number}");
            let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
            let lease = json!({"metadata": {"namespace": "kube-node-lease"}, "spec": {"renewTime": renewed}});
            scene.with(Kind::Node, &name, node).with(Kind::Lease, &name, lease)
        })
    }

    #[test]
    fn one_node_in_the_future_is_told() {
        cluster(&["2026-11-16T12:00:31Z", NOW, NOW]).finds("clock-skew/");
        cluster(&["2026-11-16T12:00:30Z", NOW, NOW]).is_silent();
    }

    #[test]
    fn nodes_that_are_all_ahead_tell_of_our_clock() {
        cluster(&["2026-11-16T12:10:00Z", "2026-11-16T12:10:00Z"]).is_silent();
    }
}
