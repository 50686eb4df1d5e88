//! Why an image was not pulled.

use crate::decode::holds_any;

/// Reasons of a waiting container that speak of its image.
pub(crate) const REASONS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// The class, and whether the registry's answer is final: a transient one deserves a second try.
pub(crate) fn class(reason: &str, message: &str, image: &str) -> (&'static str, bool) {
    // A tag may look like a status number, a repository like an error word.
    let text = message.replace(image, "<image>").to_ascii_lowercase();
    let has = |needles: &[&str]| holds_any(&text, needles);
    if reason == "InvalidImageName" || has(&["invalid reference format", "couldn't parse image"]) {
        ("bad-name", true)
    } else if reason == "ErrImageNeverPull" || has(&["imagepullpolicy of never"]) {
        ("never-pull", true)
    } else if reason == "SignatureValidationFailed" || has(&["signature validation failed"]) {
        ("signature", true)
    } else if has(&["no match for platform", "no matching manifest for"]) {
        ("arch", true)
    } else if has(&["429 too many", "toomanyrequests", "too many requests", "pull qps exceeded"]) {
        ("rate-limit", false)
    } else if has(&["no such host", "server misbehaving", "temporary failure in name resolution"]) {
        ("dns", false)
    } else if has(&["x509:", "server gave http response to https client"]) {
        ("tls", true)
    } else if has(&["pull access denied, repository does not exist or may require authorization"]) {
        ("not-found-or-denied", true)
    } else if has(&[
        "unauthorized",
        "authentication required",
        "failed to authorize",
        "no basic auth credentials",
    ]) || has(&["insufficient_scope", "denied:", "401 ", "403 ", "status: 401", "status: 403"])
    {
        ("auth", true)
    } else if has(&["manifest unknown", "name unknown", "not found", "code = notfound"]) {
        ("not-found", true)
    } else if has(&["no space left on device"]) {
        ("disk", true)
    } else if has(&[
        "i/o timeout",
        "connection refused",
        "tls handshake timeout",
        "context deadline exceeded",
        "eof",
    ]) {
        ("network", false)
    } else if has(&["500 ", "502 ", "503 ", "504 ", "unexpected status"]) {
        ("server", false)
    } else {
        ("unknown", false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_answers_have_classes() {
        let image = "registry.example/a/b:401";
        let cases = [
            (
                "failed to resolve reference \"registry.example/a/b:401\": registry.example/a/b:401: not found",
                "not-found",
            ),
            ("failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized", "auth"),
            ("dial tcp: lookup registry.example: no such host", "dns"),
            ("toomanyrequests: You have reached your pull rate limit", "rate-limit"),
            ("no match for platform in manifest: not found", "arch"),
            ("Back-off pulling image \"registry.example/a/b:401\"", "unknown"),
        ];
        for (message, expected) in cases {
            assert_eq!(class("ErrImagePull", message, image).0, expected, "{message}");
        }
    }
}
