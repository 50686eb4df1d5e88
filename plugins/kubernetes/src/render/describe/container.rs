//! A container: image, state, resources, probes, environment, mounts.

use holmes_plugin::serde_json::Value;

use super::Report;
use crate::{age::Now, budget, field};

/// Commands and environment values are shown up to here.
const VALUE: usize = 300;

pub(super) fn describe(report: &mut Report, container: &Value, status: Option<&Value>, now: Now) {
    report.line(1, format!("{}:", field::text(container, "/name")));
    report.field(2, "Image", field::text(container, "/image"));
    if let Some(status) = status {
        state(report, status, now);
    }
    let words = |pointer: &str| {
        let words: Vec<String> = field::list(container, pointer).iter().map(field::plain).collect();
        budget::line(&words.join(" "), VALUE)
    };
    report.field(2, "Command", &words("/command"));
    report.field(2, "Args", &words("/args"));
    let ports: Vec<String> = field::list(container, "/ports").iter().map(port).collect();
    report.field(2, "Ports", &ports.join(", "));
    report.field(2, "Requests", &field::pairs(container, "/resources/requests"));
    report.field(2, "Limits", &field::pairs(container, "/resources/limits"));
    for (label, pointer) in
        [("Liveness", "/livenessProbe"), ("Readiness", "/readinessProbe"), ("Startup", "/startupProbe")]
    {
        if let Some(probe) = container.pointer(pointer) {
            report.field(2, label, &self::probe(probe));
        }
    }
    environment(report, container);
    for mount in field::list(container, "/volumeMounts") {
        let path = field::text(mount, "/mountPath");
        // Every pod has this one.
        if path.starts_with("/var/run/secrets/kubernetes.io/") {
            continue;
        }
        let sub = field::text(mount, "/subPath");
        let sub = if sub.is_empty() { String::new() } else { format!(" (subPath {sub})") };
        let access = if field::is_true(mount, "/readOnly") { "ro" } else { "rw" };
        report.line(2, format!("Mount: {path} from {}{sub} ({access})", field::text(mount, "/name")));
    }
    let context =
        container.pointer("/securityContext").filter(|it| it.as_object().is_some_and(|map| !map.is_empty()));
    if let Some(context) = context {
        report.field(2, "Security context", &context.to_string());
    }
}

fn state(report: &mut Report, status: &Value, now: Now) {
    report.field(2, "State", &one_state(status, "/state", now));
    report.field(2, "Last state", &one_state(status, "/lastState", now));
    let ready = field::is_true(status, "/ready");
    report.line(2, format!("Ready: {ready}, restarts: {}", field::number(status, "/restartCount")));
}

fn one_state(status: &Value, side: &str, now: Now) -> String {
    let at = |name: &str| status.pointer(&format!("{side}/{name}"));
    let told = |state: &Value| match field::text(state, "/message") {
        "" => String::new(),
        message => format!(": {}", budget::line(message, 1_000)),
    };
    if let Some(waiting) = at("waiting") {
        return format!("waiting, {}{}", field::text_or(waiting, "/reason", "no reason"), told(waiting));
    }
    if let Some(running) = at("running") {
        let started = field::text(running, "/startedAt");
        return format!("running since {started} ({} ago)", now.age(started));
    }
    let Some(ended) = at("terminated") else { return String::new() };
    let signal = field::number(ended, "/signal");
    let signal = if signal == 0 { String::new() } else { format!(", signal {signal}") };
    let (started, finished) = (field::text(ended, "/startedAt"), field::text(ended, "/finishedAt"));
    format!(
        "terminated, {}, exit code {}{signal}, {started} to {finished} ({} ago){}",
        field::text_or(ended, "/reason", "no reason"),
        field::number(ended, "/exitCode"),
        now.age(finished),
        told(ended)
    )
}

fn port(port: &Value) -> String {
    let name = field::text(port, "/name");
    let name = if name.is_empty() { String::new() } else { format!("{name} ") };
    format!("{name}{}/{}", field::number(port, "/containerPort"), field::text_or(port, "/protocol", "TCP"))
}

/// `http-get :8080/healthz, delay 5s, timeout 1s, every 10s, fails after 3`.
fn probe(probe: &Value) -> String {
    let given = |pointer: &str| probe.pointer(pointer).map(field::plain).unwrap_or_default();
    let what = if probe.pointer("/httpGet").is_some() {
        let scheme = field::text_or(probe, "/httpGet/scheme", "HTTP").to_ascii_lowercase();
        format!("{scheme}-get :{}{}", given("/httpGet/port"), field::text(probe, "/httpGet/path"))
    } else if probe.pointer("/tcpSocket").is_some() {
        format!("tcp :{}", given("/tcpSocket/port"))
    } else if probe.pointer("/grpc").is_some() {
        format!("grpc :{}", given("/grpc/port"))
    } else {
        let words: Vec<String> = field::list(probe, "/exec/command").iter().map(field::plain).collect();
        format!("exec {}", budget::line(&words.join(" "), VALUE))
    };
    // Absent numbers are the API's defaults.
    let number =
        |pointer: &str, default: i64| probe.pointer(pointer).and_then(Value::as_i64).unwrap_or(default);
    format!(
        "{what}, delay {}s, timeout {}s, every {}s, fails after {}",
        number("/initialDelaySeconds", 0),
        number("/timeoutSeconds", 1),
        number("/periodSeconds", 10),
        number("/failureThreshold", 3)
    )
}

fn environment(report: &mut Report, container: &Value) {
    let sources = field::list(container, "/envFrom");
    let variables = field::list(container, "/env");
    if sources.is_empty() && variables.is_empty() {
        return;
    }
    report.line(2, "Environment:");
    for source in sources {
        for (kind, label) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            if let Some(reference) = source.get(kind) {
                let optional = if field::is_true(reference, "/optional") { " (optional)" } else { "" };
                report.line(3, format!("all keys of {label} {}{optional}", field::name_only(reference)));
            }
        }
    }
    for variable in variables {
        let name = field::text(variable, "/name");
        match variable.pointer("/valueFrom") {
            Some(source) => report.line(3, format!("{name} from {}", origin(source))),
            None => {
                report.line(3, format!("{name}={}", budget::line(field::text(variable, "/value"), VALUE)));
            }
        }
    }
}

fn origin(source: &Value) -> String {
    for (kind, label) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
        if let Some(reference) = source.get(kind) {
            let optional = if field::is_true(reference, "/optional") { " (optional)" } else { "" };
            return format!(
                "{label} {} key {}{optional}",
                field::name_only(reference),
                field::text(reference, "/key")
            );
        }
    }
    let path = field::text(source, "/fieldRef/fieldPath");
    if path.is_empty() {
        format!("resource {}", field::text(source, "/resourceFieldRef/resource"))
    } else {
        format!("field {path}")
    }
}
