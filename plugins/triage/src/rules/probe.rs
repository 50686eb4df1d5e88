//! Probes that fail now: containers that are restarted by one, or never become ready.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::Container;
use crate::decode::probe::{Probe, class, parse};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::rules::crash::cite_log;
use crate::template;
use crate::view::{View, event_count, event_time};

/// A probe that failed this long ago and not since is forgotten.
const CURRENT: Seconds = 600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let containers = view.working_containers();
    containers
        .iter()
        .filter(|container| !container.init)
        .filter_map(|container| judge(view, container))
        .collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    kills(view, container).or_else(|| unready(view, container))
}

/// Restarted by the kubelet because of a liveness or startup probe, more than once.
fn kills<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    if container.restarts() < 2 || !container.failed_lately(view.now) || container.has_recovered(view.now) {
        return None;
    }
    let named = format!("Container {} failed ", container.name());
    let killing = view.newest_event(container.pod, &["Killing"], |message| message.starts_with(&named));
    let (event, probe) = [Probe::Liveness, Probe::Startup]
        .into_iter()
        .find_map(|probe| Some((newest(view, container, probe)?, probe)))?;
    let code = container.last_end().and_then(|(end, _)| end.number("/exitCode"));
    if killing.is_none() && !matches!(code, Some(137 | 143)) {
        return None;
    }
    let mut draft = draft(view, container, probe, event, Severity::Error);
    if let Some(killing) = killing {
        draft.event(killing);
        draft.since(killing, ".firstTimestamp");
    } else {
        draft.confidence(Confidence::Medium);
    }
    draft.field(container.pod, &container.status_path(".restartCount"));
    if let Some((_, path)) = container.last_end() {
        draft.field(container.pod, &container.status_path(&format!("{path}.exitCode")));
    }
    Some(draft)
}

/// Runs, but is not ready, although it had the time that its probes give it.
fn unready<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let age = view.age(container.running_since())?;
    if container.is_ready() || age < grace(container) {
        return None;
    }
    let probe = [Probe::Startup, Probe::Readiness].into_iter().find_map(|probe| {
        let event = newest(view, container, probe)?;
        (view.now - event_time(event) <= CURRENT).then_some((event, probe))
    });
    if let Some((event, probe)) = probe {
        return Some(draft(view, container, probe, event, Severity::Error));
    }
    container.spec()?.pointer("/readinessProbe")?;
    if age < CURRENT {
        return None;
    }
    // The events are gone or could not be read: the status says unready, and nothing says why.
    let pod = container.pod;
    let mut draft =
        Draft::of_pod(view, "readiness-failing", "no-event", Severity::Error, pod, Some(container.name()));
    draft.confidence(Confidence::Medium);
    draft.field(pod, &container.status_path(".ready"));
    draft.field(pod, &container.spec_path(".readinessProbe"));
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!(
        "container `{}` runs but is not ready; no current event says why",
        container.name()
    ));
    cite_log(view, container, &mut draft);
    Some(draft)
}

fn newest<'a>(view: &View<'a>, container: &Container<'a>, probe: Probe) -> Option<&'a Value> {
    let field = format!("spec.containers{{{}}}", container.name());
    view.events(container.pod).into_iter().rev().find(|event| {
        let path = event.text("/involvedObject/fieldPath");
        event.text("/reason") == "Unhealthy"
            && (path.is_empty() || path == field)
            && parse(event.text("/message")).is_some_and(|(found, _)| found == probe)
    })
}

/// Seconds that a container may take to become ready.
fn grace(container: &Container<'_>) -> Seconds {
    let budget = |probe: Probe| {
        let spec = container.spec().and_then(|spec| spec.get(probe.field()));
        spec.map_or(0, |spec| {
            let number = |field, default| spec.number(field).unwrap_or(default);
            number("/initialDelaySeconds", 0) + number("/failureThreshold", 3) * number("/periodSeconds", 10)
        })
    };
    (budget(Probe::Startup) + budget(Probe::Readiness) + 30).max(60)
}

fn draft<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    probe: Probe,
    event: &'a Value,
    severity: Severity,
) -> Draft {
    let pod = container.pod;
    let text = parse(event.text("/message")).map(|(_, text)| text).unwrap_or_default();
    let class_name = refine(container, probe, class(text));
    let mut draft = Draft::of_pod(view, probe.rule(), class_name, severity, pod, Some(container.name()));
    draft.event(event);
    draft.computed(event, ".count", event_count(event));
    draft.field(pod, &container.spec_path(&format!(".{}", probe.field())));
    draft.field(pod, &container.spec_path(".ports"));
    draft.since(event, ".firstTimestamp");
    if !container.is_ready() {
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    let word = probe.word();
    draft.summary(format!(
        "{word} probe of container `{}` fails {} times: {text}",
        container.name(),
        event_count(event)
    ));
    draft.changed(template::changes(view, pod));
    let log_class = cite_log(view, container, &mut draft);
    if log_class.starts_with("dep-")
        && matches!(class_name, "failed" | "app-unhealthy" | "timeout" | "refused")
    {
        "app-unhealthy".clone_into(&mut draft.finding.class);
    }
    if class_name == "wrong-port" {
        let declared: Vec<String> =
            declared_ports(container).iter().map(|(port, _)| port.to_string()).collect();
        draft.suggest(format!("the container declares port {}, the probe asks another", declared.join(", ")));
    }
    let namespace = pod.namespace();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", pod.name()], "the probe and its failures");
    draft.check(
        &["kubectl", "-n", namespace, "logs", pod.name(), "-c", container.name(), "--tail=50"],
        "what the application says meanwhile",
    );
    draft
}

/// A refused connection on a port that the container does not declare is a wrong port.
fn refine(container: &Container<'_>, probe: Probe, class: &'static str) -> &'static str {
    if class != "refused" {
        return class;
    }
    let spec = container.spec().and_then(|spec| spec.get(probe.field()));
    let port = ["/httpGet/port", "/tcpSocket/port", "/grpc/port"]
        .iter()
        .find_map(|pointer| spec?.pointer(pointer).cloned());
    let declared = declared_ports(container);
    let known = match &port {
        Some(Value::Number(number)) => declared.iter().any(|(port, _)| Some(*port) == number.as_i64()),
        Some(Value::String(name)) => declared.iter().any(|(_, known)| known == name),
        _ => true,
    };
    if known || declared.is_empty() { class } else { "wrong-port" }
}

fn declared_ports<'a>(container: &Container<'a>) -> Vec<(i64, &'a str)> {
    let ports = container.spec().map(|spec| spec.items("/ports")).unwrap_or_default();
    ports.iter().filter_map(|port| Some((port.number("/containerPort")?, port.text("/name")))).collect()
}
