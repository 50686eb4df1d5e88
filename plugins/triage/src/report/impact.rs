//! How bad a failure is for those who use the workload: one replica of many is less than all of them. That all
//! of them are down is told by the Service or route that leads to them; a root is as bad as its symptoms.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules;
use crate::view::View;

/// Makes an error a warning where at least half of the replicas serve and nothing is being rolled out.
pub(super) fn lessen(view: &View<'_>, draft: &mut Draft) {
    let of_pod = rules::by_id(&draft.finding.rule).is_some_and(rules::Rule::is_of_pod);
    if !of_pod || draft.finding.severity != Severity::Error {
        return;
    }
    let Some(top) = draft.finding.owner_chain.last() else { return };
    let Some(kind) = Kind::parse(&top.kind) else { return };
    let Some(owner) = view.find(kind, &top.namespace, &top.name).found() else { return };
    if serves(kind, owner) {
        draft.finding.severity = Severity::Warning;
    }
}

fn serves(kind: Kind, owner: &Value) -> bool {
    if !matches!(kind, Kind::Deployment | Kind::StatefulSet) {
        return false;
    }
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    let wanted = owner.number("/spec/replicas").unwrap_or(1);
    let rolling = number("/status/updatedReplicas") < wanted;
    let ready = number("/status/readyReplicas");
    !rolling && ready > 0 && ready * 2 >= wanted
}
