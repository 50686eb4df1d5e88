//! A node was rebooted within the hour: a note, and the reason of the restarts that came with it.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, event_time};

pub(super) const RULE: Rule = Rule {
    id: "node-rebooted",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Event],
    explains: &[Effect::Rule("restarting")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let nodes = view.all(Kind::Node).iter();
    nodes
        .filter_map(|node| {
            let event = view.newest_event(node, &["Rebooted"], |_| true)?;
            let mut draft = Draft::new(RULE.id, "", Severity::Note, node);
            draft.event(event);
            draft.field(node, ".status.nodeInfo.bootID");
            draft.since_at(Some(event_time(event)), format!("{} .lastTimestamp", event.key()));
            draft.summary(format!("node {} was rebooted: {}", node.name(), event.text("/message")));
            draft.check(&["kubectl", "describe", "node", node.name()], "conditions and events of the node");
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LONG_AGO, Scene};

    fn node() -> Scene {
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        Scene::new().with(Kind::Node, "n1", node)
    }

    #[test]
    fn a_reboot_within_the_hour_is_a_note() {
        let message = "Node n1 has been rebooted, boot id: 3fb0";
        let scene = node().event(Kind::Node, "n1", "Rebooted", message);
        scene.is_silent();
        assert_eq!(scene.noted(), ["node-rebooted/"]);
        assert!(scene.at("2026-11-16T12:55:01Z").noted().is_empty());
        assert!(node().noted().is_empty());
    }
}
