//! Containers that end: out of memory, not startable, crash loops, and what their last line blames.

use holmes_protocol::{Confidence, Severity};
use serde_json::{Value, json};

use crate::address::{Address, addresses, service, services_in_line};
use crate::containers::{Container, RESTART_WINDOW};
use crate::decode::log_line::{Telling, telling};
use crate::decode::{exit_code, nearest};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::template;
use crate::view::{Lookup, View};

const DAY: Seconds = 24 * 3600;
/// Longer than what an init container usually needs to fetch or migrate something.
const HANGING: Seconds = 300;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.working_containers().iter().filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    if container.init && container.is_running() {
        return hanging(view, container);
    }
    let (end, path) = container.last_end()?;
    if end.text("/reason") == "OOMKilled" {
        return out_of_memory(view, container, end, path);
    }
    if !is_crashing(view, container) || killed_by_probe(view, container) {
        return None;
    }
    let told = last_words(view, container);
    let code = end.number("/exitCode").unwrap_or_default();
    let (rule, class) = classify(container, end, told.as_ref().map_or("", |told| told.line.class));
    let mut draft = Draft::of_pod(view, rule, class, Severity::Error, container.pod, Some(container.name()));
    draft.field(container.pod, &container.status_path(".state.waiting.reason"));
    draft.field(container.pod, &container.status_path(&format!("{path}.exitCode")));
    draft.field(container.pod, &container.status_path(&format!("{path}.reason")));
    draft.field(container.pod, &container.status_path(&format!("{path}.message")));
    draft.field(container.pod, &container.status_path(".restartCount"));
    let changes = template::changes(view, container.pod);
    if let Some(told) = &told {
        told.cite(&mut draft, container);
        blame(view, container, told.line.line, &mut draft);
    }
    if class == "arch" {
        cite_architecture(view, container, &mut draft);
    }
    draft.field(container.pod, &container.spec_path(".image"));
    if rule == "container-start-failed" {
        draft.field(container.pod, &container.spec_path(".command"));
        draft.field(container.pod, &container.spec_path(".args"));
    }
    let line = told.as_ref().map(|told| format!(": {}", told.line.line.trim())).unwrap_or_default();
    let what = if container.init { "init container" } else { "container" };
    let times = container.restarts();
    draft.summary(format!(
        "{what} `{}` ends with exit code {code} ({times} restarts){line}",
        container.name()
    ));
    draft.changed(changes);
    finish(view, container, &mut draft);
    Some(draft)
}

/// An init container that runs for long and says no more than what it waits for.
fn hanging<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    // A sidecar is an init container that is meant to run on.
    let sidecar = container.spec().is_some_and(|spec| spec.text("/restartPolicy") == "Always");
    let age = view.age(container.running_since())?;
    if sidecar || age < HANGING {
        return None;
    }
    let mut draft = Draft::of_pod(
        view,
        "init-blocked",
        "hanging",
        Severity::Error,
        container.pod,
        Some(container.name()),
    );
    draft.field(container.pod, &container.status_path(".state.running.startedAt"));
    draft.field(container.pod, &container.spec_path(".command"));
    draft.since(container.pod, &container.status_path(".state.running.startedAt"));
    cite_log(view, container, &mut draft);
    if draft.finding.rule == "init-blocked" {
        draft.confidence(Confidence::Medium);
        let words = [container
            .spec()
            .map(|spec| format!("{} {}", json!(spec.get("command")), json!(spec.get("args"))))];
        for target in
            words.iter().flatten().flat_map(|line| services_in_line(view, container.pod.namespace(), line))
        {
            draft.depends_on.insert(target.key());
        }
    }
    draft.summary(format!(
        "init container `{}` runs since {} minutes and the pod waits for it",
        container.name(),
        age / 60
    ));
    Some(draft)
}

/// A crash that counts: backing off now, or ended badly again and again within the window.
fn is_crashing(view: &View<'_>, container: &Container<'_>) -> bool {
    match container.waiting_reason() {
        "CrashLoopBackOff" | "RunContainerError" => return true,
        "" => {}
        _ => return false,
    }
    let enough = if container.is_running() { 3 } else { 1 };
    let failed = container.last_end().is_some_and(|(end, _)| end.number("/exitCode") != Some(0));
    let again = container.restarts() >= enough;
    failed && again && container.failed_lately(view.now) && !container.has_recovered(view.now)
}

/// The kubelet says when it was a probe that ended the container; then the probe is the matter.
fn killed_by_probe(view: &View<'_>, container: &Container<'_>) -> bool {
    let named = format!("Container {} failed ", container.name());
    let event = view.newest_event(container.pod, &["Killing"], |message| {
        message.starts_with(&named)
            && (message.contains("liveness probe") || message.contains("startup probe"))
    });
    let code = container.last_end().and_then(|(end, _)| end.number("/exitCode"));
    event.is_some() && matches!(code, Some(137 | 143 | 0))
}

fn classify(container: &Container<'_>, end: &Value, log_class: &'static str) -> (&'static str, &'static str) {
    let code = end.number("/exitCode").unwrap_or_default();
    let cannot_start = matches!(end.text("/reason"), "StartError" | "ContainerCannotRun")
        || container.waiting_reason() == "RunContainerError"
        || matches!(code, 126..=128);
    let message = end.text("/message");
    let (rule, class) = match log_class {
        _ if message.contains("exec format error") => ("container-start-failed", "arch"),
        "exec-format" => ("container-start-failed", "arch"),
        "loader" => ("container-start-failed", "loader"),
        _ if cannot_start => ("container-start-failed", exit_code::class(code)),
        "rbac" => ("rbac-denied", ""),
        "port-in-use" => ("sidecar-port-conflict", "bind"),
        "disk-full" | "app-oom" | "fd" | "threads" => ("app-resource-exhausted", log_class),
        "" => ("crashloop", exit_code::class(code)),
        other => {
            other.strip_prefix("dep-").map_or(("crashloop", other), |class| ("dependency-unreachable", class))
        }
    };
    let wrapped = container.init && rule != "dependency-unreachable";
    if wrapped { ("init-blocked", "failing") } else { (rule, class) }
}

fn out_of_memory<'a>(view: &View<'a>, container: &Container<'a>, end: &Value, path: &str) -> Option<Draft> {
    let age = view.age(end.time("/finishedAt"))?;
    let pace = view.age(container.pod.created())? / container.restarts().max(1);
    let current = age <= RESTART_WINDOW && !container.has_recovered(view.now);
    let repeated = age <= DAY && container.restarts() >= 2 && pace <= DAY / 4;
    if !current && !repeated {
        return None;
    }
    let (class, severity) =
        if current { ("limit", Severity::Error) } else { ("repeated", Severity::Warning) };
    let mut draft = Draft::of_pod(view, "oom-killed", class, severity, container.pod, Some(container.name()));
    for field in ["reason", "exitCode", "finishedAt"] {
        draft.field(container.pod, &container.status_path(&format!("{path}.{field}")));
    }
    draft.field(container.pod, &container.status_path(".restartCount"));
    draft.field(container.pod, &container.spec_path(".resources.limits.memory"));
    draft.field(container.pod, &container.spec_path(".resources.requests.memory"));
    let limit = container.spec().map(|spec| spec.text("/resources/limits/memory")).unwrap_or_default();
    let limit = if limit.is_empty() {
        "without a memory limit".to_owned()
    } else {
        format!("at its memory limit of {limit}")
    };
    let (name, times) = (container.name(), container.restarts());
    draft.summary(format!("container `{name}` is OOMKilled {limit}, {times} restarts"));
    draft.changed(template::changes(view, container.pod));
    draft.suggest("raise resources.limits.memory, or find what made the container need more since it worked");
    finish(view, container, &mut draft);
    Some(draft)
}

/// A line of a log, and where it stands.
struct LastWords<'t> {
    line: Telling<'t>,
    previous: bool,
}

impl LastWords<'_> {
    fn cite(&self, draft: &mut Draft, container: &Container<'_>) {
        let instance = if self.previous { ":previous" } else { "" };
        let path = format!("{}{instance}:{}", container.name(), self.line.number);
        draft.log(container.pod, path, self.line.line);
    }
}

/// What the instance that ended said last. The log of a waiting container is that of its last instance.
fn last_words<'a>(view: &View<'a>, container: &Container<'a>) -> Option<LastWords<'a>> {
    let order = if container.is_running() { [true, false] } else { [false, true] };
    let read = |previous| {
        let line = telling(view.log(container, previous)?)?;
        Some(LastWords { line, previous })
    };
    let found: Vec<LastWords<'a>> = order.into_iter().filter_map(read).collect();
    let known = found.iter().position(|words| !words.line.class.is_empty()).unwrap_or_default();
    found.into_iter().nth(known)
}

/// Cites the telling line of a container that runs but is not well; returns the line's class.
pub(super) fn cite_log<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) -> &'static str {
    let Some(words) = last_words(view, container) else { return "" };
    words.cite(draft, container);
    blame(view, container, words.line.line, draft);
    words.line.class
}

/// Notes which Services the line or the environment names: their failure would explain this one.
fn blame<'a>(view: &View<'a>, container: &Container<'a>, line: &str, draft: &mut Draft) {
    let namespace = container.pod.namespace();
    if !crate::decode::log_line::class(line).starts_with("dep-") {
        suggest_variable(container, line, draft);
        return;
    }
    draft.confidence(Confidence::Medium);
    let named = services_in_line(view, namespace, line);
    for target in &named {
        draft.depends_on.insert(target.key());
    }
    for address in addresses(container) {
        let spoken_of = line.contains(address.host);
        match service(view, namespace, address.host) {
            Lookup::Found(target) if named.is_empty() || spoken_of => {
                draft.depends_on.insert(target.key());
                wrong_port(container, &address, target, draft);
            }
            Lookup::Absent if spoken_of || address.exact => no_such_service(view, container, &address, draft),
            Lookup::Found(_) | Lookup::Absent | Lookup::Unknown => {}
        }
    }
}

fn no_such_service(view: &View<'_>, container: &Container<'_>, address: &Address<'_>, draft: &mut Draft) {
    let namespace = container.pod.namespace();
    draft.field(container.pod, &address.path);
    draft.absent("Service", namespace, address.host);
    let services = view.all(Kind::Service).iter();
    if let Some(near) = nearest::name(
        address.host,
        services.clone().filter(|other| other.namespace() == namespace).map(Value::name),
    ) {
        draft.suggest(format!("there is no Service {}; did you mean `{near}`?", address.host));
    } else if let Some(other) = services.into_iter().find(|other| other.name() == address.host) {
        draft.suggest(format!("Service {} is in namespace {}", address.host, other.namespace()));
    }
    "env-address-mismatch".clone_into(&mut draft.finding.rule);
    "service-missing".clone_into(&mut draft.finding.class);
    draft.confidence(Confidence::High);
}

/// The variable names a port that the Service does not have. A headless Service has no ports of its own.
fn wrong_port(container: &Container<'_>, address: &Address<'_>, target: &Value, draft: &mut Draft) {
    let ports = target.items("/spec/ports");
    let Some(wanted) = address.port.map(i64::from) else { return };
    let known = ports.iter().any(|port| port.number("/port") == Some(wanted));
    if known || ports.is_empty() || target.text("/spec/clusterIP") == "None" {
        return;
    }
    draft.field(container.pod, &address.path);
    draft.field(target, ".spec.ports");
    let has: Vec<String> =
        ports.iter().filter_map(|port| port.number("/port")).map(|port| port.to_string()).collect();
    draft.suggest(format!(
        "Service {} has port {}, the address names {wanted}",
        target.name(),
        has.join(", ")
    ));
    "env-address-mismatch".clone_into(&mut draft.finding.rule);
    "port-missing".clone_into(&mut draft.finding.class);
    draft.confidence(Confidence::High);
}

/// A line that asks for a setting may ask for one that is there under a misspelt name.
fn suggest_variable(container: &Container<'_>, line: &str, draft: &mut Draft) {
    let Some(spec) = container.spec() else { return };
    let defined: Vec<&str> = spec.items("/env").iter().map(|variable| variable.text("/name")).collect();
    let words =
        line.split(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'));
    for word in words.filter(|word| word.len() > 3 && word.contains('_')) {
        if defined.contains(&word) {
            continue;
        }
        if let Some(near) = nearest::name(word, defined.iter().copied()) {
            draft.field(container.pod, &container.spec_path(&format!(".env[name={near}].name")));
            draft.suggest(format!("the log asks for `{word}`, the environment defines `{near}`: misspelt?"));
            return;
        }
    }
}

fn cite_architecture<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) {
    let Some(node) = view.node_of(container.pod) else { return };
    draft.field(node, ".status.nodeInfo.architecture");
    let architecture = node.text("/status/nodeInfo/architecture");
    let image = container.status.text("/image");
    draft.suggest(format!(
        "the image {image} holds a binary for another architecture than the node's {architecture}"
    ));
}

/// What every crash has in common: since when, and where a person looks.
fn finish<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) {
    let (pod, namespace) = (container.pod, container.pod.namespace());
    let back_off = view.events(pod).into_iter().find(|event| event.text("/reason") == "BackOff");
    if let Some(event) = back_off {
        draft.since(event, ".firstTimestamp");
    }
    if container.is_ready() {
        draft.since(pod, &container.status_path(".lastState.terminated.finishedAt"));
    } else {
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    let name = pod.name();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", name], "state, exit code and events");
    let container = container.name();
    draft.check(
        &["kubectl", "-n", namespace, "logs", name, "-c", container, "--previous", "--tail=50"],
        "the last lines before the end",
    );
    let top = view.top(pod);
    if !draft.finding.change.is_empty() && top.kind() == "Deployment" {
        let target = format!("deployment/{}", top.name());
        draft.fix(
            &["kubectl", "-n", namespace, "rollout", "undo", &target],
            "goes back to the revision before the change",
            "low",
        );
    }
}
