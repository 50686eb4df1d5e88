//! The api-versions that this toolset was written for, and how many pages of a list it reads.

/// Microsoft.ContainerService, generally available.
pub(crate) const AKS: &str = "2026-08-01";
/// Detectors of a cluster; no generally available version has them.
pub(crate) const DETECTORS: &str = "2024-08-01";
/// Microsoft.Insights, the activity log.
pub(crate) const ACTIVITY: &str = "2015-04-01";
/// Microsoft.Network.
pub(crate) const NETWORK: &str = "2023-09-01";
/// Microsoft.Compute.
pub(crate) const COMPUTE: &str = "2024-11-01";
/// Microsoft.ResourceHealth.
pub(crate) const HEALTH: &str = "2025-05-01";
/// Microsoft.CognitiveServices.
pub(crate) const COGNITIVE: &str = "2025-09-01";

/// A page has 100 to 1,000 objects: enough to count and to find outliers, little enough for one call.
pub(crate) const PAGES: usize = 5;
