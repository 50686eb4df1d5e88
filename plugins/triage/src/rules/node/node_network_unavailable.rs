//! A node has no network for pods: no route, or its network plugin has not set it up.
//!
//! Fires a minute after `NetworkUnavailable=True`, with the network plugin's pod on that node.

use holmes_protocol::Severity;

use super::condition::{holding, settled, stated};
use super::system_daemonset_unhealthy::role;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "node-network-unavailable",
    subject: Subject::Node,
    reads: &[Kind::Node],
    explains: &[Effect::Pods, Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for node in settled(view) {
        let holds = holding(view, node).into_iter();
        let found =
            holds.filter(|(condition, age)| condition.text("/type") == "NetworkUnavailable" && *age >= GRACE);
        for (condition, _) in found {
            let mut draft = stated(RULE.id, "", Severity::Error, node, condition);
            let plugins = view.all(Kind::DaemonSet).iter().filter(|set| role(set.name()) == Some("cni"));
            let pods = plugins.flat_map(|set| view.children(set));
            for pod in pods.filter(|pod| pod.text("/spec/nodeName") == node.name()) {
                draft.depends_on.insert(pod.key());
                draft.affects(pod);
                draft.field(pod, ".status.conditions[type=Ready].status");
            }
            drafts.push(draft);
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use super::super::condition::tests::node_with;
    use super::*;
    use crate::rules::scene::Scene;

    #[test]
    fn a_node_without_routes_is_told_after_a_minute() {
        let node = |status: &str| {
            Scene::new().with(
                Kind::Node,
                "n1",
                node_with("NetworkUnavailable", status, "no route was created"),
            )
        };
        node("True").finds("node-network-unavailable/");
        node("False").is_silent();
        assert!(node("True").at("2026-11-16T11:30:59Z").told().is_empty());
    }
}
