//! Pods and containers.

mod app_resource_exhausted;
mod container_not_starting;
mod container_start_failed;
mod crash;
mod crashloop;
mod create_container_error;
mod dependency_unreachable;
mod evicted;
mod image_pull;
mod init_blocked;
mod lifecycle_hook_failed;
mod liveness_failing;
mod oom_killed;
mod pod_failed;
mod pod_rejected;
mod pod_unknown_state;
mod probing;
mod rbac_denied;
mod readiness_failing;
mod readiness_gate;
mod resize_infeasible;
mod restarting;
mod sandbox_failed;
mod sidecar_port_conflict;
mod startup_failing;
mod stuck_terminating;
mod volume_permission;

use serde_json::Value;

use crate::containers::{Container, containers};
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::Rule;
use crate::view::View;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &app_resource_exhausted::RULE,
    &container_not_starting::RULE,
    &container_start_failed::RULE,
    &crashloop::RULE,
    &create_container_error::RULE,
    &dependency_unreachable::RULE,
    &evicted::RULE,
    &image_pull::RULE,
    &init_blocked::RULE,
    &lifecycle_hook_failed::RULE,
    &liveness_failing::RULE,
    &oom_killed::RULE,
    &pod_failed::RULE,
    &pod_rejected::RULE,
    &pod_unknown_state::RULE,
    &rbac_denied::RULE,
    &readiness_failing::RULE,
    &readiness_gate::RULE,
    &resize_infeasible::RULE,
    &restarting::RULE,
    &sandbox_failed::RULE,
    &sidecar_port_conflict::RULE,
    &startup_failing::RULE,
    &stuck_terminating::RULE,
    &volume_permission::RULE,
];

pub(super) use crash::{Crash, failures};
pub(super) use image_pull::refusal;

/// The pods that were placed on a node that answers and of which nothing has started.
fn not_started<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Value> + use<'v, 'a> {
    let pending = view.all(Kind::Pod).iter().filter(|pod| pod.text("/status/phase") == "Pending");
    pending
        .filter(|pod| !pod.is_deleting() && !containers(pod).iter().any(Container::has_started))
        .filter(|pod| view.node_answers(pod))
}

/// When a pod that failed ended, as far as its conditions, containers and age tell.
fn ended_at(pod: &Value) -> Option<Seconds> {
    let target = pod.condition("DisruptionTarget").and_then(|target| target.time("/lastTransitionTime"));
    let ends =
        containers(pod).into_iter().filter_map(|container| container.last_end()?.0.time("/finishedAt")).max();
    target.or(ends).or_else(|| pod.created())
}

/// Has its controller as many pods ready as it wants? A pod of nobody is never made up for.
fn is_made_up_for<'a>(view: &View<'a>, pod: &'a Value) -> bool {
    let Some(owner) = view.owners(pod).first().copied() else {
        // Of a controller that was not read nobody knows what it wants.
        return crate::view::controller(pod).is_some();
    };
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    match owner.kind() {
        "DaemonSet" => number("/status/numberReady") >= number("/status/desiredNumberScheduled"),
        "Job" => owner.condition_is("Complete", "True") || number("/status/active") > 0,
        _ => number("/status/readyReplicas") >= owner.number("/spec/replicas").unwrap_or(1),
    }
}
