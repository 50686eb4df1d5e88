//! What may stand at each place of a Kubernetes path.

use super::Refusal;

/// A DNS subdomain's limit, which holds for object names and groups.
const MAX_NAME: usize = 253;
/// A DNS label's limit, which holds for namespaces, resources and versions.
const MAX_LABEL: usize = 63;

pub(super) fn group(value: &str) -> Result<(), Refusal> {
    check("API group", value, MAX_NAME, |byte| plain(byte) || byte == b'.')
}

pub(super) fn version(value: &str) -> Result<(), Refusal> {
    check("API version", value, MAX_LABEL, plain)
}

pub(super) fn resource(value: &str) -> Result<(), Refusal> {
    check("resource", value, MAX_LABEL, plain)
}

pub(super) fn subresource(value: &str) -> Result<(), Refusal> {
    check("subresource", value, MAX_LABEL, plain)
}

pub(super) fn namespace(value: &str) -> Result<(), Refusal> {
    check("namespace", value, MAX_LABEL, plain)
}

/// Names are DNS subdomains; `:` stands in names such as `system:node` and in IP addresses. Only RBAC
/// accepts whatever fits a path segment.
pub(super) fn object(group: &str, value: &str) -> Result<(), Refusal> {
    let rbac = group == "rbac.authorization.k8s.io";
    check("name", value, MAX_NAME, |byte| {
        plain(byte) || matches!(byte, b'.' | b':') || (rbac && byte.is_ascii_graphic() && byte != b'%')
    })
}

fn plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn check(what: &'static str, value: &str, limit: usize, allowed: impl Fn(u8) -> bool) -> Result<(), Refusal> {
    if value.len() <= limit && value.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Refusal::InvalidSegment { what, value: value.to_owned() })
    }
}
