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

/// Reasons that are a class by themselves.
const STATED: [(&str, &str); 3] = [
    ("InvalidImageName", "bad-name"),
    ("ErrImageNeverPull", "never-pull"),
    ("SignatureValidationFailed", "signature"),
];

/// Classes, whether the registry's answer is final (a transient one deserves a second try), and the texts that
/// tell them, in lower case. The first hit wins.
const CLASSES: [(&str, bool, &[&str]); 13] = [
    ("bad-name", true, &["invalid reference format", "couldn't parse image"]),
    ("never-pull", true, &["pull policy of never", "imagepullpolicy of never"]),
    ("signature", true, &["signature validation failed"]),
    ("arch", true, &["no match for platform", "no matching manifest for"]),
    ("rate-limit", false, &["429 too many", "toomanyrequests", "too many requests", "pull qps exceeded"]),
    ("dns", false, &["no such host", "server misbehaving", "temporary failure in name resolution"]),
    ("tls", true, &["x509:", "server gave http response to https client"]),
    (
        "not-found-or-denied",
        true,
        &[
            "pull access denied, repository does not exist or may require authorization",
            "repository does not exist or may require 'docker login'",
        ],
    ),
    (
        "not-found",
        true,
        &[
            "manifest unknown",
            "name unknown",
            "<image>: not found",
            "code = notfound",
            "manifest for <image> not found",
        ],
    ),
    (
        "auth",
        true,
        &[
            "unauthorized",
            "authentication required",
            "failed to authorize",
            "no basic auth credentials",
            "insufficient_scope",
            "denied:",
            "resource is denied",
            "401 ",
            "403 ",
            "status: 401",
            "status: 403",
        ],
    ),
    ("disk", true, &["no space left on device"]),
    (
        "network",
        false,
        &["i/o timeout", "connection refused", "tls handshake timeout", "context deadline exceeded", "eof"],
    ),
    ("server", false, &["500 ", "502 ", "503 ", "504 ", "unexpected status"]),
];

/// The class, and whether the registry's answer is final.
pub(crate) fn class(reason: &str, message: &str, image: &str) -> (&'static str, bool) {
    if let Some((_, class)) = STATED.iter().find(|(stated, _)| *stated == reason) {
        return (class, true);
    }
    // A tag may look like a status number, a repository like an error word; runtimes write the default registry out.
    let text = message.replace(image, "<image>").to_ascii_lowercase().replace("\"<image>\"", "<image>");
    let found = CLASSES.iter().find(|(_, _, texts)| holds_any(&text, texts));
    match found {
        Some((class, definitive, _)) => (class, *definitive),
        // Some runtimes complete the reference, so that it is not the one in the specification.
        None if text.ends_with(": not found") || text.contains("not found:") => ("not-found", true),
        None => ("unknown", false),
    }
}

/// The registry's host in an image reference.
pub(crate) fn registry(image: &str) -> &str {
    let first = image.split('/').next().unwrap_or(image);
    let is_host = image.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if is_host { first } else { "docker.io" }
}

/// Does the cloud's registry know the node by its own identity, without a pull secret?
pub(crate) fn knows_nodes(registry: &str) -> bool {
    let clouds = [".azurecr.io", ".azurecr.cn", ".azurecr.us", ".pkg.dev", ".gcr.io", ".amazonaws.com"];
    registry == "gcr.io" || clouds.iter().any(|cloud| registry.ends_with(cloud))
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
            ("unexpected status from HEAD request to https://registry.example/v2/a/b: 403 Forbidden", "auth"),
            ("dial tcp: lookup registry.example: no such host", "dns"),
            ("toomanyrequests: You have reached your pull rate limit", "rate-limit"),
            ("no match for platform in manifest: not found", "arch"),
            (
                "reading manifest 401 in registry.example/a/b: requested access to the resource is denied",
                "auth",
            ),
            (
                "pull access denied, repository does not exist or may require authorization: insufficient_scope",
                "not-found-or-denied",
            ),
            ("unexpected status from HEAD request: 503 Service Unavailable", "server"),
            ("Back-off pulling image \"registry.example/a/b:401\"", "unknown"),
        ];
        for (message, expected) in cases {
            assert_eq!(class("ErrImagePull", message, image).0, expected, "{message}");
        }
        assert_eq!(class("ErrImageNeverPull", "", image), ("never-pull", true));
    }

    #[test]
    fn a_reference_without_host_is_of_the_default_registry() {
        assert_eq!(registry("nginx:1"), "docker.io");
        assert_eq!(registry("library/nginx:1"), "docker.io");
        assert_eq!(registry("corp.azurecr.io/team/app:1"), "corp.azurecr.io");
        assert!(knows_nodes("corp.azurecr.io") && !knows_nodes("docker.io"));
    }
}
