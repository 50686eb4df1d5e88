//! `pdb-misconfigured` (`sync-failed`, `overlap`, `no-pods`): a disruption budget that can not work: its controller
//! says so, or a pod stands under two, so that it can never be evicted. One that selects nothing is a note.

use std::collections::BTreeMap;

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

use super::pdb_blocks_drain::covered;

pub(super) const RULE: Rule = Rule {
    id: "pdb-misconfigured",
    subject: Subject::Controller,
    reads: &[Kind::PodDisruptionBudget, Kind::Pod],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let budgets = view.all(Kind::PodDisruptionBudget);
    let mut drafts: Vec<Draft> = budgets
        .iter()
        .filter_map(|budget| sync_failed(view, budget).or_else(|| no_pods(view, budget)))
        .collect();
    let mut by_pod: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
    for budget in budgets {
        for pod in covered(view, budget) {
            by_pod.entry((pod.namespace(), pod.name())).or_default().push(budget);
        }
    }
    // Replicas share their budgets: one finding for each pair.
    let mut told: Vec<(String, String)> = Vec::new();
    for ((namespace, name), over) in by_pod {
        let [first, second, ..] = over.as_slice() else { continue };
        let pair = (first.key(), second.key());
        if told.contains(&pair) {
            continue;
        }
        told.push(pair);
        let Some(pod) = view.find(Kind::Pod, namespace, name).found() else { continue };
        drafts.push(overlap(first, second, pod));
    }
    drafts
}

fn sync_failed(view: &View<'_>, budget: &Value) -> Option<Draft> {
    let condition = budget.condition("DisruptionAllowed")?;
    if condition.text("/reason") != "SyncFailed" || view.age(condition.time("/lastTransitionTime"))? < 300 {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "sync-failed", Severity::Warning, budget);
    draft.field(budget, ".status.conditions[type=DisruptionAllowed].reason");
    draft.field(budget, ".status.conditions[type=DisruptionAllowed].message");
    draft.since(budget, ".status.conditions[type=DisruptionAllowed].lastTransitionTime");
    let message = condition.text("/message");
    draft.summary(format!("disruption budget {} can not be computed: {message}", budget.name()));
    Some(draft)
}

fn overlap(first: &Value, second: &Value, pod: &Value) -> Draft {
    let mut draft = Draft::new(RULE.id, "overlap", Severity::Warning, first);
    draft.collapse = format!("{} {}", first.key(), second.key());
    draft.parameters.push(second.name().to_owned());
    draft.field(first, ".spec.selector");
    draft.field(second, ".spec.selector");
    draft.field(pod, ".metadata.labels");
    draft.affects(second);
    draft.affects(pod);
    draft.summary(format!(
        "pod {} stands under two disruption budgets, {} and {}: it can not be evicted",
        pod.name(),
        first.name(),
        second.name()
    ));
    draft.suggest("one budget for each pod: narrow one selector");
    draft
}

fn no_pods(view: &View<'_>, budget: &Value) -> Option<Draft> {
    let namespace = budget.namespace();
    if !view.is_complete(Kind::Pod, namespace) || !covered(view, budget).is_empty() {
        return None;
    }
    let workloads = view.workloads_in(namespace).iter().copied();
    let near = nearest::name(budget.name(), workloads.clone().map(Object::name));
    let same = workloads.clone().any(|workload| workload.name() == budget.name());
    let scaled_down = workloads.into_iter().any(|workload| {
        let labels = workload.pointer("/spec/template/metadata/labels").unwrap_or(&Value::Null);
        let selector = budget.pointer("/spec/selector").unwrap_or(&Value::Null);
        crate::object::label_selector_matches(selector, labels)
    });
    if scaled_down || (near.is_none() && !same) {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "no-pods", Severity::Note, budget);
    draft.field(budget, ".spec.selector");
    draft.computed(budget, ".status.expectedPods", 0);
    draft.summary(format!("disruption budget {} selects no pod", budget.name()));
    draft.suggest(format!("the labels of {} may be meant", near.unwrap_or(budget.name())));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene, healthy_pod};

    fn budget(labels: &Value) -> Value {
        json!({"spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}, "status": {"disruptionsAllowed": 1}})
    }

    #[test]
    fn a_pod_under_two_budgets_can_not_be_evicted() {
        let one = Scene::new()
            .with(Kind::Pod, "a-1", healthy_pod("a"))
            .with(Kind::Pod, "a-2", healthy_pod("a"))
            .with(Kind::PodDisruptionBudget, "a", budget(&json!({"app": "a"})));
        one.is_silent();
        one.with(Kind::PodDisruptionBudget, "all", budget(&json!({}))).finds("pdb-misconfigured/overlap");
    }

    #[test]
    fn a_budget_that_its_controller_can_not_compute_says_why() {
        let mut budget = budget(&json!({"app": "a"}));
        budget["status"]["conditions"] = json!([{"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed",
            "message": "jobs.batch does not implement the scale subresource", "lastTransitionTime": EARLIER}]);
        Scene::new().with(Kind::PodDisruptionBudget, "a", budget).finds("pdb-misconfigured/sync-failed");
    }

    #[test]
    fn a_budget_for_nothing_is_a_note_beside_a_workload_of_its_name() {
        let workload = json!({"spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "web"}}}},
            "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}});
        let scene = Scene::new().with(Kind::Deployment, "web", workload).with(
            Kind::PodDisruptionBudget,
            "web",
            budget(&json!({"app": "wbe"})),
        );
        assert!(scene.told().is_empty());
        assert_eq!(scene.noted(), ["pdb-misconfigured/no-pods"]);
        assert!(scene.forbid(Kind::Pod).noted().is_empty());
    }
}
