//! A `LimitRange` refuses the pods of a controller: their requests or limits are outside of its bounds.
//!
//! Fires on `minimum|maximum … usage per Container|Pod` and `max limit to request ratio` refusals.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::admission::Refusal;
use crate::decode::between;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::controllers::refused::{Refused, refused};
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "limitrange-conflict",
    subject: Subject::Admission,
    reads: &[Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::LimitRange],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("failed-create")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    refused(view).iter().filter_map(|refused| judge(view, refused)).collect()
}

fn judge<'a>(view: &View<'a>, refused: &Refused<'a>) -> Option<Draft> {
    if refused.refusal != Refusal::LimitRange {
        return None;
    }
    let owner = refused.owner;
    let range = guilty(view, owner.namespace(), refused.why())?;
    let mut draft = Draft::new(RULE.id, "", Severity::Error, range);
    draft.field(range, ".spec.limits");
    refused.cite(&mut draft);
    refused.suffer(view, &mut draft);
    for container in owner.items("/spec/template/spec/containers") {
        let name = container.text("/name");
        draft.field(owner, &format!(".spec.template.spec.containers[name={name}].resources"));
    }
    let top = view.top(owner);
    draft.summary(format!(
        "LimitRange {} refuses the pods of {} {}: {}",
        range.name(),
        top.kind(),
        top.name(),
        refused.why()
    ));
    draft.check(
        &["kubectl", "-n", owner.namespace(), "describe", "limitrange", range.name()],
        "the bounds of the namespace",
    );
    Some(draft)
}

/// The message tells a bound, not whose: the first range of the namespace that has it.
fn guilty<'a>(view: &View<'a>, namespace: &str, message: &str) -> Option<&'a Value> {
    let bound = between(message, " is ", ",").unwrap_or_default();
    let here = || view.all(Kind::LimitRange).iter().filter(|range| range.namespace() == namespace);
    let has = |range: &&Value| {
        let bounds = ["min", "max", "maxLimitRequestRatio"];
        range.items("/spec/limits").iter().any(|limit| {
            bounds
                .iter()
                .any(|kind| limit.pairs(&format!("/{kind}")).iter().any(|(_, value)| *value == bound))
        })
    };
    here().find(has).or_else(|| here().next())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::controllers::refused::tests::refused_set;
    use crate::rules::scene::Scene;

    const REFUSAL: &str =
        "pods \"web-\" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi";

    fn ranges(scene: Scene) -> Scene {
        let range =
            |most: &str| json!({"spec": {"limits": [{"type": "Container", "max": {"memory": most}}]}});
        scene.with(Kind::LimitRange, "a-wide", range("4Gi")).with(Kind::LimitRange, "narrow", range("512Mi"))
    }

    #[test]
    fn the_range_with_the_bound_is_the_root() {
        let finding = ranges(refused_set(REFUSAL)).finds("limitrange-conflict/");
        assert_eq!(finding.objects[0].name, "narrow");
        assert_eq!(finding.symptoms[0].rule, "failed-create");
    }

    #[test]
    fn a_range_that_refuses_nothing_is_silent() {
        ranges(Scene::new()).is_silent();
        assert_eq!(
            ranges(refused_set(REFUSAL)).forbid(Kind::LimitRange).told(),
            ["failed-create/limitrange"]
        );
    }
}
