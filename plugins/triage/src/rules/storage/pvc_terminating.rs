//! `pvc-terminating`: a claim is deleted and stays, because a pod still runs with it, and a new pod waits for it.
//! Where nobody waits it is a note: the claim goes with its last pod.

use holmes_protocol::Severity;
use serde_json::Value;

use super::users::Users;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 600;
const PROTECTION: &str = "kubernetes.io/pvc-protection";

pub(super) const RULE: Rule = Rule {
    id: "pvc-terminating",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim, Kind::Pod],
    explains: &[
        Effect::MissingPods,
        Effect::Rule("pending-unschedulable"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("finalizer-stuck"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let is_held = |claim: &&Value| {
        let leaving = claim.time("/metadata/deletionTimestamp");
        let protected =
            claim.items("/metadata/finalizers").iter().any(|one| one.as_str() == Some(PROTECTION));
        leaving.is_some() && view.age(leaving) >= Some(GRACE) && protected
    };
    let claims: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(is_held).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    claims.into_iter().filter_map(|claim| judge(view, claim, users.of(claim))).collect()
}

fn judge<'a>(view: &View<'a>, claim: &'a Value, pods: &[&'a Value]) -> Option<Draft> {
    let (waiting, holding): (Vec<&Value>, Vec<&Value>) =
        pods.iter().copied().partition(|pod| pod.text("/status/phase") == "Pending");
    let holder = *holding.first()?;
    let severity = if waiting.is_empty() { Severity::Note } else { Severity::Warning };
    let mut draft = Draft::new(RULE.id, "", severity, claim);
    draft.field(claim, ".metadata.deletionTimestamp");
    draft.field(claim, ".metadata.finalizers");
    draft.field(holder, ".status.phase");
    draft.affects(holder);
    for pod in waiting.iter().take(3) {
        draft.field(pod, ".status.phase");
        draft.affects(pod);
    }
    draft.takes_down.extend(waiting.iter().map(|pod| pod.key()));
    draft.since(claim, ".metadata.deletionTimestamp");
    let (name, holder_name) = (claim.name(), holder.name());
    draft.summary(match waiting.first() {
        Some(pod) => {
            format!(
                "claim {name} is being deleted while pod {holder_name} uses it, and pod {} waits for it",
                pod.name()
            )
        }
        None => format!("claim {name} is being deleted and stays until pod {holder_name} ends"),
    });
    draft.suggest(format!("the claim and its data go when pod {holder_name} ends: back the data up first"));
    draft.check(&["kubectl", "-n", claim.namespace(), "describe", "pvc", name], "which pods use the claim");
    draft.owned(view, claim);
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn using(mut pod: Value) -> Value {
        pod["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
        pod
    }

    fn cluster(deleted: &Value) -> Scene {
        let claim = json!({"metadata": {"deletionTimestamp": deleted, "finalizers": [super::PROTECTION]},
            "spec": {"volumeName": "disk"}, "status": {"phase": "Bound"}});
        Scene::new()
            .with(Kind::PersistentVolumeClaim, "data", claim)
            .with(Kind::PersistentVolume, "disk", json!({"status": {"phase": "Bound"}}))
            .with(Kind::Pod, "old-1", using(healthy_pod("app")))
    }

    fn waiting() -> Value {
        using(
            json!({"spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": EARLIER,
             "message": "0/1 nodes are available: persistentvolumeclaim \"data\" is being deleted."}]}}),
        )
    }

    #[test]
    fn a_pod_that_waits_for_a_claim_on_its_way_out_is_told() {
        let scene = cluster(&json!(EARLIER)).with(Kind::Pod, "new-1", waiting());
        let told = scene.told();
        assert_eq!(told, ["pvc-terminating/"], "{:#?}", scene.findings());
    }

    #[test]
    fn nobody_who_waits_makes_it_a_note() {
        let scene = cluster(&json!(EARLIER));
        assert!(scene.noted().contains(&"pvc-terminating/".to_owned()));
        assert!(!scene.told().contains(&"pvc-terminating/".to_owned()));
    }

    #[test]
    fn ten_minutes_are_given() {
        let scene = cluster(&json!(EARLIER)).with(Kind::Pod, "new-1", waiting());
        assert!(!scene.clone().at("2026-11-16T11:39:59Z").told().contains(&"pvc-terminating/".to_owned()));
        assert!(scene.at("2026-11-16T11:40:00Z").told().contains(&"pvc-terminating/".to_owned()));
        assert!(!cluster(&Value::Null).noted().contains(&"pvc-terminating/".to_owned()));
    }
}
