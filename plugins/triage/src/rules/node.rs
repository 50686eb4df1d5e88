//! Nodes and the control plane.

mod api_throttled;
mod apiservice_unavailable;
mod clock_skew;
mod condition;
mod control_plane_pod;
mod crd_not_established;
mod csr_pending;
mod event_storm;
mod node_ip_exhausted;
mod node_lease_stale;
mod node_maintenance;
mod node_network_unavailable;
mod node_not_ready;
mod node_pressure;
mod node_problem;
mod node_rebooted;
mod node_startup_stall;
mod system_daemonset_unhealthy;
mod version_skew;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &node_not_ready::RULE,
    &node_lease_stale::RULE,
    &node_pressure::RULE,
    &node_problem::RULE,
    &node_maintenance::RULE,
    &node_rebooted::RULE,
    &node_startup_stall::RULE,
    &node_ip_exhausted::RULE,
    &node_network_unavailable::RULE,
    &system_daemonset_unhealthy::RULE,
    &control_plane_pod::RULE,
    &apiservice_unavailable::RULE,
    &crd_not_established::RULE,
    &version_skew::RULE,
    &clock_skew::RULE,
    &event_storm::RULE,
    &api_throttled::RULE,
    &csr_pending::RULE,
];

/// Does a `DaemonSet` of this name carry the network or the storage of its nodes?
pub(super) fn is_plumbing(name: &str) -> bool {
    matches!(system_daemonset_unhealthy::role(name), Some("cni" | "kube-proxy" | "csi"))
}
