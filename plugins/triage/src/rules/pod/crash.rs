//! Containers that end badly again and again, or run and do not get ready: the walk that the rules about ends and
//! last lines share, and what each of their findings cites.

use holmes_protocol::Severity;
use serde_json::Value;

use super::{oom_killed, probing};
use crate::blame::{LastWords, blame, last_words};
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::template;
use crate::view::{EVENT_AGE, View, event_count};

/// Restarts at this pace are a series, however long the last one holds.
const QUICK_PACE: Seconds = 1200;
/// Fewer restarts are no series.
const SERIES: i64 = 3;

/// A container that fails, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) struct Crash<'a> {
    pub(in crate::rules) container: Container<'a>,
    /// How its last instance ended, and the path in its status; none where it runs and is only not ready.
    pub(super) end: Option<(&'a Value, &'static str)>,
    pub(in crate::rules) told: Option<LastWords<'a>>,
}

/// The containers that crash, and that neither lacked memory nor were ended by a probe: those have rules.
pub(super) fn crashes<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = Crash<'a>> + 'v {
    let troubled = view.troubled_containers().iter().filter(|container| is_crashing(view, container));
    troubled.filter_map(|container| {
        // An end without an exit code was not one of the program.
        let end = container.last_end().filter(|(end, _)| end.number("/exitCode").is_some())?;
        let ours = !oom_killed::is_lack_of_memory(end.0) && !killed_by_probe(view, container);
        ours.then(|| Crash { container: *container, end: Some(end), told: last_words(view, container) })
    })
}

/// The containers that crash, and those that run and are not ready although they had the time for it.
pub(in crate::rules) fn failures<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = Crash<'a>> + 'v {
    let unready = view.troubled_containers().iter().filter(|container| {
        let is_running = container.is_running() && !container.is_ready() && !container.blocks_start();
        is_running && !is_crashing(view, container) && probing::is_overdue(view, container)
    });
    let unready = unready.map(|container| Crash {
        container: *container,
        end: None,
        told: last_words(view, container),
    });
    crashes(view).chain(unready)
}

/// A crash that counts: backing off now, or ended badly again and again within the window.
fn is_crashing(view: &View<'_>, container: &Container<'_>) -> bool {
    match container.waiting_reason() {
        "CrashLoopBackOff" | "RunContainerError" => return true,
        "" => {}
        _ => return false,
    }
    let badly = container.last_end().is_some_and(|(end, _)| end.number("/exitCode") != Some(0));
    let again = container.restarts() >= 1 && !container.is_running() || restarts_often(view, container);
    badly && again && container.failed_lately(view.now) && !container.has_recovered(view.now)
}

/// Did it restart several times within the hour, as far as events and the pod's age tell?
pub(super) fn restarts_often(view: &View<'_>, container: &Container<'_>) -> bool {
    let restarts = container.restarts();
    if restarts < SERIES {
        return false;
    }
    let age = view.age(container.pod.created()).unwrap_or(Seconds::MAX);
    if age / restarts <= QUICK_PACE {
        return true;
    }
    view.events(container.pod).into_iter().any(|event| {
        let ours = event.text("/involvedObject/fieldPath").ends_with(&format!("{{{}}}", container.name()))
            || event.text("/message").contains(&format!("ontainer {} ", container.name()));
        let message = event.text("/message");
        let series = match event.text("/reason") {
            "BackOff" => message.starts_with("Back-off restarting"),
            "Started" | "Killing" => {
                let began = event.time("/firstTimestamp").is_some_and(|at| view.now - at <= EVENT_AGE);
                began && event_count(event) >= SERIES
            }
            _ => false,
        };
        ours && series
    })
}

/// The kubelet says when it was a probe that ended the container; then the probe is the matter.
fn killed_by_probe(view: &View<'_>, container: &Container<'_>) -> bool {
    let code = container.last_end().and_then(|(end, _)| end.number("/exitCode"));
    matches!(code, Some(137 | 143 | 0)) && probing::killing(view, container).is_some()
}

impl<'a> Crash<'a> {
    /// The class of the line that tells most, or "".
    pub(in crate::rules) fn log_class(&self) -> &'static str {
        self.told.map_or("", |told| told.line.class)
    }

    /// The line that tells most.
    pub(in crate::rules) fn line(&self) -> &'a str {
        self.told.map_or("", |told| told.line.line.trim())
    }

    pub(super) fn exit_code(&self) -> Option<i64> {
        self.end.and_then(|(end, _)| end.number("/exitCode"))
    }

    /// `container `app` ends with exit code 1 (5 restarts)`, for summaries.
    pub(in crate::rules) fn what(&self) -> String {
        let what = if self.container.blocks_start() { "init container" } else { "container" };
        let name = self.container.name();
        match self.exit_code() {
            Some(code) => {
                format!("{what} `{name}` ends with exit code {code} ({} restarts)", self.container.restarts())
            }
            None => format!("{what} `{name}` runs but is not ready"),
        }
    }

    /// A finding about this container: its state, its end, what it said and whom it blames, the change that may
    /// have led to it, and where a person looks. One that serves meanwhile is worth a warning.
    pub(in crate::rules) fn draft(&self, view: &View<'a>, rule: &str, class: &str) -> Draft {
        let container = &self.container;
        let pod = container.pod;
        let severity = if container.is_ready() { Severity::Warning } else { Severity::Error };
        let mut draft = Draft::of_pod(view, rule, class, severity, pod, Some(container.name()));
        if let Some((_, path)) = self.end {
            draft.field(pod, &container.status_path(".state.waiting.reason"));
            for field in ["exitCode", "reason", "message"] {
                draft.field(pod, &container.status_path(&format!("{path}.{field}")));
            }
            draft.field(pod, &container.status_path(".restartCount"));
        } else {
            draft.field(pod, &container.status_path(".ready"));
        }
        draft.changed(template::changes(view, pod));
        if let Some(told) = &self.told {
            told.cite(&mut draft, container);
            blame(view, container, told.line.line, &mut draft);
        }
        finish(view, container, &mut draft);
        draft
    }
}

/// What every crash has in common: since when, and where a person looks.
pub(super) fn finish<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) {
    let (pod, namespace, name) = (container.pod, container.pod.namespace(), container.pod.name());
    let back_off = view.events(pod).into_iter().find(|event| event.text("/reason") == "BackOff");
    if let Some(event) = back_off {
        draft.since(event, ".firstTimestamp");
    }
    if container.is_ready() {
        draft.since(pod, &container.status_path(".lastState.terminated.finishedAt"));
    } else {
        draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", name], "state, exit code and events");
    let mut logs = vec!["kubectl", "-n", namespace, "logs", name, "-c", container.name(), "--tail=50"];
    if !container.is_running() || container.is_ready() {
        logs.insert(7, "--previous");
    }
    draft.check(&logs, "the last lines before the end");
    undo(view, pod, draft, "goes back to the revision before the change");
}

/// A Deployment whose newest revision changed something can go back.
pub(super) fn undo<'a>(view: &View<'a>, pod: &'a Value, draft: &mut Draft, why: &str) {
    let top = view.top(pod);
    if !draft.finding.change.is_empty() && top.kind() == "Deployment" {
        let target = format!("deployment/{}", top.name());
        draft.fix(&["kubectl", "-n", pod.namespace(), "rollout", "undo", &target], why, "low");
    }
}
