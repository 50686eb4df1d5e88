//! `volume-zone`: a pod can not be scheduled because its volume may be used only on nodes that are not there: the
//! scheduler says so, and no node of the cluster satisfies the volume's node affinity.
//!
//! Not on: a node that the volume reaches and that is full, tainted or cordoned (scheduling tells that).

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::Severity;
use serde_json::Value;

use super::binding::reaches;
use crate::decode::scheduler::reasons;
use crate::draft::Draft;
use crate::object::{Object, Seconds, label};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, claims_of, labels};

const GRACE: Seconds = 30;
/// Nodes whose labels the finding shows.
const SHOWN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "volume-zone",
    subject: Subject::Storage,
    reads: &[Kind::Pod, Kind::PersistentVolume, Kind::Node],
    explains: &[Effect::MissingPods, Effect::Rule("pending-unschedulable")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    if !view.is_complete(Kind::Node, "") || view.all(Kind::Node).is_empty() {
        return Vec::new();
    }
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for pod in view.all(Kind::Pod).iter().filter(|pod| is_blocked(view, pod)) {
        for name in claims_of(pod) {
            let found = view.find(Kind::PersistentVolumeClaim, pod.namespace(), &name).found();
            let Some(claim) = found else { continue };
            let disk = view.find(Kind::PersistentVolume, "", claim.text("/spec/volumeName")).found();
            let stranded = |disk: &&Value| !view.all(Kind::Node).iter().any(|node| reaches(disk, node));
            let Some(disk) = disk.filter(stranded) else { continue };
            let draft = drafts.entry(disk.key()).or_insert_with(|| draft(view, claim, disk));
            draft.field(pod, ".status.conditions[type=PodScheduled].message");
            draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
            draft.affects(pod);
            draft.affects(view.top(pod));
            draft.takes_down.insert(pod.key());
        }
    }
    drafts.into_values().collect()
}

fn is_blocked(view: &View<'_>, pod: &Value) -> bool {
    pod.text("/status/phase") == "Pending"
        && !pod.is_deleting()
        && pod.condition("PodScheduled").is_some_and(|condition| {
            condition.text("/reason") == "Unschedulable"
                && view.age(condition.time("/lastTransitionTime")) >= Some(GRACE)
                && reasons(condition.text("/message")).iter().any(|reason| reason.class == "volume-zone")
        })
}

fn draft<'a>(view: &View<'a>, claim: &'a Value, disk: &'a Value) -> Draft {
    let mut draft = Draft::new(RULE.id, "", Severity::Error, claim);
    draft.field(claim, ".spec.volumeName");
    draft.field(disk, ".spec.nodeAffinity.required");
    draft.affects(disk);
    let terms = disk.items("/spec/nodeAffinity/required/nodeSelectorTerms").iter();
    let mut wanted = Vec::new();
    for expression in terms.flat_map(|term| term.items("/matchExpressions")) {
        let key = expression.text("/key");
        let nodes = view.all(Kind::Node).iter();
        let have: BTreeSet<&str> = nodes.clone().filter_map(|node| label(labels(node), key)).collect();
        for node in nodes.take(SHOWN) {
            draft.field(node, &format!(".metadata.labels['{key}']"));
        }
        let values: Vec<&str> = expression.items("/values").iter().filter_map(Value::as_str).collect();
        let have: Vec<&str> = have.into_iter().take(2 * SHOWN).collect();
        wanted.push(format!("{key} {}, nodes have {}", values.join(" or "), have.join(", ")));
    }
    wanted.dedup();
    draft.summary(format!(
        "volume {} of claim {} has a node affinity that no node satisfies: {}",
        disk.name(),
        claim.name(),
        wanted.join("; ")
    ));
    draft.suggest("bring back a node there, or restore the data from a snapshot where nodes are");
    draft.check(&["kubectl", "describe", "pv", disk.name()], "where the volume may be used");
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn node(zone: &str) -> Value {
        json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}})
    }

    fn cluster(zone: &str, message: &str) -> Scene {
        let affinity = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["west-3"]}]}]}});
        let pending = json!({"spec": {"containers": [{"name": "app"}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "lastTransitionTime": EARLIER, "message": message}]}});
        Scene::new()
            .with(Kind::Node, "n1", node(zone))
            .with(
                Kind::PersistentVolumeClaim,
                "data",
                json!({"spec": {"volumeName": "disk"}, "status": {"phase": "Bound"}}),
            )
            .with(
                Kind::PersistentVolume,
                "disk",
                json!({"spec": {"nodeAffinity": affinity}, "status": {"phase": "Bound"}}),
            )
            .with(Kind::Pod, "app-1", pending)
    }

    const CONFLICT: &str =
        "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.";

    #[test]
    fn a_disk_without_a_node_in_its_zone_is_told() {
        let finding = cluster("west-1", CONFLICT).finds("volume-zone/");
        assert!(
            finding.summary.contains("west-3") && finding.summary.contains("west-1"),
            "{}",
            finding.summary
        );
        assert_eq!(finding.symptoms[0].rule, "pending-unschedulable");
        let old = "0/1 nodes are available: 1 node(s) had volume node affinity conflict.";
        assert_eq!(cluster("west-1", old).told(), ["volume-zone/"]);
    }

    #[test]
    fn a_node_in_the_zone_makes_it_a_matter_of_scheduling() {
        let told = cluster("west-3", "0/1 nodes are available: 1 Insufficient cpu.").told();
        assert!(!told.contains(&"volume-zone/".to_owned()), "{told:?}");
        let told = cluster("west-3", CONFLICT).told();
        assert!(!told.contains(&"volume-zone/".to_owned()), "{told:?}");
    }

    #[test]
    fn nodes_and_volumes_that_may_not_be_read_decide_nothing() {
        for kind in [Kind::Node, Kind::PersistentVolume] {
            let told = cluster("west-1", CONFLICT).forbid(kind).told();
            assert!(!told.contains(&"volume-zone/".to_owned()), "{told:?}");
        }
    }
}
