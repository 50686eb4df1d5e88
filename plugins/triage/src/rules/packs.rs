//! Rules about what is installed beside Kubernetes itself; they look only where its API group is served.

mod argo_application_failed;
mod azure_workload_identity;
mod cert_not_issued;
mod chaos_experiment_active;
mod flux_not_ready;
mod gateway_not_programmed;
mod gatewayclass_not_accepted;
mod keda_scaledobject_failed;
mod mesh_denied;
mod olm_failed;
mod route_backend;
mod route_not_attached;
mod states;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &gatewayclass_not_accepted::RULE,
    &gateway_not_programmed::RULE,
    &route_not_attached::RULE,
    &route_backend::RULE,
    &cert_not_issued::RULE,
    &keda_scaledobject_failed::RULE,
    &flux_not_ready::RULE,
    &argo_application_failed::RULE,
    &olm_failed::RULE,
    &mesh_denied::RULE,
    &chaos_experiment_active::RULE,
    &azure_workload_identity::RULE,
];
