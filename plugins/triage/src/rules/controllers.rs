//! Controllers.

mod controller_not_reconciling;
mod cronjob_invalid;
mod cronjob_missed;
mod deployment_unavailable;
mod ds_not_ready;
mod failed_create;
mod job_failed;
mod job_stalled;
pub(super) mod readiness;
pub(super) mod refused;
mod replicas_zero;
mod rollout_stuck;
mod sts_ordinal_blocked;
mod sts_service_missing;
mod sts_storageclass_missing;
mod template_drift;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &failed_create::RULE,
    &rollout_stuck::RULE,
    &deployment_unavailable::RULE,
    &replicas_zero::RULE,
    &sts_ordinal_blocked::RULE,
    &sts_service_missing::RULE,
    &sts_storageclass_missing::RULE,
    &ds_not_ready::RULE,
    &job_failed::RULE,
    &job_stalled::RULE,
    &cronjob_invalid::RULE,
    &cronjob_missed::RULE,
    &template_drift::RULE,
    &controller_not_reconciling::RULE,
];
