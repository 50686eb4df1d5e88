//! Scheduling.

mod node_cordoned_blocking;
mod pending_no_scheduler;
mod pending_unschedulable;
pub(super) mod placement;
mod priority_cascade;
mod scheduling_gated;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &pending_unschedulable::RULE,
    &scheduling_gated::RULE,
    &pending_no_scheduler::RULE,
    &node_cordoned_blocking::RULE,
    &priority_cascade::RULE,
];
