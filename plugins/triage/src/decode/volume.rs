//! Why a volume was not attached or mounted, and why a pod got no sandbox.

use crate::decode::holds_any;

/// The class of a `FailedMount`, `FailedAttachVolume` or `FailedMapVolume` message.
pub(crate) fn class(message: &str) -> &'static str {
    let text = message.to_ascii_lowercase();
    let has = |needles: &[&str]| holds_any(&text, needles);
    if has(&["multi-attach error", "already exclusively attached", "already used by pod"]) {
        "multi-attach"
    } else if has(&["attached to another node", "being detached"]) {
        "detach-pending"
    } else if has(&["not found in the list of registered csi drivers"]) {
        "csi-driver-missing"
    } else if has(&["secretproviderclass", "vault"]) {
        "secret-provider"
    } else if has(&["permission denied", "mount error(13)", "access denied"]) {
        "permission"
    } else if has(&["hostpath type check failed"]) {
        "hostpath"
    } else if has(&["subpath"]) {
        "subpath"
    } else if has(&["wrong fs type", "bad superblock", "fsck"]) {
        "filesystem"
    } else if has(&["volume attachment limit", "exceed max volume count"]) {
        "volume-limit"
    } else if has(&["mount error(2)", "no such file", "does not exist", "not found"]) {
        "share-missing"
    } else if has(&["mount error(110)", "mount error(115)", "timed out", "deadline exceeded", "timeout"]) {
        "network"
    } else {
        "other"
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
        assert_eq!(class("mount failed: mount error(13): Permission denied"), "permission");
        assert_eq!(
            class("driver name x not found in the list of registered CSI drivers"),
            "csi-driver-missing"
        );
        assert_eq!(
            sandbox_class("plugin type=\"azure-vnet\" failed (add): no IP addresses available"),
            "ip-exhausted"
        );
    }
}
