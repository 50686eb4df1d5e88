//! `hpa-conflict`: two autoscalers, or an autoscaler and somebody else's pods, claim the same selector.

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

use super::autoscaler::failing;

pub(super) const RULE: Rule = Rule {
    id: "hpa-conflict",
    subject: Subject::Scaling,
    reads: &[Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = failing(view).into_iter();
    failing
        .filter(|failing| matches!(failing.reason(), "InvalidSelector" | "AmbiguousSelector"))
        .map(|failing| {
            let mut draft = failing.draft(view, RULE.id, "");
            let autoscaler = failing.autoscaler;
            let target = autoscaler.get("spec").and_then(|spec| spec.get("scaleTargetRef"));
            let rivals = view.all(Kind::HorizontalPodAutoscaler).iter().filter(|other| {
                other.namespace() == autoscaler.namespace()
                    && other.name() != autoscaler.name()
                    && other.get("spec").and_then(|spec| spec.get("scaleTargetRef")) == target
            });
            for rival in rivals {
                draft.field(rival, ".spec.scaleTargetRef");
                draft.affects(rival);
            }
            draft
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::autoscaler::scenes;
    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LONG_AGO};

    #[test]
    fn two_autoscalers_of_one_target_are_named() {
        let message = "pods by selector app=web are controlled by multiple HPAs: [shop/web shop/web-2]";
        let mut other = scenes::autoscaler("AbleToScale", "ReadyForNewScale", "", LONG_AGO);
        other["status"]["conditions"][0]["status"] = "True".into();
        let finding = scenes::failing_since("ScalingActive", "AmbiguousSelector", message, EARLIER)
            .with(Kind::HorizontalPodAutoscaler, "web-2", other)
            .finds("hpa-conflict/");
        assert!(finding.objects.iter().any(|object| object.name == "web-2"));
    }
}
