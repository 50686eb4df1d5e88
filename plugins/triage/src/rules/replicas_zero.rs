//! Deployments that were scaled to zero although something needs them.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, selects};
use crate::observations::Kind;
use crate::rules::ingress::backends;
use crate::view::View;

/// Words in annotations of those who scale to zero on purpose.
const ON_PURPOSE: [&str; 8] =
    ["downscaler", "sleep", "keda", "knative", "schedule", "scale", "snooze", "hibernate"];

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Deployment).iter().filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    if object.number("/spec/replicas") != Some(0) || object.is_deleting() {
        return None;
    }
    // A Deployment that nobody ever scaled, or that a schedule scales, is at zero by design.
    let was_above_zero = object.number("/metadata/generation").unwrap_or_default() > 1;
    let by_design = !was_above_zero || is_on_purpose(view, object);
    let (severity, confidence) =
        if by_design { (Severity::Note, Confidence::Low) } else { (Severity::Error, Confidence::Medium) };
    let labels = object.pointer("/spec/template/metadata/labels")?;
    let services = view.all(Kind::Service).iter().filter(|service| service.namespace() == object.namespace());
    let service = services.into_iter().find(|service| selects(&service.pairs("/spec/selector"), labels))?;
    if !view.selected_by(service).is_empty() {
        return None;
    }
    let consumer = view.all(Kind::Ingress).iter().find_map(|ingress| {
        let same = ingress.namespace() == service.namespace();
        let path =
            backends(ingress).into_iter().find(|backend| same && backend.service == service.name())?.path;
        Some((ingress, path))
    })?;
    let mut draft = Draft::new("replicas-zero", "", severity, object);
    draft.confidence(confidence);
    draft.field(object, ".spec.replicas");
    draft.field(service, ".spec.selector");
    draft.field(consumer.0, &consumer.1);
    draft.affects(service);
    draft.affects(consumer.0);
    if let Some(event) = view.newest_event(object, &["ScalingReplicaSet"], |message| message.contains("to 0"))
    {
        draft.event(event);
        draft.since(event, ".lastTimestamp");
    }
    draft.summary(format!(
        "Deployment {} is scaled to zero, but Ingress {} routes to it",
        object.name(),
        consumer.0.name()
    ));
    let target = format!("deployment/{}", object.name());
    draft.fix(
        &["kubectl", "-n", object.namespace(), "scale", &target, "--replicas=1"],
        "runs it again",
        "low",
    );
    Some(draft)
}

fn is_on_purpose(view: &View<'_>, object: &Value) -> bool {
    let annotations = object.pairs("/metadata/annotations");
    let marked = annotations.iter().any(|(key, value)| {
        let text = format!("{key} {value}").to_ascii_lowercase();
        ON_PURPOSE.iter().any(|word| text.contains(word))
    });
    let scaled = view.all(Kind::HorizontalPodAutoscaler).iter().any(|autoscaler| {
        autoscaler.namespace() == object.namespace()
            && autoscaler.text("/spec/scaleTargetRef/name") == object.name()
            && autoscaler.number("/spec/minReplicas") == Some(0)
    });
    marked || scaled
}
