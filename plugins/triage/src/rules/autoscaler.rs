//! Autoscalers that can not scale: no target, no requests, no metrics, or no room up.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

const GRACE: Seconds = 300;
const MAXED_GRACE: Seconds = 900;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let autoscalers = view.all(Kind::HorizontalPodAutoscaler).iter();
    autoscalers
        .filter(|autoscaler| !autoscaler.is_deleting() && view.age(autoscaler.created()) >= Some(GRACE))
        .filter_map(|autoscaler| cannot_scale(view, autoscaler).or_else(|| maxed(view, autoscaler)))
        .collect()
}

fn cannot_scale<'a>(view: &View<'a>, autoscaler: &'a Value) -> Option<Draft> {
    let false_one =
        |kind| autoscaler.condition(kind).filter(|condition| condition.text("/status") == "False");
    let (kind, condition) = match (false_one("AbleToScale"), false_one("ScalingActive")) {
        (Some(condition), _) if condition.text("/reason").starts_with("Failed") => ("AbleToScale", condition),
        (_, Some(condition)) => ("ScalingActive", condition),
        _ => return None,
    };
    let (reason, message) = (condition.text("/reason"), condition.text("/message"));
    let (rule, class) = match reason {
        "ScalingDisabled" => return None,
        "FailedGetScale" | "FailedUpdateScale" => ("hpa-target-missing", ""),
        "InvalidSelector" | "AmbiguousSelector" => ("hpa-conflict", ""),
        _ if message.contains("missing request for") => ("hpa-no-requests", ""),
        _ if message.contains("did not receive metrics") => ("hpa-no-metrics", "pods-unready"),
        _ => ("hpa-no-metrics", ""),
    };
    if view.age(condition.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let mut draft = Draft::new(rule, class, Severity::Error, autoscaler);
    draft.field(autoscaler, &format!(".status.conditions[type={kind}].reason"));
    draft.field(autoscaler, &format!(".status.conditions[type={kind}].message"));
    draft.field(autoscaler, ".spec.scaleTargetRef");
    draft.since(autoscaler, &format!(".status.conditions[type={kind}].lastTransitionTime"));
    let target = target(view, autoscaler);
    if let Some(target) = target {
        draft.affects(target);
    } else if rule == "hpa-target-missing" {
        let name = autoscaler.text("/spec/scaleTargetRef/name");
        let target_kind = autoscaler.text("/spec/scaleTargetRef/kind");
        let absent = Kind::parse(target_kind)
            .is_some_and(|kind| view.find(kind, autoscaler.namespace(), name).is_absent());
        if absent {
            draft.absent(target_kind, autoscaler.namespace(), name);
        }
    }
    let mut without = Vec::new();
    if rule == "hpa-no-requests" {
        let resource = message
            .split_once("missing request for ")
            .and_then(|(_, rest)| rest.split(' ').next())
            .unwrap_or("cpu");
        for container in
            target.map(|target| target.items("/spec/template/spec/containers")).unwrap_or_default()
        {
            if container.text(&format!("/resources/requests/{resource}")).is_empty() {
                without.push(container.text("/name"));
            }
        }
        draft.suggest(format!("set resources.requests.{resource} of {}", without.join(", ")));
        if let Some(target) = target {
            for name in &without {
                draft.field(target, &format!(".spec.template.spec.containers[name={name}].name"));
                draft.field(target, &format!(".spec.template.spec.containers[name={name}].resources"));
            }
        }
    }
    draft.summary(format!("autoscaler {} can not scale ({reason}): {message}", autoscaler.name()));
    draft.check(
        &["kubectl", "-n", autoscaler.namespace(), "describe", "hpa", autoscaler.name()],
        "its conditions",
    );
    Some(draft)
}

fn target<'a>(view: &View<'a>, autoscaler: &Value) -> Option<&'a Value> {
    let kind = Kind::parse(autoscaler.text("/spec/scaleTargetRef/kind"))?;
    view.find(kind, autoscaler.namespace(), autoscaler.text("/spec/scaleTargetRef/name")).found()
}

fn maxed<'a>(view: &View<'a>, autoscaler: &'a Value) -> Option<Draft> {
    let limited = autoscaler.condition("ScalingLimited")?;
    let (current, most) =
        (autoscaler.number("/status/currentReplicas")?, autoscaler.number("/spec/maxReplicas")?);
    let stands = limited.text("/status") == "True" && limited.text("/reason") == "TooManyReplicas";
    if !stands || current < most || view.age(limited.time("/lastTransitionTime"))? < MAXED_GRACE {
        return None;
    }
    let (name, wanted, used) = overload(autoscaler)?;
    let mut draft = Draft::new("hpa-maxed", "", Severity::Warning, autoscaler);
    draft.confidence(Confidence::High);
    for path in [
        ".spec.maxReplicas",
        ".status.currentReplicas",
        ".status.conditions[type=ScalingLimited].reason",
        ".status.conditions[type=ScalingLimited].message",
        ".status.currentMetrics",
        ".spec.metrics",
    ] {
        draft.field(autoscaler, path);
    }
    if let Some(target) = target(view, autoscaler) {
        draft.affects(target);
    }
    draft.since(autoscaler, ".status.conditions[type=ScalingLimited].lastTransitionTime");
    draft.summary(format!(
        "autoscaler {} is at its max of {most} replicas and {name} is still {used}, target {wanted}",
        autoscaler.name()
    ));
    draft.suggest("raise maxReplicas, or find out why the load grew");
    draft.check(
        &["kubectl", "-n", autoscaler.namespace(), "describe", "hpa", autoscaler.name()],
        "its metrics",
    );
    Some(draft)
}

/// A metric a tenth above its target, with target and value.
fn overload(autoscaler: &Value) -> Option<(String, i64, i64)> {
    autoscaler.items("/spec/metrics").iter().find_map(|metric| {
        let name = metric.text("/resource/name");
        let wanted = metric.number("/resource/target/averageUtilization")?;
        let current = autoscaler
            .items("/status/currentMetrics")
            .iter()
            .find(|one| one.text("/resource/name") == name)?;
        let used = current.number("/resource/current/averageUtilization")?;
        (used * 10 > wanted * 11).then(|| (format!("{name} utilization"), wanted, used))
    })
}
