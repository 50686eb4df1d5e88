//! One failure is one finding: replicas collapse, the most specific rule of a container wins, and what
//! another finding explains becomes its symptom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holmes_protocol::{Confidence, Symptom};

use crate::draft::{Draft, same};
use crate::graph::Graph;
use crate::object::Seconds;
use crate::rules::{self, Rule};
use crate::view::View;

/// Sample pods that a finding names, beside the count.
const SAMPLES: usize = 3;
/// Clocks and event times are not exact; a cause may seem to begin a little after its effect.
const SLACK: Seconds = 300;

/// Makes root causes of drafts.
pub(crate) fn roll_up(view: &View<'_>, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut candidates = collapse(most_specific(candidates(drafts)));
    candidates.sort_by(|one, other| place(one).cmp(&place(other)));
    let mut graph = Graph::new(view);
    let reach: Vec<(BTreeSet<String>, BTreeSet<String>)> = candidates
        .iter()
        .map(|Candidate { draft, .. }| {
            (graph.reach([draft.root_key()]), graph.reach(draft.depends_on.iter().cloned()))
        })
        .collect();
    // Only what takes down something that an effect stands on can be behind it: a cluster that has lost thousands
    // of pods has thousands of candidates, and most have nothing to do with each other.
    let mut takers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for key in &candidate.draft.takes_down {
            takers.entry(key).or_default().push(index);
        }
    }
    let explainers: Vec<Vec<usize>> = candidates
        .iter()
        .zip(&reach)
        .map(|(effect, (own, depends))| {
            let near: BTreeSet<usize> = own
                .iter()
                .chain(depends)
                .filter_map(|key| takers.get(key.as_str()))
                .flatten()
                .copied()
                .collect();
            let behind = |index: &usize| {
                candidates.get(*index).is_some_and(|cause| explains(cause, effect, own, depends))
            };
            let mut causes: Vec<usize> = near.into_iter().filter(behind).collect();
            // What is wrong with the same workload is nearer than what is wrong below it.
            let is_far = |index: &usize| {
                candidates.get(*index).is_none_or(|cause| cause.draft.top_key() != effect.draft.top_key())
            };
            causes.sort_by_key(is_far);
            causes
        })
        .collect();
    attach(&candidates, &roots(&explainers), &explainers)
}

/// A draft and the rule that it is from.
#[derive(Debug, Clone)]
struct Candidate {
    draft: Draft,
    rule: &'static Rule,
}

/// A draft of a rule that is in no table has nothing to say; a test holds that there is none.
fn candidates(drafts: Vec<Draft>) -> Vec<Candidate> {
    let rules: BTreeMap<&str, &'static Rule> = rules::all().map(|rule| (rule.id, rule)).collect();
    drafts
        .into_iter()
        .filter_map(|draft| {
            let rule = rules.get(draft.finding.rule.as_str()).copied()?;
            Some(Candidate { draft, rule })
        })
        .collect()
}

/// Where a draft stands when nothing else decides: the deeper cause first.
fn place(candidate: &Candidate) -> (rules::Subject, bool, Seconds, &str, &str, String, &str) {
    let Candidate { draft, rule } = candidate;
    let since = draft.since.unwrap_or(Seconds::MAX);
    (
        rule.subject,
        rule.misses_pods(),
        since,
        rule.id,
        &draft.finding.class,
        draft.root_key(),
        &draft.collapse,
    )
}

fn container(draft: &Draft) -> Option<&str> {
    draft.finding.objects.first().and_then(|root| root.container.as_deref())
}

/// Of the rules that match one container, the most specific stays. A note is no rival: it is told beside them.
fn most_specific(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let competes = |Candidate { draft, .. }: &Candidate| {
        is_of_pod(draft) && draft.finding.severity > holmes_protocol::Severity::Note
    };
    let mut by_pod: BTreeMap<String, Vec<(u8, Option<String>)>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| competes(candidate)) {
        let Candidate { draft, rule } = candidate;
        let entry = (rule.rank(), container(draft).map(str::to_owned));
        by_pod.entry(draft.root_key()).or_default().push(entry);
    }
    let loses = |Candidate { draft, rule }: &Candidate| {
        by_pod.get(&draft.root_key()).is_some_and(|rivals| {
            rivals.iter().any(|(rank, rival)| {
                let together =
                    rival.is_none() || container(draft).is_none() || rival.as_deref() == container(draft);
                together && *rank < rule.rank()
            })
        })
    };
    candidates.into_iter().filter(|candidate| !competes(candidate) || !loses(candidate)).collect()
}

fn is_of_pod(draft: &Draft) -> bool {
    draft.finding.objects.first().is_some_and(|root| root.kind == "Pod")
}

/// Replicas that fail alike are one finding.
fn collapse(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_cached_key(|candidate| candidate.draft.root_key());
    let mut groups: BTreeMap<(&str, String, String), Candidate> = BTreeMap::new();
    for candidate in candidates {
        let draft = &candidate.draft;
        let key = (candidate.rule.id, draft.finding.class.clone(), draft.collapse.clone());
        match groups.get_mut(&key) {
            Some(first) => merge(&mut first.draft, candidate.draft),
            None => {
                groups.insert(key, candidate);
            }
        }
    }
    groups.into_values().collect()
}

fn merge(first: &mut Draft, other: Draft) {
    first.finding.count += other.finding.count;
    first.finding.severity = first.finding.severity.max(other.finding.severity);
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
fn explains(
    cause: &Candidate,
    effect: &Candidate,
    own: &BTreeSet<String>,
    depends: &BTreeSet<String>,
) -> bool {
    let (why, what) = (&cause.draft, &effect.draft);
    let is_itself = cause.rule.id == effect.rule.id
        && why.finding.class == what.finding.class
        && why.collapse == what.collapse;
    if is_itself || why.finding.confidence < Confidence::Medium {
        return false;
    }
    let touches = |reach: &BTreeSet<String>| why.takes_down.iter().any(|key| reach.contains(key));
    // Whether pods are missing is told late, and again with every new pod: its time says nothing.
    let in_time = effect.rule.misses_pods()
        || cause.rule.names(effect.rule)
        || why.since.zip(what.since).is_none_or(|(a, b)| a <= b + SLACK);
    let is_own = why.top_key() == what.top_key();
    let by_structure = touches(own)
        && if cause.rule.is_of_pod() {
            let in_pod = effect.rule.is_of_pod() && is_own && cause.rule.rank() < effect.rule.rank();
            effect.rule.misses_pods() && cause.rule.id != effect.rule.id || in_pod
        } else if cause.rule.id == effect.rule.id {
            cause.rule.may_explain(effect.rule, &what.finding.class) && tie(why, what)
        } else {
            cause.rule.may_explain(effect.rule, &what.finding.class)
        };
    let by_dependency = !is_own
        && touches(depends)
        && effect.rule.depends()
        && cause.rule.may_explain(effect.rule, &what.finding.class);
    in_time && (by_structure || by_dependency)
}

/// Of two findings of one rule about one object, the first stands for both.
fn tie(one: &Draft, other: &Draft) -> bool {
    one.root_key() == other.root_key() && one.collapse < other.collapse
}

/// For every draft the root that it belongs to, by its nearest cause; a root belongs to itself.
fn roots(explainers: &[Vec<usize>]) -> Vec<usize> {
    let mut root: Vec<Option<usize>> =
        explainers.iter().enumerate().map(|(index, causes)| causes.is_empty().then_some(index)).collect();
    loop {
        // The nearest cause first; another one where that is caught in a circle.
        if assign(&mut root, explainers, 1) || assign(&mut root, explainers, usize::MAX) {
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

/// Gives the root of a cause, one of the nearest so many, to its effects; false when nothing was left to give.
fn assign(root: &mut [Option<usize>], explainers: &[Vec<usize>], nearest: usize) -> bool {
    let mut changed = false;
    for (index, causes) in explainers.iter().enumerate() {
        let known = |cause: &usize| root.get(*cause).copied().flatten();
        if root.get(index).copied().flatten().is_none()
            && let Some(found) = causes.iter().take(nearest).find_map(known)
            && let Some(slot) = root.get_mut(index)
        {
            *slot = Some(found);
            changed = true;
        }
    }
    changed
}

/// Hangs symptoms under their roots, and names for each root what else may lie behind its symptoms.
fn attach(candidates: &[Candidate], roots: &[usize], explainers: &[Vec<usize>]) -> Vec<Draft> {
    let mut symptoms: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, root) in roots.iter().enumerate().filter(|(index, root)| index != *root) {
        symptoms.entry(*root).or_default().push(index);
    }
    let root_of = |index: &usize| roots.get(*index).copied();
    let mut found = Vec::new();
    for (index, candidate) in
        candidates.iter().enumerate().filter(|(index, _)| root_of(index) == Some(*index))
    {
        let mut root = candidate.draft.clone();
        root.affected.insert(root.top_key());
        let mut others = BTreeSet::new();
        for symptom in symptoms.get(&index).into_iter().flatten() {
            if let Some(Candidate { draft, .. }) = candidates.get(*symptom) {
                suffer(&mut root, draft);
            }
            let causes = explainers.get(*symptom).into_iter().flatten();
            others.extend(causes.filter_map(root_of).filter(|other| *other != index));
        }
        let named = others.iter().filter_map(|other| candidates.get(*other));
        root.finding.also_explained_by =
            named.map(|other| format!("{} {}", other.rule.id, other.draft.root_key())).collect();
        found.push(root);
    }
    found
}

/// A root is as bad as the worst of what it causes.
fn suffer(root: &mut Draft, symptom: &Draft) {
    let finding = &symptom.finding;
    root.finding.severity = root.finding.severity.max(finding.severity);
    root.affected.insert(symptom.top_key());
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
