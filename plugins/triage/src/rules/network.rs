//! Services, ingress, names and policies.

mod complaint;
mod consumer;
mod coredns_config;
mod coredns_unhealthy;
mod dns_policy;
mod endpoints;
mod env_address_mismatch;
mod ingress_backend;
mod ingress_class_missing;
mod ingress_conflict;
mod ingress_tls_missing;
mod intended_path;
mod netpol_blocks_dns;
mod netpol_blocks_path;
mod policy;
mod resolver;
mod route;
mod svc_lb_pending;
mod svc_local_policy_hole;
mod svc_no_ready_endpoints;
mod svc_polluted_selector;
mod svc_port_mismatch;
mod svc_protocol_mismatch;
mod svc_selector_no_match;
mod target_port;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &dns_policy::RULE,
    &env_address_mismatch::RULE,
    &svc_selector_no_match::RULE,
    &svc_no_ready_endpoints::RULE,
    &svc_port_mismatch::RULE,
    &svc_protocol_mismatch::RULE,
    &svc_polluted_selector::RULE,
    &svc_local_policy_hole::RULE,
    &svc_lb_pending::RULE,
    &coredns_unhealthy::RULE,
    &coredns_config::RULE,
    &netpol_blocks_path::RULE,
    &netpol_blocks_dns::RULE,
    &ingress_class_missing::RULE,
    &ingress_backend::RULE,
    &ingress_tls_missing::RULE,
    &ingress_conflict::RULE,
];

pub(crate) use endpoints::workloads_of;
pub(crate) use route::backends;
