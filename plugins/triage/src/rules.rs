//! The rules. One file each, in the sections of the catalogue; a file has all that its rule is: what it reads,
//! when it fires, what it explains.
//!
//! A new rule is a file in its section and its line in the section's table. A rule looks at the [`View`] and
//! returns drafts; it does not rank, collapse or explain: the roll-up does, by what the rule says of itself.

mod admission;
mod configuration;
mod controllers;
mod network;
mod node;
mod packs;
mod pod;
mod scheduling;
mod storage;

use crate::draft::Draft;
use crate::observations::Kind;
use crate::view::View;

/// A rule, as the catalogue has it.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The catalogue's id, kebab-case. Its findings carry it.
    pub(crate) id: &'static str,
    /// What kind of object it is about.
    pub(crate) subject: Subject,
    /// Kinds without which it can not decide: a read that was not permitted names the rules it cost.
    pub(crate) reads: &'static [Kind],
    /// Findings that become symptoms of this one where they stand on its objects.
    pub(crate) explains: &'static [Effect],
    /// What makes a finding of this rule a symptom, seen from here.
    pub(crate) yields_to: &'static [Cause],
    pub(crate) evaluate: fn(&View<'_>) -> Vec<Draft>,
}

/// What a rule is about. Of findings that explain each other in a circle the first of this order is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    ControlPlane,
    Node,
    Admission,
    Storage,
    Configuration,
    /// A container or its pod. Of several rules that match one container the lowest number stays, so it tells how
    /// specific a rule is: 10 a missing reference, 20 an image, 30 volumes and sandboxes, 40 a start that fails,
    /// 50 memory and eviction, 60 probes that kill, 70 what a log line names, 80 a plain crash loop,
    /// 85 readiness, 90 whatever is only a state.
    Pod(u8),
    Controller,
    Network,
    Scaling,
}

/// Findings that a rule explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Whatever is about a container or a pod.
    Pods,
    /// Whatever says no more than that pods are missing: rules that yield to [`Cause::Pods`].
    MissingPods,
    /// Whatever needs the broken object over the network: rules that yield to [`Cause::Dependency`].
    Dependents,
    /// The findings of one rule.
    Rule(&'static str),
    /// The findings of one class of a rule.
    Class(&'static str, &'static str),
}

/// Findings that explain a rule's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Anything that is wrong with the pods below.
    Pods,
    /// A broken Service, workload or node that the draft names in `depends_on`.
    Dependency,
    /// The findings of one rule.
    Rule(&'static str),
}

impl Rule {
    /// Is it about a container or a pod?
    pub(crate) fn is_of_pod(&self) -> bool {
        matches!(self.subject, Subject::Pod(_))
    }

    /// How specific it is among the rules of one container: lower wins.
    pub(crate) fn rank(&self) -> u8 {
        match self.subject {
            Subject::Pod(rank) => rank,
            Subject::ControlPlane
            | Subject::Node
            | Subject::Admission
            | Subject::Storage
            | Subject::Configuration
            | Subject::Controller
            | Subject::Network
            | Subject::Scaling => u8::MAX,
        }
    }

    /// Does it say no more than that pods are missing?
    pub(crate) fn misses_pods(&self) -> bool {
        self.yields_to.contains(&Cause::Pods)
    }

    /// Can it be the fault of something that it needs?
    pub(crate) fn depends(&self) -> bool {
        self.yields_to.contains(&Cause::Dependency)
    }

    /// May a finding of this rule explain one of another, of a class?
    pub(crate) fn may_explain(&self, other: &Self, class: &str) -> bool {
        let declared = self.explains.iter().any(|effect| match effect {
            Effect::Pods => other.is_of_pod(),
            Effect::MissingPods => other.misses_pods(),
            Effect::Dependents => other.depends(),
            Effect::Rule(id) => *id == other.id,
            Effect::Class(id, of) => *id == other.id && *of == class,
        });
        declared || self.names(other)
    }

    /// Does one of the two name the other? Then it is known what comes first, whatever the times say.
    pub(crate) fn names(&self, other: &Self) -> bool {
        self.explains.contains(&Effect::Rule(other.id)) || other.yields_to.contains(&Cause::Rule(self.id))
    }
}

/// Every rule, section by section. The order has no meaning: findings are sorted.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    let sections = [
        pod::RULES,
        configuration::RULES,
        scheduling::RULES,
        controllers::RULES,
        network::RULES,
        storage::RULES,
        node::RULES,
        admission::RULES,
        packs::RULES,
    ];
    sections.into_iter().flatten().copied()
}

/// The rule of an id.
pub(crate) fn by_id(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id == id)
}

pub(crate) use network::{backends, workloads_of};

#[cfg(test)]
pub(crate) mod scene;
#[cfg(test)]
mod tests;
