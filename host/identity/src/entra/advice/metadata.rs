//! Failures of the instance metadata service, which gives managed identities their tokens.

use super::Advice;
use crate::{
    AuthError,
    entra::{Link, LinkOutcome},
};

/// What the service says when the machine does not have the identity. Its answer has no code to go by.
const NOT_FOUND: &str = "identity not found";

/// None: the failure is not the metadata service's.
pub(super) fn advise(error: &AuthError) -> Option<Advice> {
    let report = error.links.iter().find(|report| report.link == Link::ManagedIdentity)?;
    let status = match report.outcome {
        LinkOutcome::Failed => error.status?,
        // A machine without the identity leaves the chain to the next link, and the error without a status.
        LinkOutcome::Unavailable if report.detail.to_ascii_lowercase().contains(NOT_FOUND) => 400,
        LinkOutcome::Unavailable | LinkOutcome::Token | LinkOutcome::Skipped => return None,
    };
    let (id, fix) = match status {
        400 => (
            "imds-identity-not-found",
            "attach the user-assigned identity to the scale set of the nodes: az vmss identity assign \
             --resource-group NODE_RESOURCE_GROUP --name SCALE_SET --identities IDENTITY_RESOURCE_ID; \
             in a pod, workload identity needs no such thing",
        ),
        404 | 410 => (
            "imds-not-ready",
            "the metadata service is starting or being updated, which takes up to 70 seconds; it is asked again",
        ),
        429 => (
            "imds-throttled",
            "the metadata service allows few requests for a whole node; it is asked again after a pause",
        ),
        _ => return None,
    };
    Some(Advice::new(id, report.detail.clone(), fix))
}
