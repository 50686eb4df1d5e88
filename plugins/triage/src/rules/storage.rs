//! Claims and volumes.

mod binding;
mod csi_driver_missing;
mod pv_released;
mod pvc_lost;
mod pvc_resize_stuck;
mod pvc_terminating;
mod pvc_unbound;
mod rwo_shared;
mod users;
mod volume_attach_failed;
mod volume_event;
mod volume_mount_failed;
mod volume_zone;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[
    &pvc_unbound::RULE,
    &pvc_lost::RULE,
    &pv_released::RULE,
    &volume_attach_failed::RULE,
    &volume_mount_failed::RULE,
    &volume_zone::RULE,
    &pvc_resize_stuck::RULE,
    &csi_driver_missing::RULE,
    &rwo_shared::RULE,
    &pvc_terminating::RULE,
];
