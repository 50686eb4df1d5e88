//! A node is called ready, but its kubelet has stopped renewing its lease.
//!
//! Fires when the lease in `kube-node-lease` is older than a minute while `Ready=True`: the node is on its way
//! to `NotReady`, or the control plane does not look. Not when most leases are old: then the clock is off.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::condition::settled;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const STALE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "node-lease-stale",
    subject: Subject::Node,
    reads: &[Kind::Node, Kind::Lease],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let leased: Vec<(&Value, &Value, Seconds)> = settled(view)
        .filter(|node| node.condition_is("Ready", "True"))
        .filter_map(|node| {
            let lease = view.find(Kind::Lease, "kube-node-lease", node.name()).found()?;
            Some((node, lease, view.age(lease.time("/spec/renewTime"))?))
        })
        .collect();
    let stale = leased.iter().filter(|(_, _, age)| *age > STALE);
    if leased.len() > 1 && stale.clone().count() * 2 > leased.len() {
        return Vec::new();
    }
    stale.map(|(node, lease, age)| judge(node, lease, *age)).collect()
}

fn judge(node: &Value, lease: &Value, age: Seconds) -> Draft {
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, node);
    draft.confidence(Confidence::Medium);
    draft.field(lease, ".spec.renewTime");
    draft.field(node, ".status.conditions[type=Ready].status");
    draft.since(lease, ".spec.renewTime");
    draft.summary(format!("node {} is Ready, but its lease was last renewed {age} s ago", node.name()));
    draft.check(
        &["kubectl", "-n", "kube-node-lease", "get", "lease", node.name(), "-o", "yaml"],
        "when the kubelet last renewed its lease",
    );
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LATELY, LONG_AGO, NOW, Scene};

    fn cluster(renewed: &[&str]) -> Scene {
        let mut scene = Scene::new();
        for (number, renewed) in renewed.iter().enumerate() {
            let name = format!("n{number}");
            let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
            let lease = json!({"metadata": {"namespace": "kube-node-lease"}, "spec": {"renewTime": renewed}});
            scene = scene.with(Kind::Node, &name, node).with(Kind::Lease, &name, lease);
        }
        scene
    }

    #[test]
    fn a_lease_that_nobody_renews_is_told() {
        cluster(&[LATELY]).finds("node-lease-stale/");
        cluster(&[NOW]).is_silent();
        cluster(&["2026-11-16T11:59:00.123456Z"]).is_silent();
        assert_eq!(cluster(&["2026-11-16T11:58:59Z", NOW, NOW]).told(), ["node-lease-stale/"]);
    }

    #[test]
    fn leases_that_are_all_old_tell_of_the_clock() {
        cluster(&[LATELY, LATELY, NOW]).is_silent();
    }
}
