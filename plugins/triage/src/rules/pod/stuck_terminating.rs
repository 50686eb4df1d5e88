//! A pod does not go away a minute after its grace period: its node is lost, a finalizer holds it, the runtime can not
//! end it, or a volume can not be unmounted. The deletion time already includes the grace period.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "stuck-terminating",
    subject: Subject::Pod(96),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Pod).iter().filter(|pod| pod.is_deleting()).filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if view.age(pod.time("/metadata/deletionTimestamp"))? < GRACE {
        return None;
    }
    let kill = view.newest_event(pod, &["FailedKillPod"], |_| true);
    let unmount = view.newest_event(pod, &["FailedUnmount", "FailedUnMount", "FailedDetachVolume"], |_| true);
    let class = match () {
        () if !view.node_answers(pod) => "node-lost",
        () if !pod.items("/metadata/finalizers").is_empty() => "finalizer",
        () if kill.is_some() => "kill-failed",
        () if unmount.is_some() => "volume",
        () => "other",
    };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Warning, pod, None);
    draft.field(pod, ".metadata.deletionTimestamp");
    draft.field(pod, ".metadata.finalizers");
    draft.field(pod, ".spec.nodeName");
    for event in kill.into_iter().chain(unmount) {
        draft.event(event);
    }
    if let Some(node) = view.node_of(pod) {
        draft.field(node, ".status.conditions[type=Ready].status");
    }
    draft.since(pod, ".metadata.deletionTimestamp");
    let (node, since) = (pod.text("/spec/nodeName"), pod.text("/metadata/deletionTimestamp"));
    draft.summary(format!("pod on node {node} is Terminating since {since} ({class})"));
    let (namespace, name) = (pod.namespace(), pod.name());
    draft.check(
        &["kubectl", "-n", namespace, "describe", "pod", name],
        "finalizers and what the kubelet says",
    );
    draft.check(&["kubectl", "describe", "node", node], "whether the node answers");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(deleted: &str, finalizers: serde_json::Value) -> Scene {
        let mut pod = healthy_pod("a");
        pod["metadata"]["deletionTimestamp"] = json!(deleted);
        pod["metadata"]["finalizers"] = finalizers;
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn what_holds_the_pod_is_the_class() {
        scene(EARLIER, json!(["hold.example/x"])).finds("stuck-terminating/finalizer");
        let scene = scene(EARLIER, json!([]));
        assert_eq!(scene.told(), ["stuck-terminating/other"]);
        let kill = scene.clone().event(
            Kind::Pod,
            "a-1",
            "FailedKillPod",
            "error killing pod: context deadline exceeded",
        );
        assert_eq!(kill.told(), ["stuck-terminating/kill-failed"]);
        let volume = scene.event(Kind::Pod, "a-1", "FailedUnmount", "device is busy");
        assert_eq!(volume.told(), ["stuck-terminating/volume"]);
    }

    #[test]
    fn the_grace_period_and_a_minute_are_waited_for() {
        scene("2026-11-16T11:59:01Z", json!([])).is_silent();
        assert_eq!(scene("2026-11-16T11:59:00Z", json!([])).told(), ["stuck-terminating/other"]);
    }
}
