//! A failing pod differs from the template that it was made from.
//!
//! A note that stays beside the pod's own finding: image, command, arguments, environment names, resources or
//! security context of a container are not the template's, so a mutating webhook or a `LimitRange` changed them.
//! Containers that the template does not have (meshes, identities) are injected, not drifted.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, quantity};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

/// Fields that the API server does not default.
const COMPARED: [&str; 5] = ["image", "command", "args", "resources", "securityContext"];

pub(super) const RULE: Rule = Rule {
    id: "template-drift",
    subject: Subject::Controller,
    reads: &[Kind::Pod, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for container in view.working_containers().iter().filter(|container| container.is_unhealthy(view.now)) {
        let Some(owner) = view.owners(container.pod).first().copied() else { continue };
        if owner.kind() != "Job" && is_current(owner, container.pod) {
            drafts.extend(judge(view, owner, container.pod, container.name()));
        }
    }
    drafts
}

/// Pods of an older revision differ from the template of a `StatefulSet` or `DaemonSet` by design.
fn is_current(owner: &Value, pod: &Value) -> bool {
    let revision = pod.text("/metadata/labels/controller-revision-hash");
    match owner.kind() {
        "ReplicaSet" => true,
        "StatefulSet" => !revision.is_empty() && revision == owner.text("/status/updateRevision"),
        _ => false,
    }
}

fn judge<'a>(view: &View<'a>, owner: &'a Value, pod: &'a Value, name: &str) -> Option<Draft> {
    let of = |object: &'a Value, pointer: &str| {
        object.items(pointer).iter().find(|container| container.text("/name") == name)
    };
    let meant = of(owner, "/spec/template/spec/containers")?;
    let lives = of(pod, "/spec/containers")?;
    let drifted: Vec<&str> =
        COMPARED.into_iter().filter(|field| !is_same(meant.get(field), lives.get(field))).collect();
    if drifted.is_empty() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Note, owner);
    draft.owned(view, owner);
    draft.collapse = format!("{} {name}", view.top(owner).key());
    draft.confidence(Confidence::Medium);
    draft.affects(pod);
    for field in &drifted {
        draft.field(owner, &format!(".spec.template.spec.containers[name={name}].{field}"));
        draft.field(pod, &format!(".spec.containers[name={name}].{field}"));
    }
    draft.field(pod, ".metadata.annotations['kubernetes.io/limit-ranger']");
    for hook in mutators(view) {
        draft.suggest(format!("MutatingWebhookConfiguration {} changes pods", hook.name()));
    }
    draft.summary(format!(
        "container {name} of pod {} is not what its template says: {} differ",
        pod.name(),
        drifted.join(", ")
    ));
    Some(draft)
}

/// Equal, or equal in amount: `1000m` is `1`, and nothing is an empty map.
fn is_same(meant: Option<&Value>, lives: Option<&Value>) -> bool {
    match (meant, lives) {
        (None, None) => true,
        (None, Some(Value::Object(map))) | (Some(Value::Object(map)), None) => map.is_empty(),
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let mut keys = one.keys().chain(other.keys());
            keys.all(|key| is_same(one.get(key), other.get(key)))
        }
        (Some(Value::String(one)), Some(Value::String(other))) => {
            one == other || quantity(one).is_some_and(|amount| quantity(other) == Some(amount))
        }
        (one, other) => one == other,
    }
}

fn mutators<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Value> {
    view.all(Kind::MutatingWebhookConfiguration).iter().filter(|configuration| {
        let rules = configuration.items("/webhooks").iter().flat_map(|hook| hook.items("/rules"));
        rules.flat_map(|rule| rule.items("/resources")).any(|resource| resource.as_str() == Some("pods"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{Scene, crashing_pod, healthy_pod, owned};

    fn cluster(pod: Value, limit: &str) -> Scene {
        let template = json!({"spec": {"containers": [{"name": "app", "image": "registry.example/app:1", "resources": {"limits": {"cpu": limit}}}]}});
        let set = json!({"spec": {"replicas": 1, "template": template}, "status": {"replicas": 1}});
        let mut pod = owned(pod, "ReplicaSet", "web", "replicasets-web");
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
        Scene::new().with(Kind::ReplicaSet, "web", set).with(Kind::Pod, "web-1", pod)
    }

    #[test]
    fn a_changed_limit_stands_beside_the_pods_finding() {
        let findings = cluster(crashing_pod("web"), "2").findings();
        assert_eq!(findings[0].rule, "crashloop");
        assert_eq!(findings[0].symptoms[0].rule, "template-drift");
    }

    #[test]
    fn equal_amounts_and_healthy_pods_have_nothing_to_tell() {
        let drifts = |scene: Scene| {
            scene.noted().iter().any(|note| note.starts_with("template-drift"))
                || scene
                    .findings()
                    .iter()
                    .any(|finding| finding.symptoms.iter().any(|one| one.rule == "template-drift"))
        };
        assert!(!drifts(cluster(crashing_pod("web"), "1000m")));
        assert!(!drifts(cluster(healthy_pod("web"), "2")));
    }
}
