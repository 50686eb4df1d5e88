//! `mesh-denied`: the mesh itself says that it refused: a failing container logs Istio's `RBAC: access denied`, and an
//! `AuthorizationPolicy` selects the Service that it calls. A policy as such is never a finding.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::address::services_in_line;
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, label_selector_matches};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, labels};

const DENIED: &str = "RBAC: access denied";

pub(super) const RULE: Rule = Rule {
    id: "mesh-denied",
    subject: Subject::Network,
    reads: &[Kind::AuthorizationPolicy],
    explains: &[Effect::Pods, Effect::MissingPods],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let policies = view.all(Kind::AuthorizationPolicy);
    if policies.is_empty() {
        return Vec::new();
    }
    let failing = view.working_containers().iter().filter(|container| container.is_unhealthy(view.now));
    failing.filter_map(|container| judge(view, policies, container)).collect()
}

fn judge<'a>(view: &View<'a>, policies: &'a [Value], container: &Container<'a>) -> Option<Draft> {
    let (previous, number, line) = [false, true].into_iter().find_map(|previous| {
        let lines = view.log(container, previous)?.lines().enumerate();
        let (index, line) = lines.filter(|(_, line)| line.contains(DENIED)).last()?;
        Some((previous, index + 1, line))
    })?;
    let targets = services_in_line(view, container.pod.namespace(), line);
    let pods = targets.iter().flat_map(|service| view.selected_by(service));
    let (policy, pod) = pods.into_iter().find_map(|pod| {
        let deciding = policies.iter().find(|policy| applies(policy, pod))?;
        Some((deciding, pod))
    })?;
    let action = match policy.text("/spec/action") {
        "" => "ALLOW",
        action => action,
    };
    let mut draft = Draft::new(RULE.id, action, Severity::Error, policy);
    draft.confidence(Confidence::Medium);
    draft.collapse = format!("{} {}", policy.key(), view.top(container.pod).key());
    let instance = if previous { ":previous" } else { "" };
    draft.log(container.pod, format!("{}{instance}:{number}", container.name()), line);
    draft.field(policy, ".spec");
    draft.field(pod, ".metadata.labels");
    draft.affects(container.pod);
    draft.takes_down.insert(container.pod.key());
    draft.summary(format!(
        "the mesh denies {} its way to {}: AuthorizationPolicy {} ({action}) selects it",
        view.top(container.pod).name(),
        targets.first().map(|service| service.name()).unwrap_or_default(),
        policy.name()
    ));
    Some(draft)
}

fn applies(policy: &Value, pod: &Value) -> bool {
    let selector = policy.pointer("/spec/selector").unwrap_or(&Value::Null);
    policy.namespace() == pod.namespace()
        && policy.text("/spec/action") != "AUDIT"
        && label_selector_matches(selector, labels(pod))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{Scene, crashing_pod, healthy_pod, service};

    fn scene(line: &str) -> Scene {
        Scene::new()
            .with(Kind::Pod, "web-1", crashing_pod("web"))
            .with(Kind::Pod, "cart-1", healthy_pod("cart"))
            .with(Kind::Service, "cart", service("cart", &json!(8080)))
            .with(
                Kind::AuthorizationPolicy,
                "deny-all",
                json!({"spec": {"selector": {"matchLabels": {"app": "cart"}}}}),
            )
            .log("web-1", "app", line)
    }

    #[test]
    fn the_mesh_has_to_say_so_itself() {
        let findings = scene("fatal: GET http://cart: 403 RBAC: access denied").findings();
        assert_eq!(findings[0].rule, "mesh-denied", "{findings:#?}");
        assert_eq!(findings.len(), 1);
        assert!(
            scene("fatal: GET http://cart: 403 Forbidden")
                .told()
                .iter()
                .all(|told| !told.starts_with("mesh"))
        );
    }
}
