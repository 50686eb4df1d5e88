//! A part of the node that runs as a pod does not work there: network plugin, kube-proxy, storage driver, DNS
//! cache, device plugin.
//!
//! Fires when such a pod is not ready past its probes' budget on a node that answers. What sandboxes, mounts
//! and routes of that node then fail at are its symptoms. A kube-proxy that runs as a host service is not seen.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::controllers::readiness::is_overdue;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const SAMPLES: usize = 3;

/// Parts of the names of `DaemonSets`, and what those do.
const ROLES: [(&str, &str); 22] = [
    ("kube-proxy", "kube-proxy"),
    ("csi", "csi"),
    ("node-local-dns", "dns-cache"),
    ("nodelocaldns", "dns-cache"),
    ("device-plugin", "device-plugin"),
    ("calico-node", "cni"),
    ("canal", "cni"),
    ("cilium", "cni"),
    ("azure-cns", "cni"),
    ("azure-cni", "cni"),
    ("aws-node", "cni"),
    ("kube-flannel", "cni"),
    ("weave-net", "cni"),
    ("kindnet", "cni"),
    ("kube-router", "cni"),
    ("antrea-agent", "cni"),
    ("ovnkube-node", "cni"),
    ("ovs-ovn", "cni"),
    ("kube-ovn-cni", "cni"),
    ("multus", "cni"),
    ("netd", "cni"),
    ("cni-node", "cni"),
];

pub(super) const RULE: Rule = Rule {
    id: "system-daemonset-unhealthy",
    subject: Subject::Node,
    reads: &[Kind::DaemonSet, Kind::Pod, Kind::Node],
    explains: &[
        Effect::Rule("sandbox-failed"),
        Effect::Rule("node-network-unavailable"),
        Effect::Rule("volume-attach-failed"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("ds-not-ready"),
    ],
    yields_to: &[Cause::Pods],
    evaluate,
};

/// What a `DaemonSet` of this name does for its node, if it does.
pub(super) fn role(name: &str) -> Option<&'static str> {
    ROLES.iter().find(|(part, _)| name.contains(part)).map(|(_, role)| *role)
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let sets = view.all(Kind::DaemonSet).iter().filter(|set| !set.is_deleting());
    sets.filter_map(|set| judge(view, set, role(set.name())?)).collect()
}

fn judge<'a>(view: &View<'a>, set: &'a Value, class: &str) -> Option<Draft> {
    let overdue: Vec<&Value> = view
        .children(set)
        .iter()
        .copied()
        .filter(|pod| is_overdue(view, pod, 0) && view.node_answers(pod) && !pod.is_deleting())
        .collect();
    let first = overdue.first()?;
    let mut draft = Draft::new(RULE.id, class, Severity::Error, set);
    draft.confidence(Confidence::Medium);
    draft.finding.count = u32::try_from(overdue.len()).unwrap_or(u32::MAX);
    for pod in &overdue {
        draft.takes_down.insert(object_key("Node", "", pod.text("/spec/nodeName")));
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    for pod in overdue.iter().take(SAMPLES) {
        draft.affects(pod);
        draft.field(pod, ".spec.nodeName");
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    draft.summary(format!(
        "{} ({class}) does not work on {} nodes, among them {}",
        set.name(),
        overdue.len(),
        first.text("/spec/nodeName")
    ));
    draft.check(&["kubectl", "-n", set.namespace(), "describe", "pod", first.name()], "why it is not ready");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene, healthy_pod, owned};

    fn cluster(name: &str, ready: &str) -> Scene {
        let node = json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let mut pod = healthy_pod("agent");
        pod["status"]["conditions"][0] =
            json!({"type": "Ready", "status": ready, "lastTransitionTime": EARLIER});
        let status = json!({"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberUnavailable": i32::from(ready == "False")});
        Scene::new().with(Kind::Node, "n1", node).with(Kind::DaemonSet, name, json!({"status": status})).with(
            Kind::Pod,
            "agent-1",
            owned(pod, "DaemonSet", name, &format!("daemonsets-{name}")),
        )
    }

    #[test]
    fn names_tell_the_role() {
        for (name, expected) in [
            ("calico-node", Some("cni")),
            ("csi-azuredisk-node", Some("csi")),
            ("kube-proxy", Some("kube-proxy")),
            ("nvidia-device-plugin-daemonset", Some("device-plugin")),
            ("node-exporter", None),
        ] {
            assert_eq!(role(name), expected, "{name}");
        }
    }

    #[test]
    fn a_network_plugin_that_is_not_ready_is_the_root_of_what_needs_it() {
        let finding = cluster("calico-node", "False").finds("system-daemonset-unhealthy/cni");
        assert_eq!(finding.symptoms[0].rule, "ds-not-ready");
        let stuck = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"nodeName": "n1"}, "status": {"phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}],
            "containerStatuses": [{"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]}});
        let scene = cluster("calico-node", "False").with(Kind::Pod, "a-1", stuck).event(
            Kind::Pod,
            "a-1",
            "FailedCreatePodSandBox",
            "plugin type=\"calico\" failed (add): connection refused",
        );
        assert_eq!(scene.told(), ["system-daemonset-unhealthy/cni"]);
    }

    #[test]
    fn a_healthy_plugin_and_a_collector_are_silent() {
        cluster("calico-node", "True").is_silent();
        assert_eq!(cluster("node-exporter", "False").told(), ["ds-not-ready/unavailable"]);
        assert!(cluster("calico-node", "False").at("2026-11-16T11:30:59Z").told().is_empty());
    }
}
