//! The decision about a request to any other service: what its kind says first, then method and path.

#[cfg(test)]
mod tests;

use super::{Decision, missing_grant};
use crate::{
    grants::{Effective, EffectiveUpstream, Grant},
    upstream::target::{ServiceRequest, Verdict},
};

pub(super) fn decide(
    effective: &Effective,
    upstream: &str,
    rights: &EffectiveUpstream,
    request: &ServiceRequest,
    body: Option<&[u8]>,
) -> Decision {
    let what = describe(request, upstream);
    let never = |reason: &str| Decision::Deny(format!("policy-denied: {what}\n  never:    {reason}"));
    if let Verdict::Never(reason) = &request.verdict {
        return never(reason);
    }
    let Some(index) = rights.http_reads.iter().position(|rule| rule.covers(request)) else {
        return Decision::Deny(format!(
            "policy-denied: {what}\n  manifest: missing - toolset `{}` does not declare this in upstreams.{upstream}.reads",
            effective.toolset,
        ));
    };
    let declared = format!("upstreams.{upstream}.reads[{index}]");
    let granted = match &rights.grant {
        None | Some(Grant::Rules(_)) => false,
        Some(Grant::All(_)) => true,
        Some(Grant::Http(rules)) => rules.iter().any(|rule| rule.covers(request)),
    };
    if granted {
        let refused = request.refusal_of_body(body);
        return refused.map_or(Decision::Allow { rule: declared }, |reason| never(&reason));
    }
    let paste = format!(": {{methods: [{}], paths: [\"{}\"]}}", request.method, request.path());
    Decision::Deny(missing_grant(effective, upstream, &what, &declared) + &paste)
}

/// `` `Microsoft.Network/networkSecurityGroups/read` (GET) on subscription `s` through `azure-arm` ``.
fn describe(request: &ServiceRequest, upstream: &str) -> String {
    let what = match &request.operation {
        Some(operation) => format!("`{operation}` ({})", request.method),
        None => format!("`{} {}`", request.method, request.path()),
    };
    let scope = request.scope.as_ref().map(|scope| format!(" on {scope}")).unwrap_or_default();
    format!("{what}{scope} through `{upstream}`")
}
