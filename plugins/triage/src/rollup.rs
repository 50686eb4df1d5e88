//! One failure is one finding: replicas collapse, the most specific rule of a container wins, and what
//! another finding explains becomes its symptom.

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::{Confidence, Symptom};

use crate::draft::{Draft, same};
use crate::graph::Graph;
use crate::object::Seconds;
use crate::view::View;

/// Sample pods that a finding names, beside the count.
const SAMPLES: usize = 3;
/// Clocks and event times are not exact; a cause may seem to begin a little after its effect.
const SLACK: Seconds = 300;

/// Rules of one container or pod, the most specific first.
const POD_RULES: [&str; 29] = [
    "config-ref-missing",
    "image-pull",
    "volume-attach-failed",
    "volume-mount-failed",
    "sandbox-failed",
    "container-start-failed",
    "create-container-error",
    "lifecycle-hook-failed",
    "oom-killed",
    "evicted",
    "sidecar-port-conflict",
    "liveness-failing",
    "startup-failing",
    "app-resource-exhausted",
    "rbac-denied",
    "env-address-mismatch",
    "dependency-unreachable",
    "crashloop",
    "readiness-failing",
    "init-blocked",
    "pending-unschedulable",
    "pending-no-scheduler",
    "container-not-starting",
    "stuck-terminating",
    "quota-exceeded",
    "psa-blocks",
    "limitrange-conflict",
    "webhook-unreachable",
    "failed-create",
];

/// Rules that say no more than that pods are missing.
const CONSEQUENCES: [&str; 12] = [
    "rollout-stuck",
    "deployment-unavailable",
    "sts-ordinal-blocked",
    "ds-not-ready",
    "job-failed",
    "svc-no-ready-endpoints",
    "hpa-no-metrics",
    "hpa-maxed",
    "apiservice-unavailable",
    "coredns-unhealthy",
    "cronjob-missed",
    "webhook-unreachable",
];

/// Rules whose failure may come from a Service that the container needs.
const DEPENDENTS: [&str; 10] = [
    "dependency-unreachable",
    "crashloop",
    "readiness-failing",
    "liveness-failing",
    "startup-failing",
    "init-blocked",
    "job-failed",
    "apiservice-unavailable",
    "volume-attach-failed",
    "pending-unschedulable",
];

/// Makes root causes of drafts.
pub(crate) fn roll_up(view: &View<'_>, drafts: &[Draft]) -> Vec<Draft> {
    let mut drafts = collapse(most_specific(drafts));
    drafts.sort_by(|one, other| place(one).cmp(&place(other)));
    let mut graph = Graph::new(view);
    let reach: Vec<(BTreeSet<String>, BTreeSet<String>)> = drafts
        .iter()
        .map(|draft| (graph.reach([draft.root_key()]), graph.reach(draft.depends_on.iter().cloned())))
        .collect();
    let explainers: Vec<Vec<usize>> = drafts
        .iter()
        .zip(&reach)
        .map(|(effect, (own, depends))| {
            let causes = drafts.iter().enumerate();
            let found = causes.filter(|(_, cause)| explains(cause, effect, own, depends));
            found.map(|(index, _)| index).collect()
        })
        .collect();
    attach(&drafts, &roots(&explainers))
}

/// Where a draft stands when nothing else decides: the deeper cause first.
fn place(draft: &Draft) -> (usize, Seconds, &str, &str, String, &str) {
    let finding = &draft.finding;
    let since = draft.since.unwrap_or(Seconds::MAX);
    (tier(&finding.rule), since, &finding.rule, &finding.class, draft.root_key(), &draft.collapse)
}

fn tier(rule: &str) -> usize {
    match rule {
        "coredns-unhealthy" | "apiservice-unavailable" => 0,
        rule if rule.starts_with("node-") => 1,
        "quota-exceeded" | "psa-blocks" | "limitrange-conflict" | "webhook-unreachable" => 2,
        rule if rule.starts_with("pvc-") => 3,
        "config-ref-missing" => 4,
        rule if CONSEQUENCES.contains(&rule) => 7,
        rule if POD_RULES.contains(&rule) => 5,
        _ => 6,
    }
}

fn rank(rule: &str) -> usize {
    POD_RULES.iter().position(|known| *known == rule).unwrap_or(POD_RULES.len())
}

fn container(draft: &Draft) -> Option<&str> {
    draft.finding.objects.first().and_then(|root| root.container.as_deref())
}

/// Of the rules that match one container, the most specific stays.
fn most_specific(drafts: &[Draft]) -> Vec<Draft> {
    let mut by_pod: BTreeMap<String, Vec<(usize, Option<String>)>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| is_of_pod(draft)) {
        let entry = (rank(&draft.finding.rule), container(draft).map(str::to_owned));
        by_pod.entry(draft.root_key()).or_default().push(entry);
    }
    let loses = |draft: &Draft| {
        let own = rank(&draft.finding.rule);
        by_pod.get(&draft.root_key()).is_some_and(|rivals| {
            rivals.iter().any(|(rank, rival)| {
                let together =
                    rival.is_none() || container(draft).is_none() || rival.as_deref() == container(draft);
                together && *rank < own
            })
        })
    };
    drafts.iter().filter(|draft| !is_of_pod(draft) || !loses(draft)).cloned().collect()
}

fn is_of_pod(draft: &Draft) -> bool {
    draft.finding.objects.first().is_some_and(|root| root.kind == "Pod")
}

/// Replicas that fail alike are one finding.
fn collapse(mut drafts: Vec<Draft>) -> Vec<Draft> {
    drafts.sort_by_key(Draft::root_key);
    let mut groups: BTreeMap<(String, String, String), Draft> = BTreeMap::new();
    for draft in drafts {
        let finding = &draft.finding;
        let key = (finding.rule.clone(), finding.class.clone(), draft.collapse.clone());
        match groups.get_mut(&key) {
            Some(first) => merge(first, draft),
            None => {
                groups.insert(key, draft);
            }
        }
    }
    groups.into_values().collect()
}

fn merge(first: &mut Draft, other: Draft) {
    first.finding.count += other.finding.count;
    first.since_at(other.since, other.finding.since_source.clone().unwrap_or_default());
    first.takes_down.extend(other.takes_down);
    first.depends_on.extend(other.depends_on);
    for mut object in other.finding.objects {
        let known = first.finding.objects.iter().any(|known| same(known, &object));
        let samples = first.finding.objects.iter().filter(|known| known.kind == object.kind).count();
        if !known && samples < SAMPLES {
            object.role = holmes_protocol::ObjectRole::Affected;
            first.finding.objects.push(object);
        }
    }
    for owner in other.finding.owner_chain {
        let known =
            first.finding.owner_chain.iter().chain(&first.finding.objects).any(|known| same(known, &owner));
        if !known {
            first.finding.objects.push(owner);
        }
    }
}

/// Is the effect a consequence of the cause?
fn explains(cause: &Draft, effect: &Draft, own: &BTreeSet<String>, depends: &BTreeSet<String>) -> bool {
    let (why, what) = (&cause.finding, &effect.finding);
    let is_itself = why.rule == what.rule && why.class == what.class && cause.collapse == effect.collapse;
    if is_itself || why.confidence < Confidence::Medium {
        return false;
    }
    let touches = |reach: &BTreeSet<String>| cause.takes_down.iter().any(|key| reach.contains(key));
    let (cause_rule, effect_rule) = (why.rule.as_str(), what.rule.as_str());
    let by_structure = touches(own) && may_explain(cause_rule, effect_rule, cause, effect);
    let in_time = cause.since.zip(effect.since).is_none_or(|(cause, effect)| cause <= effect + SLACK);
    let breaks_others = POD_RULES.contains(&cause_rule)
        || cause_rule.starts_with("svc-") && cause_rule != "svc-lb-pending"
        || cause_rule.starts_with("node-")
        || cause_rule == "replicas-zero";
    let is_own = cause.top_key() == effect.top_key();
    let by_dependency =
        !is_own && touches(depends) && in_time && breaks_others && DEPENDENTS.contains(&effect_rule);
    let by_dns = cause_rule == "coredns-unhealthy" && what.class == "dns" && in_time;
    by_structure || by_dependency || by_dns
}

fn may_explain(cause: &str, effect: &str, one: &Draft, other: &Draft) -> bool {
    let of_pod = POD_RULES.contains(&effect);
    let consequence = CONSEQUENCES.contains(&effect);
    match cause {
        rule if rule.starts_with("node-") => (of_pod || consequence) && !effect.starts_with("node-"),
        rule if rule.starts_with("pvc-") => {
            consequence
                || matches!(effect, "pending-unschedulable" | "volume-mount-failed" | "volume-attach-failed")
        }
        rule if rule.starts_with("netpol-") => {
            consequence || DEPENDENTS.contains(&effect) || effect.starts_with("netpol-") && tie(one, other)
        }
        "webhook-unreachable" if effect == "webhook-unreachable" => {
            let is_hook = |draft: &Draft| draft.root_key().contains("WebhookConfiguration");
            one.collapse == other.collapse && is_hook(one) && !is_hook(other)
        }
        "namespace-stuck-terminating" => effect == "finalizer-stuck",
        "svc-selector-no-match" | "svc-port-mismatch" => {
            matches!(effect, "apiservice-unavailable" | "webhook-unreachable" | "svc-no-ready-endpoints")
        }
        "apiservice-unavailable" => matches!(effect, "hpa-no-metrics" | "namespace-stuck-terminating"),
        "coredns-unhealthy" => matches!(effect, "svc-no-ready-endpoints"),
        "rollout-stuck" | "deployment-unavailable" | "sts-ordinal-blocked" => matches!(
            effect,
            "svc-no-ready-endpoints" | "hpa-no-metrics" | "hpa-maxed" | "apiservice-unavailable"
        ),
        "job-failed" => effect == "cronjob-missed",
        "replicas-zero" => effect == "svc-no-ready-endpoints",
        rule if POD_RULES.contains(&rule) => {
            let same_owner = one.top_key() == other.top_key();
            consequence && effect != rule || of_pod && same_owner && rank(rule) < rank(effect)
        }
        _ => false,
    }
}

/// Of two policies that deny one workload its ways, the first stands for both.
fn tie(one: &Draft, other: &Draft) -> bool {
    one.root_key() == other.root_key()
        && (&one.finding.rule, &one.collapse) < (&other.finding.rule, &other.collapse)
}

/// For every draft the root that it belongs to; a root belongs to itself.
fn roots(explainers: &[Vec<usize>]) -> Vec<usize> {
    let mut root: Vec<Option<usize>> =
        explainers.iter().enumerate().map(|(index, causes)| causes.is_empty().then_some(index)).collect();
    loop {
        let mut changed = false;
        for (index, causes) in explainers.iter().enumerate() {
            if root.get(index).copied().flatten().is_none()
                && let Some(found) = causes.iter().find_map(|cause| root.get(*cause).copied().flatten())
                && let Some(slot) = root.get_mut(index)
            {
                *slot = Some(found);
                changed = true;
            }
        }
        if changed {
            continue;
        }
        // What is left explains itself in a circle: the first in order is its root.
        let Some(stuck) = root.iter().position(Option::is_none) else { break };
        if let Some(slot) = root.get_mut(stuck) {
            *slot = Some(stuck);
        }
    }
    root.into_iter().enumerate().map(|(index, root)| root.unwrap_or(index)).collect()
}

/// Hangs symptoms under their roots.
fn attach(drafts: &[Draft], roots: &[usize]) -> Vec<Draft> {
    let mut symptoms: BTreeMap<usize, Vec<&Draft>> = BTreeMap::new();
    for (index, (draft, root)) in drafts.iter().zip(roots).enumerate() {
        if index != *root {
            symptoms.entry(*root).or_default().push(draft);
        }
    }
    let mut found = Vec::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(index, _)| roots.get(*index) == Some(index)) {
        let mut root = draft.clone();
        for symptom in symptoms.get(&index).into_iter().flatten() {
            let finding = &symptom.finding;
            root.finding.severity = root.finding.severity.max(finding.severity);
            if root.finding.change.is_empty() && root.top_key() == symptom.top_key() {
                root.finding.change.clone_from(&finding.change);
            }
            root.finding.symptoms.push(Symptom {
                rule: finding.rule.clone(),
                class: finding.class.clone(),
                object: symptom.root_key(),
                since: finding.since.clone(),
                summary: finding.summary.clone(),
            });
        }
        found.push(root);
    }
    found
}
