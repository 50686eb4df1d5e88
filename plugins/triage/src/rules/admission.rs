//! Admission, scaling, disruption, certificates, deletion.

mod autoscaler;
mod certificate;
mod finalizer_stuck;
mod hpa_conflict;
mod hpa_maxed;
mod hpa_no_metrics;
mod hpa_no_requests;
mod hpa_target_missing;
mod limitrange_conflict;
mod namespace_stuck_terminating;
mod pdb_blocks_drain;
mod pdb_misconfigured;
mod psa_blocks;
mod quota_exceeded;
mod quota_near_limit;
mod rbac_missing_subject;
mod tls_expired;
mod tls_expiring;
mod webhook;
mod webhook_ca_invalid;
mod webhook_slow;
mod webhook_unreachable;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &quota_exceeded::RULE,
    &quota_near_limit::RULE,
    &limitrange_conflict::RULE,
    &psa_blocks::RULE,
    &webhook_unreachable::RULE,
    &webhook_ca_invalid::RULE,
    &webhook_slow::RULE,
    &hpa_target_missing::RULE,
    &hpa_no_metrics::RULE,
    &hpa_no_requests::RULE,
    &hpa_maxed::RULE,
    &hpa_conflict::RULE,
    &pdb_blocks_drain::RULE,
    &pdb_misconfigured::RULE,
    &tls_expired::RULE,
    &tls_expiring::RULE,
    &namespace_stuck_terminating::RULE,
    &finalizer_stuck::RULE,
    &rbac_missing_subject::RULE,
];
