//! A kubelet is too old for the cluster.
//!
//! Fires on a node whose kubelet is more than three minor versions behind the newest kubelet: the API server is
//! at least as new as that one, and supports three. A kubelet that is newer than the API server is not seen
//! here: the server's version is not among what is read.

use holmes_protocol::Severity;
use serde_json::Value;

use super::condition::settled;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const SUPPORTED: u32 = 3;

pub(super) const RULE: Rule = Rule {
    id: "version-skew",
    subject: Subject::Node,
    reads: &[Kind::Node],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let newest = settled(view).max_by_key(|node| (minor(node), node.name()));
    let Some((newest, most)) = newest.and_then(|node| Some((node, minor(node)?))) else { return Vec::new() };
    let old = |node: &&Value| minor(node).is_some_and(|minor| minor + SUPPORTED < most);
    settled(view).filter(old).map(|node| judge(node, newest)).collect()
}

/// `v1.33.4` is 33.
fn minor(node: &Value) -> Option<u32> {
    let version = node.text("/status/nodeInfo/kubeletVersion").strip_prefix("v1.")?;
    version.split('.').next()?.parse().ok()
}

fn judge(node: &Value, newest: &Value) -> Draft {
    let path = ".status.nodeInfo.kubeletVersion";
    let version = |node: &Value| node.text("/status/nodeInfo/kubeletVersion").to_owned();
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, node);
    // The nodes of an old pool are one failure.
    draft.collapse = version(node);
    draft.field(node, path);
    draft.field(newest, path);
    draft.summary(format!(
        "kubelet {} of node {} is more than three minor versions behind {} of node {}",
        version(node),
        node.name(),
        version(newest),
        newest.name()
    ));
    draft.check(&["kubectl", "get", "nodes", "-o", "wide"], "the versions of all nodes");
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LONG_AGO, Scene};

    fn nodes(versions: &[&str]) -> Scene {
        versions.iter().enumerate().fold(Scene::new(), |scene, (number, version)| {
            let node = json!({"status": {"nodeInfo": {"kubeletVersion": version},
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
            scene.with(Kind::Node, &format!("n{number}"), node)
        })
    }

    #[test]
    fn four_minors_behind_is_too_old_and_three_are_supported() {
        nodes(&["v1.36.1", "v1.32.9"]).finds("version-skew/");
        nodes(&["v1.36.1", "v1.33.0", "v1.35.2-eks-1"]).is_silent();
        nodes(&["v1.36.1", "something"]).is_silent();
    }
}
