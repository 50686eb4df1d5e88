//! `rbac-missing-subject`: a binding for the service account of a pod that was denied something, whose role does not
//! exist. A binding that nobody needs is none of triage's business.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "rbac-missing-subject",
    subject: Subject::Configuration,
    reads: &[Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Role, Kind::ClusterRole],
    explains: &[Effect::Rule("rbac-denied"), Effect::Rule("crashloop")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let dangling: Vec<&Value> = [Kind::RoleBinding, Kind::ClusterRoleBinding]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|binding| role_is_absent(view, binding))
        .collect();
    if dangling.is_empty() {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for container in view.working_containers().iter().filter(|container| container.is_unhealthy(view.now)) {
        let pod = container.pod;
        let Some((number, line, previous)) = denied(view, container) else { continue };
        let account = match pod.text("/spec/serviceAccountName") {
            "" => "default",
            name => name,
        };
        let binds = |binding: &&&Value| {
            binding.items("/subjects").iter().any(|subject| {
                subject.text("/kind") == "ServiceAccount"
                    && subject.text("/name") == account
                    && (subject.text("/namespace") == pod.namespace())
            })
        };
        let Some(binding) = dangling.iter().find(binds) else { continue };
        let mut draft = draft(view, binding);
        draft.affects(pod);
        draft.takes_down.insert(pod.key());
        let instance = if previous { ":previous" } else { "" };
        draft.log(pod, format!("{}{instance}:{number}", container.name()), line);
        drafts.push(draft);
    }
    drafts
}

/// The line with which the API server's refusal was logged.
fn denied<'a>(
    view: &View<'a>,
    container: &crate::containers::Container<'a>,
) -> Option<(usize, &'a str, bool)> {
    [false, true].into_iter().find_map(|previous| {
        let lines = view.log(container, previous)?.lines().enumerate();
        let denials = lines.filter(|(_, line)| {
            line.contains("system:serviceaccount:") && line.contains("cannot ") && line.contains(" resource ")
        });
        denials.last().map(|(index, line)| (index + 1, line, previous))
    })
}

fn role_is_absent(view: &View<'_>, binding: &Value) -> bool {
    let kind = if binding.text("/roleRef/kind") == "Role" { Kind::Role } else { Kind::ClusterRole };
    view.find(kind, binding.namespace(), binding.text("/roleRef/name")).is_absent()
}

fn draft(view: &View<'_>, binding: &Value) -> Draft {
    let (kind, name) = (binding.text("/roleRef/kind"), binding.text("/roleRef/name"));
    let mut draft = Draft::new(RULE.id, "", Severity::Error, binding);
    draft.parameters.push(name.to_owned());
    draft.takes_down.insert(object_key(kind, binding.namespace(), name));
    draft.field(binding, ".roleRef");
    draft.field(binding, ".subjects");
    let namespace = if kind == "Role" { binding.namespace() } else { "" };
    draft.absent(kind, namespace, name);
    let read = if kind == "Role" { Kind::Role } else { Kind::ClusterRole };
    let here = view.all(read).iter().filter(|role| role.namespace() == namespace);
    if let Some(near) = nearest::name(name, here.map(Object::name)) {
        draft.suggest(format!("{kind} `{near}` exists: misspelt?"));
    }
    draft.summary(format!(
        "{} {} binds {kind} {name}, which does not exist: its service account is denied",
        binding.kind(),
        binding.name()
    ));
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{Scene, crashing_pod};

    const LINE: &str = r#"fatal: configmaps is forbidden: User "system:serviceaccount:shop:api" cannot list resource "configmaps" in API group "" in the namespace "shop""#;

    fn scene(role: &str) -> Scene {
        let mut pod = crashing_pod("api");
        pod["spec"]["serviceAccountName"] = json!("api");
        let binding = json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "api", "namespace": "shop"}]});
        Scene::new()
            .with(Kind::Pod, "api-1", pod)
            .with(Kind::ServiceAccount, "api", json!({}))
            .with(Kind::RoleBinding, "api", binding)
            .with(Kind::Role, "api-reader", json!({"rules": []}))
            .log("api-1", "app", LINE)
    }

    #[test]
    fn a_binding_to_a_role_that_is_not_there_is_behind_the_refusal() {
        let findings = scene("api-readre").findings();
        assert_eq!(findings[0].rule, "rbac-missing-subject", "{findings:#?}");
        assert!(findings[0].suggestion[0].contains("api-reader"));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn roles_that_exist_or_may_not_be_read_are_not_missing() {
        for scene in [scene("api-reader"), scene("api-readre").forbid(Kind::Role)] {
            assert!(scene.told().iter().all(|told| !told.starts_with("rbac-missing-subject")));
        }
    }
}
