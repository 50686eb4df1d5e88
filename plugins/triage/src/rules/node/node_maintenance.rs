//! The cloud has scheduled an event for the node's machine: a reboot, a move, the end of a spot machine.
//!
//! Fires on `VMEventScheduled=True`. A freeze lasts seconds: a note.

use holmes_protocol::Severity;

use super::condition::{holding, settled, stated};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "node-maintenance",
    subject: Subject::Node,
    reads: &[Kind::Node],
    explains: &[Effect::Rule("evicted"), Effect::Rule("restarting")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for node in settled(view) {
        for (condition, _) in holding(view, node) {
            if condition.text("/type") != "VMEventScheduled" {
                continue;
            }
            let text = format!("{} {}", condition.text("/reason"), condition.text("/message"));
            let event =
                ["Reboot", "Redeploy", "Terminate", "Preempt"].into_iter().find(|word| text.contains(word));
            let severity =
                if event.is_none() && text.contains("Freeze") { Severity::Note } else { Severity::Warning };
            drafts.push(stated(RULE.id, "", severity, node, condition));
        }
    }
    drafts
}

#[cfg(test)]
mod tests {
    use super::super::condition::tests::node_with;
    use super::*;
    use crate::rules::scene::Scene;

    fn scene(status: &str, message: &str) -> Scene {
        Scene::new().with(Kind::Node, "n1", node_with("VMEventScheduled", status, message))
    }

    #[test]
    fn a_coming_reboot_is_told_and_a_freeze_is_a_note() {
        scene("True", "Reboot Scheduled: Tue, 16 Nov 2026").finds("node-maintenance/");
        let freeze = scene("True", "Freeze Scheduled: Tue, 16 Nov 2026");
        freeze.is_silent();
        assert_eq!(freeze.noted(), ["node-maintenance/"]);
        scene("False", "VM has no scheduled event").is_silent();
    }
}
