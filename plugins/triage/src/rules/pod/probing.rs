//! Probes that fail now: the walk that the rules of the three probes share, and what their findings cite.

use holmes_protocol::{ReadOutcome, Severity};
use serde_json::Value;

use crate::blame::cite_log;
use crate::containers::Container;
use crate::decode::log_line::listening_ports;
use crate::decode::probe::{Probe, class, parse};
use crate::draft::Draft;
use crate::object::{Object, Seconds, quantity};
use crate::observations::Kind;
use crate::template;
use crate::view::{View, event_count, event_time};

/// A probe that failed this long ago and not since is forgotten.
pub(super) const CURRENT: Seconds = 600;
/// With a tenth of a processor a program may be too slow to answer in time, in thousandths.
const STARVED: i128 = 100;
/// Replicas to look at for one that works: a thousand that fail alike are not compared with each other.
const SAMPLE: usize = 100;
/// A liveness probe that gives up within five seconds judges a hiccup.
const HASTY: i64 = 5;

/// The newest failure of a probe of this container.
pub(super) fn newest<'a>(view: &View<'a>, container: &Container<'a>, probe: Probe) -> Option<&'a Value> {
    let field = format!("{{{}}}", container.name());
    view.events(container.pod).into_iter().rev().find(|event| {
        let path = event.text("/involvedObject/fieldPath");
        event.text("/reason") == "Unhealthy"
            && (path.is_empty() || path.ends_with(&field))
            && parse(event.text("/message")).is_some_and(|(found, _)| found == probe)
    })
}

/// The newest event that says that a probe ended this container.
pub(super) fn killing<'a>(view: &View<'a>, container: &Container<'a>) -> Option<&'a Value> {
    let named = format!("Container {} failed ", container.name());
    view.newest_event(container.pod, &["Killing"], |message| {
        message.starts_with(&named)
            && (message.contains("liveness probe") || message.contains("startup probe"))
    })
}

/// Restarted by the kubelet because of this probe, more than once: the newest failure and the kill.
pub(super) fn kills<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    probe: Probe,
) -> Option<(&'a Value, Option<&'a Value>)> {
    if container.restarts() < 2 || !container.failed_lately(view.now) || container.has_recovered(view.now) {
        return None;
    }
    let word = format!("{} probe", probe.word().to_ascii_lowercase());
    let killing = killing(view, container).filter(|event| event.text("/message").contains(&word));
    let unhealthy = newest(view, container, probe);
    let code = container.last_end().and_then(|(end, _)| end.number("/exitCode"));
    let killed = killing.is_some() || matches!(code, Some(137 | 143));
    Some((unhealthy.or(killing)?, killing)).filter(|_| killed)
}

/// Ended by a signal that a probe may have caused, where no event may be read that would say so.
pub(super) fn may_have_killed(view: &View<'_>, container: &Container<'_>, probe: Probe) -> bool {
    let code = container.last_end().and_then(|(end, _)| end.number("/exitCode"));
    view.observations.outcome(Kind::Event) != ReadOutcome::Ok
        && container.restarts() >= 2
        && container.failed_lately(view.now)
        && !container.has_recovered(view.now)
        && matches!(code, Some(137 | 143))
        && container.spec().is_some_and(|spec| spec.get(probe.field()).is_some())
}

/// Runs, but is not ready, although it had the time that its probes give it.
pub(super) fn is_overdue(view: &View<'_>, container: &Container<'_>) -> bool {
    let age = view.age(container.running_since());
    !container.is_ready() && age.is_some_and(|age| age >= grace(container))
}

/// Seconds that a container may take to become ready.
fn grace(container: &Container<'_>) -> Seconds {
    let budget = |probe: Probe| {
        container.spec().and_then(|spec| spec.get(probe.field())).map_or(0, |spec| {
            let number = |field, default| spec.number(field).unwrap_or(default);
            number("/initialDelaySeconds", 0) + number("/failureThreshold", 3) * number("/periodSeconds", 10)
        })
    };
    (budget(Probe::Startup) + budget(Probe::Readiness) + 30).max(60)
}

/// A finding about a failing probe.
pub(super) fn draft<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    (rule, probe): (&str, Probe),
    event: &'a Value,
) -> Draft {
    let pod = container.pod;
    let text = parse(event.text("/message")).map_or(event.text("/message"), |(_, text)| text);
    let class_name = refine(view, container, probe, class(text), text);
    let mut draft = Draft::of_pod(view, rule, class_name, Severity::Error, pod, Some(container.name()));
    draft.event(event);
    draft.computed(event, ".count", event_count(event));
    draft.field(pod, &container.spec_path(&format!(".{}", probe.field())));
    draft.field(pod, &container.spec_path(".ports"));
    if matches!(class_name, "starved" | "timeout") {
        draft.field(pod, &container.spec_path(".resources.limits.cpu"));
    }
    draft.since(event, ".firstTimestamp");
    if !container.is_ready() {
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    let (word, count) = (probe.word(), event_count(event));
    draft.summary(format!("{word} probe of container `{}` fails {count} times: {text}", container.name()));
    draft.changed(template::changes(view, pod));
    let log_class = cite_log(view, container, &mut draft);
    let may_be_its = matches!(class_name, "failed" | "exec-failed" | "app-unhealthy" | "timeout" | "refused");
    let is_changed = template::touches(&draft.finding.change, probe.field());
    if log_class.starts_with("dep-") && may_be_its && !is_changed {
        "app-unhealthy".clone_into(&mut draft.finding.class);
    }
    advise(container, class_name, &mut draft);
    let (namespace, name) = (pod.namespace(), pod.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", name], "the probe and its failures");
    draft.check(
        &["kubectl", "-n", namespace, "logs", name, "-c", container.name(), "--tail=50"],
        "what the application says meanwhile",
    );
    super::crash::undo(view, pod, &mut draft, "goes back to the revision before the change");
    draft
}

fn advise(container: &Container<'_>, class: &str, draft: &mut Draft) {
    match class {
        "wrong-port" => {
            let ports: Vec<String> =
                declared_ports(container).iter().map(|(port, _)| port.to_string()).collect();
            if !ports.is_empty() {
                draft.suggest(format!(
                    "the container declares port {}, the probe asks another",
                    ports.join(", ")
                ));
            }
        }
        "wrong-path" => draft.suggest("the application answers, but not on the probe's path"),
        "wrong-scheme" => draft.suggest("one side speaks HTTPS, the other HTTP: compare the probe's scheme"),
        "starved" => draft.suggest("the limit of cpu is so low that the answer comes late: raise it"),
        "timing" => {
            draft.suggest("give the probe more time: timeoutSeconds, failureThreshold or a startupProbe");
        }
        _ => {}
    }
}

/// What the failure is, where the specification, the log or a replica says more than the message.
fn refine<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    probe: Probe,
    class: &'static str,
    text: &str,
) -> &'static str {
    let Some(spec) = container.spec().and_then(|spec| spec.get(probe.field())) else { return class };
    let number = |pointer, default| spec.number(pointer).unwrap_or(default);
    let no_connection = class == "refused" || text.contains("failed to connect service");
    match class {
        _ if no_connection && asks_another_port(view, container, spec) => "wrong-port",
        "refused" | "timeout" if probe == Probe::Liveness => {
            let patience = number("/failureThreshold", 3) * number("/periodSeconds", 10);
            if patience < HASTY {
                "timing"
            } else if class == "timeout" && is_starved(container) {
                "starved"
            } else {
                class
            }
        }
        "timeout" if is_starved(container) => "starved",
        "timeout" if number("/timeoutSeconds", 1) == 1 && a_replica_is_ready(view, container) => "timing",
        "failed" if spec.pointer("/exec").is_some() => "exec-failed",
        _ => class,
    }
}

fn is_starved(container: &Container<'_>) -> bool {
    let limit = container.spec().map(|spec| spec.text("/resources/limits/cpu")).unwrap_or_default();
    quantity(limit).is_some_and(|limit| limit <= STARVED)
}

fn a_replica_is_ready<'a>(view: &View<'a>, container: &Container<'a>) -> bool {
    let owner = view.owners(container.pod).first().copied();
    owner.is_some_and(|owner| {
        view.children(owner).iter().take(SAMPLE).any(|pod| pod.condition_is("Ready", "True"))
    })
}

/// Does the probe ask a port that the container does not declare, or that the log says is another?
fn asks_another_port<'a>(view: &View<'a>, container: &Container<'a>, spec: &Value) -> bool {
    let declared = declared_ports(container);
    let pointers = ["/httpGet/port", "/tcpSocket/port", "/grpc/port"];
    let number = match pointers.iter().find_map(|pointer| spec.pointer(pointer)) {
        Some(Value::String(name)) => match declared.iter().find(|(_, known)| known == name) {
            Some((port, _)) => Some(*port),
            None => return true,
        },
        Some(port) => port.as_i64(),
        None => None,
    };
    let Some(number) = number else { return false };
    if !declared.is_empty() && !declared.iter().any(|(port, _)| *port == number) {
        return true;
    }
    let log = view.log(container, false).map(listening_ports).unwrap_or_default();
    !log.is_empty() && !log.contains(&number)
}

fn declared_ports<'a>(container: &Container<'a>) -> Vec<(i64, &'a str)> {
    let ports = container.spec().map(|spec| spec.items("/ports")).unwrap_or_default();
    ports.iter().filter_map(|port| Some((port.number("/containerPort")?, port.text("/name")))).collect()
}

/// Is the failure recent enough to be the state of things?
pub(super) fn is_current(view: &View<'_>, event: &Value) -> bool {
    view.now - event_time(event) <= CURRENT
}
