//! `hpa-maxed`: at its maximum for a quarter of an hour, and the metric is still a tenth above its target. Without
//! a metric's value nobody knows whether more would help: a note.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, quantity};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

use super::autoscaler::{describe, target};

/// A peak that passes needs no more replicas.
const GRACE: Seconds = 900;

pub(super) const RULE: Rule = Rule {
    id: "hpa-maxed",
    subject: Subject::Scaling,
    reads: &[Kind::HorizontalPodAutoscaler],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::HorizontalPodAutoscaler).iter().filter_map(|autoscaler| judge(view, autoscaler)).collect()
}

fn judge<'a>(view: &View<'a>, autoscaler: &'a Value) -> Option<Draft> {
    let limited = autoscaler.condition("ScalingLimited")?;
    let (current, most) =
        (autoscaler.number("/status/currentReplicas")?, autoscaler.number("/spec/maxReplicas")?);
    let stands = limited.text("/status") == "True" && limited.text("/reason") == "TooManyReplicas";
    if !stands || current < most || view.age(limited.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let measured = !autoscaler.items("/status/currentMetrics").is_empty();
    let overload = overload(autoscaler);
    if measured && overload.is_none() {
        return None;
    }
    let severity = if overload.is_some() { Severity::Warning } else { Severity::Note };
    let mut draft = Draft::new(RULE.id, "", severity, autoscaler);
    for path in [
        ".status.conditions[type=ScalingLimited].reason",
        ".status.conditions[type=ScalingLimited].message",
        ".spec.maxReplicas",
        ".status.currentReplicas",
        ".status.currentMetrics",
        ".spec.metrics",
    ] {
        draft.field(autoscaler, path);
    }
    if let Some(target) = target(view, autoscaler) {
        draft.affects(target);
    }
    draft.since(autoscaler, ".status.conditions[type=ScalingLimited].lastTransitionTime");
    let load = overload.map(|load| format!(" and {load}")).unwrap_or_default();
    draft.summary(format!("autoscaler {} is at its max of {most} replicas{load}", autoscaler.name()));
    draft.suggest("raise maxReplicas, or find out why the load grew");
    describe(&mut draft, autoscaler);
    Some(draft)
}

/// A metric a tenth above its target, in words.
fn overload(autoscaler: &Value) -> Option<String> {
    let current = autoscaler.items("/status/currentMetrics");
    autoscaler.items("/spec/metrics").iter().find_map(|metric| {
        let source = ["resource", "containerResource", "pods", "object", "external"]
            .into_iter()
            .find(|source| metric.get(source).is_some())?;
        let name = |value: &'_ Value| {
            let of = value.get(source).cloned().unwrap_or_default();
            format!("{}{}", of.text("/name"), of.text("/metric/name"))
        };
        let value = current.iter().find(|one| name(one) == name(metric))?;
        let wanted = metric.pointer(&format!("/{source}/target"))?;
        let used = value.pointer(&format!("/{source}/current"))?;
        let (used, wanted, unit) =
            ["averageUtilization", "averageValue", "value"].iter().find_map(|field| {
                let unit = if *field == "averageUtilization" { " % utilization" } else { "" };
                Some((amount(used.get(field)?)?, amount(wanted.get(field)?)?, unit))
            })?;
        let text = |thousandths: i128| thousandths / 1000;
        (used * 10 > wanted * 11)
            .then(|| format!("{} is still {}{unit}, target {}", name(metric), text(used), text(wanted)))
    })
}

/// In thousandths.
fn amount(value: &Value) -> Option<i128> {
    value.as_i64().map(|number| i128::from(number) * 1000).or_else(|| quantity(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LATELY, Scene};

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn scene(reason: &str, since: &str, metrics: Value, current: Value) -> Scene {
        let body = json!({"spec": {"scaleTargetRef": {"kind": "Rollout", "name": "web"}, "maxReplicas": 5, "metrics": metrics},
            "status": {"currentReplicas": 5, "currentMetrics": current, "conditions": [
                {"type": "ScalingLimited", "status": "True", "reason": reason, "message": "the desired replica count is more than the maximum replica count", "lastTransitionTime": since}]}});
        Scene::new().with(Kind::HorizontalPodAutoscaler, "web", body)
    }

    fn cpu(target: i64, used: i64) -> (Value, Value) {
        (
            json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}}]),
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": used, "averageValue": "900m"}}}]),
        )
    }

    #[test]
    fn at_its_maximum_and_still_overloaded() {
        let (metrics, current) = cpu(70, 95);
        let finding = scene("TooManyReplicas", EARLIER, metrics, current).finds("hpa-maxed/");
        assert!(finding.summary.contains("max of 5"), "{}", finding.summary);
        let (metrics, current) = cpu(70, 75);
        scene("TooManyReplicas", EARLIER, metrics, current).is_silent();
        let (metrics, current) = cpu(70, 95);
        scene("TooFewReplicas", EARLIER, metrics.clone(), current.clone()).is_silent();
        scene("TooManyReplicas", LATELY, metrics, current).is_silent();
    }

    #[test]
    fn a_queue_counts_too_and_without_a_value_it_is_a_note() {
        let metrics = json!([{"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}}]);
        let current = json!([{"type": "External", "external": {"metric": {"name": "queue"}, "current": {"averageValue": "120500m"}}}]);
        scene("TooManyReplicas", EARLIER, metrics.clone(), current).finds("hpa-maxed/");
        let unmeasured = scene("TooManyReplicas", EARLIER, metrics, json!([]));
        assert!(unmeasured.told().is_empty());
        assert_eq!(unmeasured.noted(), ["hpa-maxed/"]);
    }
}
