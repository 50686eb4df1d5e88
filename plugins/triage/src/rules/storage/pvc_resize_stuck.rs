//! `pvc-resize-stuck`: a claim asks for more than its volume has, and the volume does not grow: its class does
//! not allow it, the controller or the node says that it failed, or the file system waits for long.
//!
//! Not on: the first quarter of an hour, and a file system that grows when the next pod mounts it.

use holmes_protocol::Severity;
use serde_json::Value;

use super::binding::class_name;
use super::users::Users;
use crate::draft::Draft;
use crate::object::{Object, Seconds, quantity};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 900;
/// Conditions that tell of a failure.
const FAILURES: [&str; 2] = ["ControllerResizeError", "NodeResizeError"];

pub(super) const RULE: Rule = Rule {
    id: "pvc-resize-stuck",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let growing = |claim: &&Value| {
        let amount = |pointer| quantity(claim.text(pointer)).unwrap_or_default();
        claim.text("/status/phase") == "Bound"
            && amount("/spec/resources/requests/storage") > amount("/status/capacity/storage")
    };
    let claims: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(growing).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    claims.into_iter().filter_map(|claim| judge(view, claim, &users)).collect()
}

fn judge<'a>(view: &View<'a>, claim: &'a Value, users: &Users<'a>) -> Option<Draft> {
    let begun =
        claim.items("/status/conditions").iter().filter_map(|one| one.time("/lastTransitionTime")).min();
    let settled = |since: Option<Seconds>| view.age(since).is_some_and(|age| age >= GRACE);
    let status = claim.text("/status/allocatedResourceStatuses/storage");
    let failed = FAILURES.into_iter().find(|kind| claim.condition_is(kind, "True"));
    let waits = claim.condition_is("FileSystemResizePending", "True") && !users.of(claim).is_empty();
    let class = view.find(Kind::StorageClass, "", class_name(claim).unwrap_or_default()).found();
    let event = view.newest_event(claim, &["VolumeResizeFailed", "FileSystemResizeFailed"], |_| true);
    let (paths, why): (Vec<String>, String) = if let Some(kind) = failed.filter(|_| settled(begun)) {
        let message = claim.condition(kind).map(|one| one.text("/message")).unwrap_or_default();
        (vec![format!(".status.conditions[type={kind}]")], message.to_owned())
    } else if status.ends_with("Infeasible") && settled(begun.or_else(|| claim.created())) {
        (
            vec![".status.allocatedResourceStatuses.storage".to_owned()],
            format!("the driver calls it {status}"),
        )
    } else if waits && settled(begun) {
        let path = ".status.conditions[type=FileSystemResizePending]".to_owned();
        (vec![path], "the file system still has to grow on the node".to_owned())
    } else if class.is_some_and(|class| !class.flag("/allowVolumeExpansion")) && settled(claim.created()) {
        (Vec::new(), "its StorageClass does not allow volumes to grow".to_owned())
    } else {
        return None;
    };
    let mut draft = Draft::new(RULE.id, "", Severity::Warning, claim);
    draft.field(claim, ".spec.resources.requests.storage");
    draft.field(claim, ".status.capacity.storage");
    for path in &paths {
        draft.field(claim, path);
    }
    match class {
        Some(class) if paths.is_empty() => {
            draft.affects(class);
            draft.computed(class, ".allowVolumeExpansion", false);
        }
        _ => {}
    }
    if let Some(event) = event {
        draft.event(event);
    }
    draft.since_at(begun, format!("{} .status.conditions", claim.key()));
    users.affect(view, claim, &mut draft);
    draft.summary(format!(
        "claim {} asks for {} and its volume stays at {}: {why}",
        claim.name(),
        claim.text("/spec/resources/requests/storage"),
        claim.text("/status/capacity/storage")
    ));
    draft.check(&["kubectl", "-n", claim.namespace(), "describe", "pvc", claim.name()], "the claim's events");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn claim(status: &Value) -> Value {
        let mut body = json!({"spec": {"storageClassName": "managed", "resources": {"requests": {"storage": "20Gi"}}},
            "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}}});
        for (key, value) in status.as_object().unwrap() {
            body["status"][key] = value.clone();
        }
        body
    }

    fn cluster(status: &Value, grows: bool) -> Scene {
        Scene::new().with(Kind::PersistentVolumeClaim, "data", claim(status)).with(
            Kind::StorageClass,
            "managed",
            json!({"provisioner": "disk.csi.azure.com", "allowVolumeExpansion": grows}),
        )
    }

    fn condition(kind: &str) -> Value {
        json!({"conditions": [{"type": kind, "status": "True", "lastTransitionTime": EARLIER, "message": "no quota left"}]})
    }

    #[test]
    fn each_way_of_being_stuck_is_told() {
        cluster(&condition("ControllerResizeError"), true).finds("pvc-resize-stuck/");
        cluster(&condition("NodeResizeError"), true).finds("pvc-resize-stuck/");
        let infeasible = json!({"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}});
        cluster(&infeasible, true).finds("pvc-resize-stuck/");
        cluster(&json!({}), false).finds("pvc-resize-stuck/");
    }

    #[test]
    fn a_file_system_waits_only_where_a_pod_uses_it() {
        let waiting = cluster(&condition("FileSystemResizePending"), true);
        waiting.is_silent();
        let mut user = healthy_pod("app");
        user["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
        waiting.with(Kind::Pod, "app-1", user).finds("pvc-resize-stuck/");
    }

    #[test]
    fn growth_under_way_and_growth_done_are_silent() {
        cluster(&condition("Resizing"), true).is_silent();
        cluster(&json!({"capacity": {"storage": "20Gi"}}), false).is_silent();
    }

    #[test]
    fn a_quarter_of_an_hour_is_given() {
        let scene = cluster(&condition("ControllerResizeError"), true);
        assert!(scene.clone().at("2026-11-16T11:44:59Z").told().is_empty());
        assert_eq!(scene.at("2026-11-16T11:45:00Z").told(), ["pvc-resize-stuck/"]);
    }
}
