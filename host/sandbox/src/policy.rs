//! The only decision: may this call send this request? Pure, below every interface, and called by `http.send` alone.

mod kubernetes;
mod service;

use std::fmt::Write as _;

use crate::{grants::Effective, upstream::target::Target};

/// What was decided, and the sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send it. Names the key that allowed it, for the audit record.
    Allow {
        /// For example `upstreams.kubernetes.reads[0]`.
        rule: String,
    },
    /// Do not. The text names the missing key, in words an operator can paste.
    Deny(String),
}

/// Decides one request to an upstream. Only a service's queries have a body that counts.
pub(crate) fn decide(
    effective: &Effective,
    upstream: &str,
    target: &Target,
    body: Option<&[u8]>,
) -> Decision {
    let Some(rights) = effective.upstreams.get(upstream) else {
        return Decision::Deny(format!(
            "policy-denied: toolset `{}` does not declare an upstream `{}`\n  manifest: missing - add [upstreams.{}] to toolset.toml",
            effective.toolset,
            upstream.escape_debug(),
            upstream.escape_debug(),
        ));
    };
    match target {
        Target::Kubernetes(request) => kubernetes::decide(effective, upstream, rights, request),
        Target::Service(request) => service::decide(effective, upstream, rights, request, body),
    }
}

fn missing_grant(effective: &Effective, upstream: &str, what: &str, declared: &str) -> String {
    let mut text = format!("policy-denied: {what}\n");
    if !declared.is_empty() {
        let _ = writeln!(text, "  manifest: declared ({declared})");
    }
    let _ = write!(text, "  grant:    missing - add to toolsets.{}.grant.{upstream}", effective.toolset);
    text
}

#[cfg(test)]
mod tests;
