//! Pod Security keeps the pods of a controller out of a namespace.
//!
//! Fires on `violates PodSecurity "level:version"` refusals; the class is the level that the namespace
//! enforces. Where the namespace may not be read, `failed-create/psa` says as much as the message.

use holmes_protocol::Severity;

use crate::decode::admission::Refusal;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::controllers::refused::{Refused, refused};
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const LABEL: &str = ".metadata.labels['pod-security.kubernetes.io/enforce']";

pub(super) const RULE: Rule = Rule {
    id: "psa-blocks",
    subject: Subject::Admission,
    reads: &[Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Namespace],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("failed-create")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    refused(view).iter().filter_map(|refused| judge(view, refused)).collect()
}

fn judge<'a>(view: &View<'a>, refused: &Refused<'a>) -> Option<Draft> {
    let Refusal::PodSecurity { level } = &refused.refusal else { return None };
    let owner = refused.owner;
    let namespace = view.find(Kind::Namespace, "", owner.namespace()).found()?;
    let class = level.split(':').next().unwrap_or(level);
    let mut draft = Draft::new(RULE.id, class, Severity::Error, namespace);
    draft.parameters.push(level.clone());
    draft.field(namespace, LABEL);
    refused.cite(&mut draft);
    refused.suffer(view, &mut draft);
    for container in owner.items("/spec/template/spec/containers") {
        let name = container.text("/name");
        draft.field(owner, &format!(".spec.template.spec.containers[name={name}].securityContext"));
    }
    draft.field(owner, ".spec.template.spec.securityContext");
    let top = view.top(owner);
    draft.summary(format!(
        "namespace {} keeps out the pods of {} {}: {}",
        namespace.name(),
        top.kind(),
        top.name(),
        refused.why()
    ));
    draft.suggest("the message lists each control that the template violates");
    draft.check(
        &["kubectl", "get", "namespace", namespace.name(), "-o", "yaml"],
        "the level that it enforces",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::controllers::refused::tests::refused_set;
    use crate::rules::scene::Scene;

    const REFUSAL: &str = "pods \"web-\" is forbidden: violates PodSecurity \"restricted:latest\": privileged (container \"app\" must not set securityContext.privileged=true)";

    fn namespace(scene: Scene) -> Scene {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        scene.with(Kind::Namespace, "shop", json!({"metadata": {"labels": labels}}))
    }

    #[test]
    fn the_level_of_the_namespace_and_the_context_of_the_template_are_cited() {
        let finding = namespace(refused_set(REFUSAL)).finds("psa-blocks/restricted");
        assert_eq!(finding.symptoms[0].rule, "failed-create");
        let cited: Vec<&str> = finding.evidence.iter().map(|item| item.path.as_str()).collect();
        assert!(cited.contains(&".spec.template.spec.containers[name=app].securityContext"), "{cited:?}");
    }

    #[test]
    fn an_enforced_level_that_refuses_nothing_is_silent() {
        namespace(Scene::new()).is_silent();
        let scene = namespace(refused_set(REFUSAL)).forbid(Kind::Namespace);
        assert_eq!(scene.told(), ["failed-create/psa"]);
    }
}
