//! References to configuration.

mod config_ref_missing;

use crate::rules::Rule;

/// The section's rules.
pub(super) const RULES: &[&Rule] = &[&config_ref_missing::RULE];
