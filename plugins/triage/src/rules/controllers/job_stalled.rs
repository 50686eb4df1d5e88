//! A Job does not come to its end.
//!
//! Fires ten minutes after every container but a sidecar ended well and the sidecar still runs (`sidecar`: as
//! an init container with `restartPolicy: Always` it would end), or after creation without any pod (`no-pod`).
//! A run three times as long as the earlier ones, and over an hour, is a note (`too-long`).

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::{Container, containers};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 600;
const LONG: Seconds = 3600;

pub(super) const RULE: Rule = Rule {
    id: "job-stalled",
    subject: Subject::Controller,
    reads: &[Kind::Job, Kind::Pod],
    explains: &[Effect::Rule("cronjob-missed")],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Job)
        .iter()
        .filter(|job| !is_over(job))
        .filter_map(|job| sidecar(view, job).or_else(|| no_pod(view, job)).or_else(|| too_long(view, job)))
        .collect()
}

fn is_over(job: &Value) -> bool {
    let ended = ["Complete", "Failed", "Suspended", "SuccessCriteriaMet", "FailureTarget"];
    job.flag("/spec/suspend") || job.is_deleting() || ended.iter().any(|kind| job.condition_is(kind, "True"))
}

fn draft<'a>(view: &View<'a>, job: &'a Value, class: &str, severity: Severity) -> Draft {
    let mut draft = Draft::new(RULE.id, class, severity, job);
    draft.owned(view, job);
    draft.field(job, ".status.startTime");
    draft.since(job, ".status.startTime");
    draft.since(job, ".metadata.creationTimestamp");
    let target = format!("job/{}", job.name());
    draft.check(&["kubectl", "-n", job.namespace(), "describe", &target], "its pods and events");
    draft
}

fn sidecar<'a>(view: &View<'a>, job: &'a Value) -> Option<Draft> {
    view.children(job).iter().find_map(|pod| {
        if pod.text("/status/phase") != "Running" || pod.is_deleting() {
            return None;
        }
        let all: Vec<Container<'a>> =
            containers(pod).into_iter().filter(|container| !container.init).collect();
        let (running, ended): (Vec<_>, Vec<_>) = all.into_iter().partition(Container::is_running);
        let ends: Vec<Seconds> = ended
            .iter()
            .filter_map(|container| {
                let end = container.status.pointer("/state/terminated")?;
                (end.number("/exitCode") == Some(0)).then(|| end.time("/finishedAt"))?
            })
            .collect();
        let last = ends.iter().max().copied()?;
        let left = running.first()?;
        if ends.len() < ended.len() || view.now - last < GRACE {
            return None;
        }
        let mut draft = draft(view, job, "sidecar", Severity::Warning);
        draft.since = None;
        draft.affects(pod);
        for container in &ended {
            draft.field(pod, &container.status_path(".state.terminated.exitCode"));
            draft.since(pod, &container.status_path(".state.terminated.finishedAt"));
        }
        draft.field(pod, &left.status_path(".state.running.startedAt"));
        draft.suggest(
            "make the sidecar an init container with `restartPolicy: Always`: it ends with the others",
        );
        draft.summary(format!(
            "Job {} does not end: its work is done, but container {} still runs",
            job.name(),
            left.name()
        ));
        Some(draft)
    })
}

fn no_pod<'a>(view: &View<'a>, job: &'a Value) -> Option<Draft> {
    let number = |pointer| job.number(pointer).unwrap_or_default();
    let pods = number("/status/active") + number("/status/succeeded") + number("/status/failed");
    let managed = job.text("/spec/managedBy");
    let foreign = !managed.is_empty() && managed != "kubernetes.io/job-controller";
    let wants = job.number("/spec/parallelism").unwrap_or(1) > 0;
    let none = view.children(job).is_empty() && view.is_complete(Kind::Pod, job.namespace());
    if pods > 0 || foreign || !wants || !none || view.age(job.created())? < GRACE {
        return None;
    }
    let mut draft = draft(view, job, "no-pod", Severity::Warning);
    draft.confidence(Confidence::Medium);
    draft.field(job, ".metadata.creationTimestamp");
    draft.computed(job, ".status.active", number("/status/active"));
    draft.summary(format!("Job {} has not made a pod", job.name()));
    Some(draft)
}

fn too_long<'a>(view: &View<'a>, job: &'a Value) -> Option<Draft> {
    let age = view.age(job.time("/status/startTime"))?;
    if age <= LONG || job.number("/status/active").unwrap_or_default() == 0 {
        return None;
    }
    let cron = view.owners(job).into_iter().find(|owner| owner.kind() == "CronJob")?;
    let runs = view.children(cron).iter();
    let mut durations: Vec<Seconds> = runs
        .filter_map(|run| Some(run.time("/status/completionTime")? - run.time("/status/startTime")?))
        .collect();
    durations.sort_unstable();
    let median = *durations.get(durations.len() / 2)?;
    if age <= 3 * median {
        return None;
    }
    let mut draft = draft(view, job, "too-long", Severity::Note);
    draft.computed(job, ".status.startTime", format!("runs for {age} s, earlier runs took {median} s"));
    draft.summary(format!("Job {} runs for {age} s; earlier runs took {median} s", job.name()));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene, owned};

    fn job() -> Value {
        json!({"metadata": {"creationTimestamp": EARLIER}, "status": {"startTime": EARLIER, "active": 1}})
    }

    fn pod(exit: i64) -> Value {
        json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [
            {"name": "work", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": exit, "finishedAt": EARLIER}}},
            {"name": "proxy", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": EARLIER}}}]}})
    }

    fn scene(exit: i64) -> Scene {
        Scene::new().with(Kind::Job, "sync", job()).with(
            Kind::Pod,
            "sync-1",
            owned(pod(exit), "Job", "sync", "jobs-sync"),
        )
    }

    #[test]
    fn a_sidecar_that_outlives_the_work_is_named() {
        let finding = scene(0).finds("job-stalled/sidecar");
        assert!(finding.summary.contains("proxy"));
        assert!(scene(0).at("2026-11-16T11:39:59Z").told().is_empty());
        assert!(scene(1).told().iter().all(|told| !told.starts_with("job-stalled")));
    }

    #[test]
    fn a_job_without_any_pod_is_told_after_ten_minutes() {
        let mut empty = job();
        empty["status"] = json!({});
        let scene = Scene::new().with(Kind::Job, "sync", empty.clone());
        scene.finds("job-stalled/no-pod");
        assert!(scene.at("2026-11-16T11:39:59Z").told().is_empty());
        empty["spec"]["suspend"] = json!(true);
        Scene::new().with(Kind::Job, "sync", empty).is_silent();
    }

    #[test]
    fn an_unusually_long_run_is_a_note() {
        let run = |body: Value| owned(body, "CronJob", "sync", "cronjobs-sync");
        let before = json!({"status": {"startTime": "2026-11-16T08:00:00Z", "completionTime": "2026-11-16T08:10:00Z",
            "conditions": [{"type": "Complete", "status": "True"}]}});
        let now = json!({"metadata": {"creationTimestamp": LONG_AGO}, "status": {"startTime": "2026-11-16T10:00:00Z", "active": 1}});
        let scene = Scene::new()
            .with(Kind::CronJob, "sync", json!({"spec": {"schedule": "0 0 1 1 *"}}))
            .with(Kind::Job, "sync-1", run(before))
            .with(Kind::Job, "sync-2", run(now));
        assert_eq!(scene.noted(), ["job-stalled/too-long"]);
        assert!(scene.told().is_empty());
    }
}
