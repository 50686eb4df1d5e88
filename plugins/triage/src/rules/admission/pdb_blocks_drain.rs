//! `pdb-blocks-drain`: a disruption budget allows nothing while somebody drains: an eviction was refused, or a
//! cordoned node still holds its pods. A budget at zero with nothing draining is no failure.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, label_selector_matches};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::{View, labels};

/// A drain waits for one pod after the other.
const GRACE: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "pdb-blocks-drain",
    subject: Subject::Controller,
    reads: &[Kind::PodDisruptionBudget, Kind::Node, Kind::Pod],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::PodDisruptionBudget).iter().filter_map(|budget| judge(view, budget)).collect()
}

fn judge<'a>(view: &View<'a>, budget: &'a Value) -> Option<Draft> {
    if budget.number("/status/disruptionsAllowed")? > 0 {
        return None;
    }
    let covered = covered(view, budget);
    if covered.is_empty() {
        return None;
    }
    let refused = covered.iter().find_map(|pod| {
        view.newest_event(pod, &["FailedEviction", "EvictionBlocked", "FailedDraining"], |message| {
            message.contains("disruption budget")
        })
    });
    let held = covered.iter().find_map(|pod| {
        let node = view.node_of(pod)?;
        (node.flag("/spec/unschedulable") && cordoned_for(view, node) >= GRACE).then_some((*pod, node))
    });
    if refused.is_none() && held.is_none() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, budget);
    for field in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
        draft.field(budget, &format!(".status.{field}"));
    }
    if let Some(event) = refused {
        draft.event(event);
    } else {
        // That the node is being drained is inferred from the cordon.
        draft.confidence(Confidence::Medium);
    }
    let mut place = String::new();
    if let Some((pod, node)) = held {
        draft.field(node, ".spec.unschedulable");
        draft.field(pod, ".spec.nodeName");
        draft.affects(node);
        draft.affects(pod);
        place = format!(" of node {}", node.name());
    }
    // What is not ready below the budget is why it allows nothing.
    for pod in &covered {
        draft.depends_on.insert(pod.key());
    }
    let (healthy, wanted) = (
        budget.number("/status/currentHealthy").unwrap_or_default(),
        budget.number("/status/desiredHealthy")?,
    );
    draft.summary(format!(
        "disruption budget {} allows no eviction ({healthy} healthy, {wanted} wanted): the drain{place} waits",
        budget.name()
    ));
    let (namespace, name) = (budget.namespace(), budget.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "poddisruptionbudget", name], "what it counts");
    draft.suggest("add a replica, or let the budget allow one disruption: maxUnavailable 1");
    Some(draft)
}

/// The pods that a budget selects. An empty selector selects all of its namespace.
pub(super) fn covered<'a>(view: &View<'a>, budget: &Value) -> Vec<&'a Value> {
    let Some(selector) = budget.pointer("/spec/selector") else { return Vec::new() };
    let plain = selector.pairs("/matchLabels");
    let namespace = budget.namespace();
    let candidates =
        if plain.is_empty() { view.pods_in(namespace).to_vec() } else { view.selected(namespace, &plain) };
    candidates.into_iter().filter(|pod| label_selector_matches(selector, labels(pod))).collect()
}

/// Seconds since the cordon, as far as the taint or whoever set it tells; long, when nobody tells.
fn cordoned_for(view: &View<'_>, node: &Value) -> Seconds {
    let taints = node.items("/spec/taints").iter();
    let added = taints
        .filter(|taint| taint.text("/key") == "node.kubernetes.io/unschedulable")
        .find_map(|taint| taint.time("/timeAdded"));
    view.age(added).unwrap_or(Seconds::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, JUST_NOW, LONG_AGO, Scene, healthy_pod};

    fn scene(allowed: i64, node: Value) -> Scene {
        let budget = json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}},
            "status": {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}});
        Scene::new()
            .with(Kind::PodDisruptionBudget, "a", budget)
            .with(Kind::Pod, "a-1", healthy_pod("a"))
            .with(Kind::Node, "n1", node)
    }

    fn node(cordon: Option<&str>) -> Value {
        let taints = cordon.map(|at| json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": at}]));
        json!({"spec": {"unschedulable": cordon.is_some(), "taints": taints.unwrap_or(json!([]))},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}})
    }

    #[test]
    fn a_budget_matters_only_while_somebody_drains() {
        scene(0, node(Some(EARLIER))).finds("pdb-blocks-drain/");
        scene(1, node(Some(EARLIER))).is_silent();
        scene(0, node(None)).is_silent();
        scene(0, node(Some(JUST_NOW))).is_silent();
    }

    #[test]
    fn a_refused_eviction_is_told_in_its_own_words() {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let scene = scene(0, node(None)).event(Kind::Pod, "a-1", "FailedEviction", message);
        scene.finds("pdb-blocks-drain/");
    }
}
