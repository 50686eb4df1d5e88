//! `hpa-target-missing`: the autoscaler's target does not exist, has no scale subresource, or refuses to be scaled.
//! Any kind with a scale subresource is a target, custom resources included.

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

use super::autoscaler::failing;

pub(super) const RULE: Rule = Rule {
    id: "hpa-target-missing",
    subject: Subject::Scaling,
    reads: &[Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = failing(view).into_iter();
    failing
        .filter(|failing| matches!(failing.reason(), "FailedGetScale" | "FailedUpdateScale"))
        .map(|failing| {
            let mut draft = failing.draft(view, RULE.id, "");
            let autoscaler = failing.autoscaler;
            let (kind, name) =
                (autoscaler.text("/spec/scaleTargetRef/kind"), autoscaler.text("/spec/scaleTargetRef/name"));
            let namespace = autoscaler.namespace();
            if let Some(read) = Kind::parse(kind)
                && view.find(read, namespace, name).is_absent()
            {
                draft.absent(kind, namespace, name);
                let here = view.all(read).iter().filter(|object| object.namespace() == namespace);
                if let Some(near) = crate::decode::nearest::name(name, here.map(Object::name)) {
                    draft.suggest(format!("{kind} `{near}` exists in namespace {namespace}"));
                }
            }
            draft
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::autoscaler::scenes;
    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LATELY, NOW, Scene};

    const MESSAGE: &str = r#"the HPA controller was unable to get the target's current scale: deployments.apps "web" not found"#;

    #[test]
    fn a_target_that_does_not_exist_is_absent_and_an_unreadable_one_is_not() {
        let autoscaler = scenes::autoscaler("AbleToScale", "FailedGetScale", MESSAGE, EARLIER);
        let scene = Scene::new().with(Kind::HorizontalPodAutoscaler, "web", autoscaler);
        let finding = scene.finds("hpa-target-missing/");
        assert!(finding.evidence.iter().any(|item| item.object == "Deployment/shop/web"));
        assert_eq!(scene.forbid(Kind::Deployment).told(), ["hpa-target-missing/"]);
    }

    #[test]
    fn a_target_that_is_made_at_this_moment_has_time() {
        let scene = scenes::failing_since("AbleToScale", "FailedGetScale", MESSAGE, "2026-11-16T11:56:00Z");
        assert!(scene.told().is_empty());
        assert_eq!(scene.at("2026-11-16T12:02:00Z").told(), ["hpa-target-missing/"]);
        assert!(scenes::failing_since("AbleToScale", "BackoffBoth", "", LATELY).at(NOW).told().is_empty());
    }
}
