//! The decision about a request to a Kubernetes API, in RBAC's words.

use super::{Decision, missing_grant};
use crate::{
    grants::{Effective, EffectiveUpstream, Grant},
    upstream::kubernetes::{KubernetesRequest, Resolved},
};

pub(super) fn decide(
    effective: &Effective,
    upstream: &str,
    rights: &EffectiveUpstream,
    request: &Resolved,
) -> Decision {
    let request = match request {
        // Discovery and the version say nothing about anybody's data.
        Resolved::NonResource(_) if rights.grant.is_some() => {
            return Decision::Allow { rule: format!("upstreams.{upstream} (discovery)") };
        }
        Resolved::NonResource(path) => return Decision::Deny(missing_grant(effective, upstream, path, "")),
        Resolved::Resource(request) => request,
    };
    let declared = rights.reads.iter().position(|rule| rule.covers(request));
    match (declared, request.is_read()) {
        (Some(index), true) => {
            granted(effective, upstream, rights, request, &format!("upstreams.{upstream}.reads[{index}]"))
        }
        (_, false) => Decision::Deny(denied_write(effective, upstream, rights, request)),
        (None, true) => Decision::Deny(format!(
            "policy-denied: {}\n  manifest: missing - toolset `{}` does not declare this in upstreams.{upstream}.reads",
            describe(request, upstream),
            effective.toolset,
        )),
    }
}

fn granted(
    effective: &Effective,
    upstream: &str,
    rights: &EffectiveUpstream,
    request: &KubernetesRequest,
    declared: &str,
) -> Decision {
    let allowed = match &rights.grant {
        None | Some(Grant::Http(_)) => false,
        Some(Grant::All(_)) => true,
        Some(Grant::Rules(rules)) => rules.iter().any(|rule| rule.covers(request)),
    };
    if allowed {
        return Decision::Allow { rule: declared.to_owned() };
    }
    Decision::Deny(
        missing_grant(effective, upstream, &describe(request, upstream), declared) + &paste(request),
    )
}

/// The line that an operator would add.
fn paste(request: &KubernetesRequest) -> String {
    let namespaces =
        request.namespace.as_ref().map_or_else(String::new, |name| format!(", namespaces: [{name}]"));
    format!(
        ": {{verbs: [{}], groups: [\"{}\"], resources: [{}]{namespaces}}}",
        request.verb,
        request.group,
        request.rule_resource(),
    )
}

/// Writes pass only during an approved invocation, and this version has no approvals.
fn denied_write(
    effective: &Effective,
    upstream: &str,
    rights: &EffectiveUpstream,
    request: &KubernetesRequest,
) -> String {
    let declared = rights.writes.iter().position(|write| write.rule.covers(request));
    let manifest = declared.map_or_else(
        || {
            format!(
                "missing - toolset `{}` does not declare this in upstreams.{upstream}.writes",
                effective.toolset
            )
        },
        |index| format!("declared (upstreams.{upstream}.writes[{index}])"),
    );
    format!(
        "policy-denied: {}\n  manifest: {manifest}\n  approval: missing - this call is read-only, so nothing may be changed",
        describe(request, upstream)
    )
}

/// `` `patch` on `deployments.apps` in `payments` through `kubernetes` ``.
fn describe(request: &KubernetesRequest, upstream: &str) -> String {
    let group = if request.group.is_empty() { String::new() } else { format!(".{}", request.group) };
    let scope =
        request.namespace.as_ref().map_or_else(|| "the whole cluster".to_owned(), |name| format!("`{name}`"));
    format!("`{}` on `{}{group}` in {scope} through `{upstream}`", request.verb, request.rule_resource())
}
