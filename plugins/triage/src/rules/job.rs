//! Jobs that failed, with what their last pod said.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::containers;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::crash::cite_log;
use crate::view::View;

/// An older failure is history.
const WINDOW: Seconds = 24 * 3600;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Job).iter().filter_map(|job| judge(view, job)).collect()
}

fn judge<'a>(view: &View<'a>, job: &'a Value) -> Option<Draft> {
    let condition = job.condition("Failed").filter(|condition| condition.text("/status") == "True")?;
    let age = view.age(condition.time("/lastTransitionTime"))?;
    let top = view.top(job);
    // A run of a CronJob counts as long as it is the newest one.
    let newest = top.kind() == "CronJob" && !has_later_run(view, top, job);
    if job.flag("/spec/suspend")
        || !(newest || top.kind() != "CronJob" && age <= WINDOW)
        || succeeded_since(top, job)
    {
        return None;
    }
    let class = match condition.text("/reason") {
        "BackoffLimitExceeded" => "backoff",
        "DeadlineExceeded" => "deadline",
        "PodFailurePolicy" => "policy",
        "FailedIndexes" | "MaxFailedIndexesExceeded" => "indexes",
        _ => "failed",
    };
    let mut draft = Draft::new("job-failed", class, Severity::Error, job);
    draft.owned(view, job);
    draft.collapse = top.key();
    draft.field(job, ".status.conditions[type=Failed].reason");
    draft.field(job, ".status.conditions[type=Failed].message");
    draft.field(top, ".status.lastSuccessfulTime");
    draft.since(job, ".status.conditions[type=Failed].lastTransitionTime");
    let line = cite_pods(view, job, &mut draft);
    let runs = if top.kind() == "CronJob" {
        format!("runs of CronJob {} fail", top.name())
    } else {
        format!("Job {} failed", job.name())
    };
    draft.summary(format!("{runs} ({}){line}", condition.text("/reason")));
    let target = format!("job/{}", job.name());
    draft.check(&["kubectl", "-n", job.namespace(), "logs", &target, "--tail=50"], "what the last pod said");
    Some(draft)
}

fn has_later_run(view: &View<'_>, cron: &Value, job: &Value) -> bool {
    view.children(cron).iter().any(|other| {
        let finished = other.condition_is("Complete", "True") || other.condition_is("Failed", "True");
        finished && other.created() > job.created()
    })
}

fn succeeded_since(top: &Value, job: &Value) -> bool {
    let success = top.time("/status/lastSuccessfulTime");
    top.kind() == "CronJob" && success.is_some() && success > job.created()
}

/// Cites the pods of the run; returns the telling line for the summary.
fn cite_pods<'a>(view: &View<'a>, job: &'a Value, draft: &mut Draft) -> String {
    let mut pods: Vec<&Value> = view.children(job).to_vec();
    pods.sort_by_key(|pod| (pod.created(), pod.name()));
    let mut line = String::new();
    for pod in pods.iter().rev().take(3) {
        draft.affects(pod);
        for container in containers(pod).iter().filter(|container| container.last_end().is_some()) {
            let (end, path) = match container.last_end() {
                Some(found) if found.0.number("/exitCode") != Some(0) => found,
                _ => continue,
            };
            if !line.is_empty() {
                continue;
            }
            draft.field(pod, &container.status_path(&format!("{path}.exitCode")));
            draft.field(pod, &container.status_path(&format!("{path}.message")));
            let known = draft.finding.evidence.len();
            cite_log(view, container, draft);
            line = format!(", exit code {}", end.number("/exitCode").unwrap_or_default());
            if let Some(quoted) = draft.finding.evidence.get(known..).and_then(<[_]>::last) {
                line = format!("{line}: {}", quoted.value.as_str().unwrap_or_default());
            }
            cite_loud_lines(view, container, draft);
        }
    }
    draft.confidence(Confidence::High);
    line
}

/// A run that failed is read once: the lines before its end tell what it was doing.
fn cite_loud_lines<'a>(view: &View<'a>, container: &crate::containers::Container<'a>, draft: &mut Draft) {
    let Some(log) = view.log(container, false) else { return };
    let lines: Vec<(usize, &str)> =
        log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    for (index, line) in lines.iter().rev().take(4).rev() {
        draft.log(container.pod, format!("{}:{}", container.name(), index + 1), line);
    }
}
