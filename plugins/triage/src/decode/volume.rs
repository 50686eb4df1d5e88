//! Why a volume was not attached or mounted, and why a pod got no sandbox.

use crate::decode::holds_any;

/// Classes and the texts that tell them, in lower case; the first class that matches is the message's.
const CLASSES: [(&str, &[&str]); 11] = [
    ("multi-attach", &["multi-attach error", "already exclusively attached", "already used by pod"]),
    (
        "detach-pending",
        &[
            "attached to another node",
            "being detached",
            "already attached to",
            "currently attached to",
            "volumeinuse",
            "resource_in_use_by_another_resource",
        ],
    ),
    ("csi-driver-missing", &["not found in the list of registered csi drivers"]),
    ("secret-provider", &["secretproviderclass", "secrets store", "vault"]),
    (
        "volume-limit",
        &[
            "volume attachment limit",
            "exceed max volume count",
            "attachmentlimitexceeded",
            "maximum number of data disks",
        ],
    ),
    (
        "permission",
        &[
            "permission denied",
            "mount error(13)",
            "access denied",
            "authorizationfailed",
            "unauthorizedoperation",
        ],
    ),
    ("hostpath", &["hostpath type check failed"]),
    ("subpath", &["subpath"]),
    ("filesystem", &["wrong fs type", "bad superblock", "fsck", "structure needs cleaning"]),
    ("share-missing", &["mount error(2)", "no such file", "does not exist", "not found", "notfound"]),
    (
        "network",
        &[
            "mount error(110)",
            "mount error(111)",
            "mount error(113)",
            "mount error(115)",
            "timed out",
            "timeout",
            "deadline exceeded",
            "connection refused",
            "no route to host",
            "no such host",
            "could not resolve",
        ],
    ),
];

/// The class of a `FailedMount`, `FailedAttachVolume` or `FailedMapVolume` message.
pub(crate) fn class(message: &str) -> &'static str {
    // That volumes are not mounted in time is what the kubelet says of every cause.
    if message.contains("unmounted volumes=") && message.contains("timed out waiting for the condition") {
        return "other";
    }
    let text = message.to_ascii_lowercase();
    let known = CLASSES.iter().find(|(_, needles)| holds_any(&text, needles));
    known.map_or("other", |(class, _)| class)
}

/// What a sandbox message says of the cause: without the wrappings of kubelet and runtime and the sandbox's id.
pub(crate) fn sandbox_cause(message: &str) -> &str {
    let cause = message.rsplit_once("desc = ").map_or(message, |(_, cause)| cause);
    match cause.split_once(" for sandbox \"") {
        Some((_, rest)) => rest.split_once("\": ").map_or(cause, |(_, cause)| cause),
        None => cause,
    }
}

/// The class of a `FailedCreatePodSandBox` or `NetworkNotReady` message.
pub(crate) fn sandbox_class(message: &str) -> &'static str {
    let text = message.to_ascii_lowercase();
    let has = |needles: &[&str]| holds_any(&text, needles);
    if has(&["no ip addresses available", "failed to allocate", "exhausted"]) {
        "ip-exhausted"
    } else if has(&["cni config uninitialized", "network is not ready", "failed (add)", "cni plugin"]) {
        "cni"
    } else if has(&["failed to get sandbox image"]) {
        "pause-image"
    } else if has(&["runtimehandler"]) {
        "runtimeclass"
    } else if has(&["no space left"]) {
        "disk"
    } else if has(&["context deadline exceeded"]) {
        "runtime-slow"
    } else {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_texts_have_classes() {
        assert_eq!(
            class("Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) a"),
            "multi-attach"
        );
        for (message, expected) in [
            ("mount failed: mount error(13): Permission denied", "permission"),
            ("mount error(115): Operation now in progress", "network"),
            ("mount error(2): No such file or directory", "share-missing"),
            (
                "disk(/subscriptions/x) already attached to node(n1), could not be attached to node(n2)",
                "detach-pending",
            ),
            ("hostPath type check failed: /data is not a directory", "hostpath"),
            ("failed to prepare subPath for volumeMount \"x\" of container \"app\"", "subpath"),
            ("mount: wrong fs type, bad option, bad superblock on /dev/sdc", "filesystem"),
            ("failed to get secretproviderclass shop/kv, error: not found", "secret-provider"),
            (
                "Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[]: timed out waiting for the condition",
                "other",
            ),
        ] {
            assert_eq!(class(message), expected, "{message}");
        }
        assert_eq!(
            class("driver name x not found in the list of registered CSI drivers"),
            "csi-driver-missing"
        );
        assert_eq!(
            sandbox_class("plugin type=\"azure-vnet\" failed (add): no IP addresses available"),
            "ip-exhausted"
        );
    }

    #[test]
    fn the_cause_of_a_failed_sandbox_is_what_stands_last() {
        let message = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"7106be\": plugin type=\"azure-vnet\" failed (add): connection refused";
        assert_eq!(sandbox_cause(message), "plugin type=\"azure-vnet\" failed (add): connection refused");
        for other in ["network is not ready", "failed to get sandbox image \"pause:3.9\": not found"] {
            assert_eq!(sandbox_cause(other), other);
        }
    }
}
