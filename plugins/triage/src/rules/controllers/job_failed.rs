//! A Job failed, with what its last pod said.
//!
//! Fires on `Failed=True` within a day, or of the newest run of its `CronJob`. Not while retries are left, nor
//! when a later run succeeded.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::blame::cite_log;
use crate::containers::{Container, containers};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::{View, controller};

/// An older failure is history.
const WINDOW: Seconds = 24 * 3600;
const SAMPLES: usize = 3;
/// Lines before the end of a run that tell what it was doing.
const LAST_LINES: usize = 4;

pub(super) const RULE: Rule = Rule {
    id: "job-failed",
    subject: Subject::Controller,
    reads: &[Kind::Job],
    explains: &[Effect::Rule("cronjob-missed")],
    yields_to: &[Cause::Pods, Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Job).iter().filter_map(|job| judge(view, job)).collect()
}

fn judge<'a>(view: &View<'a>, job: &'a Value) -> Option<Draft> {
    let condition = job.condition("Failed").filter(|condition| condition.text("/status") == "True")?;
    let age = view.age(condition.time("/lastTransitionTime"))?;
    let top = view.top(job);
    // A run of a CronJob, which need not be readable, counts as long as it is the newest one.
    let cron = controller(job).filter(|owner| owner.text("/kind") == "CronJob");
    let counts = cron.map_or(age <= WINDOW, |cron| !has_later_run(view, cron.text("/uid"), job));
    if !counts || job.flag("/spec/suspend") || top.flag("/spec/suspend") || succeeded_since(top, job) {
        return None;
    }
    let class = match condition.text("/reason") {
        "BackoffLimitExceeded" => "backoff",
        "DeadlineExceeded" => "deadline",
        "PodFailurePolicy" => "policy",
        "FailedIndexes" | "MaxFailedIndexesExceeded" => "indexes",
        _ => "failed",
    };
    let mut draft = Draft::new(RULE.id, class, Severity::Error, job);
    draft.owned(view, job);
    draft.collapse = top.key();
    draft.field(job, ".status.conditions[type=Failed].reason");
    draft.field(job, ".status.conditions[type=Failed].message");
    draft.field(job, ".status.failedIndexes");
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

fn has_later_run(view: &View<'_>, cron: &str, job: &Value) -> bool {
    view.children_of(cron).iter().any(|other| {
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
    let newest = || pods.iter().rev().take(SAMPLES);
    newest().for_each(|pod| draft.affects(pod));
    let failed = newest().flat_map(|pod| containers(pod)).find_map(|container| {
        let (end, path) = container.last_end()?;
        let code = end.number("/exitCode").filter(|code| *code != 0)?;
        Some((container, code, path))
    });
    let line = failed.map(|(container, code, path)| cite_end(view, &container, code, path, draft));
    draft.confidence(Confidence::High);
    line.unwrap_or_default()
}

fn cite_end<'a>(
    view: &View<'a>,
    container: &Container<'a>,
    code: i64,
    path: &str,
    draft: &mut Draft,
) -> String {
    draft.field(container.pod, &container.status_path(&format!("{path}.exitCode")));
    draft.field(container.pod, &container.status_path(&format!("{path}.message")));
    let known = draft.finding.evidence.len();
    cite_log(view, container, draft);
    let quoted = draft.finding.evidence.get(known..).and_then(<[_]>::last);
    let quoted = quoted.and_then(|item| item.value.as_str()).map(|line| format!(": {line}"));
    let line = format!(", exit code {code}{}", quoted.unwrap_or_default());
    let Some(log) = view.log(container, false) else { return line };
    let lines: Vec<(usize, &str)> =
        log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    for (index, text) in lines.iter().rev().take(LAST_LINES).rev() {
        draft.log(container.pod, format!("{}:{}", container.name(), index + 1), text);
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LATELY, LONG_AGO, Scene, owned};

    fn failed(reason: &str, at: &str) -> Value {
        json!({"metadata": {"creationTimestamp": EARLIER}, "status": {"failed": 3, "conditions": [
            {"type": "Failed", "status": "True", "reason": reason, "message": "it failed", "lastTransitionTime": at}]}})
    }

    fn failed_pod() -> Value {
        json!({"status": {"phase": "Failed", "containerStatuses": [
            {"name": "app", "restartCount": 0, "state": {"terminated": {"exitCode": 3, "finishedAt": LATELY}}}]}})
    }

    #[test]
    fn a_failed_job_quotes_its_last_pod() {
        let scene = Scene::new()
            .with(Kind::Job, "migrate", failed("BackoffLimitExceeded", LATELY))
            .with(Kind::Pod, "migrate-1", owned(failed_pod(), "Job", "migrate", "jobs-migrate"))
            .log("migrate-1", "app", "applying V58\nERROR: column currency contains null values");
        let finding = scene.findings().into_iter().find(|finding| finding.rule == "job-failed").unwrap();
        assert!(
            finding.summary.contains("exit code 3") && finding.summary.contains("currency"),
            "{}",
            finding.summary
        );
    }

    #[test]
    fn each_reason_has_its_class() {
        for (reason, class) in [
            ("BackoffLimitExceeded", "backoff"),
            ("DeadlineExceeded", "deadline"),
            ("PodFailurePolicy", "policy"),
            ("MaxFailedIndexesExceeded", "indexes"),
        ] {
            Scene::new().with(Kind::Job, "j", failed(reason, LATELY)).finds(&format!("job-failed/{class}"));
        }
    }

    #[test]
    fn retries_that_are_left_and_old_failures_are_silent() {
        let mut retrying = failed("BackoffLimitExceeded", LATELY);
        retrying["status"] = json!({"failed": 2, "active": 1});
        Scene::new().with(Kind::Job, "j", retrying).is_silent();
        Scene::new().with(Kind::Job, "j", failed("BackoffLimitExceeded", LONG_AGO)).is_silent();
    }

    #[test]
    fn a_later_run_decides_about_a_cron_job() {
        let run = |body: Value| owned(body, "CronJob", "sync", "cronjobs-sync");
        let scene = |cron: Value| {
            Scene::new().with(Kind::CronJob, "sync", cron).with(
                Kind::Job,
                "sync-1",
                run(failed("BackoffLimitExceeded", EARLIER)),
            )
        };
        let schedule = json!({"spec": {"schedule": "0 0 1 1 *"}});
        assert_eq!(scene(schedule.clone()).told(), ["job-failed/backoff"]);
        let later = run(
            json!({"metadata": {"creationTimestamp": LATELY}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        );
        let recovered = scene(schedule).with(Kind::Job, "sync-2", later);
        assert!(recovered.told().is_empty());
        assert!(recovered.forbid(Kind::CronJob).told().is_empty());
        let succeeded = json!({"spec": {"schedule": "0 0 1 1 *"}, "status": {"lastSuccessfulTime": LATELY}});
        assert!(scene(succeeded).told().is_empty());
    }
}
