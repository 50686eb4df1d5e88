//! A `CronJob` misses its runs.
//!
//! Fires when no run began since two due times (and the starting deadline, and a minute): `missed`; `blocked`
//! when its last run is still active and may not overlap; `too-many` when the controller gave up counting. Not
//! when suspended, not for a new object, not in a time zone that is not read here.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::schedule::Schedule;
use crate::draft::Draft;
use crate::object::{Object, Seconds, format_time};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

/// The controller looks every ten seconds; a minute more is not a missed run.
const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "cronjob-missed",
    subject: Subject::Controller,
    reads: &[Kind::CronJob, Kind::Job],
    explains: &[],
    yields_to: &[Cause::Pods, Cause::Rule("job-stalled")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crons = view.all(Kind::CronJob).iter();
    crons
        .filter(|cron| !cron.flag("/spec/suspend") && !cron.is_deleting())
        .filter_map(|cron| judge(view, cron))
        .collect()
}

fn judge<'a>(view: &View<'a>, cron: &'a Value) -> Option<Draft> {
    let due = missed_since(view, cron)?;
    let gave_up = view.newest_event(cron, &["TooManyMissedTimes"], |_| true);
    let missed = view.newest_event(cron, &["MissSchedule"], |_| true);
    let forbids = cron.text("/spec/concurrencyPolicy") == "Forbid";
    let blocked = forbids && !cron.items("/status/active").is_empty();
    let (class, severity, why) = match (blocked, gave_up) {
        (true, _) => ("blocked", Severity::Error, "its last run is still active and may not overlap"),
        (false, Some(_)) => ("too-many", Severity::Warning, "so many that the controller stopped counting"),
        (false, None) => ("missed", Severity::Warning, "no run since two due times"),
    };
    let mut draft = Draft::new(RULE.id, class, severity, cron);
    let stated = blocked || gave_up.or(missed).is_some();
    draft.confidence(if stated { Confidence::High } else { Confidence::Medium });
    draft.field(cron, ".spec.schedule");
    draft.field(cron, ".status.lastScheduleTime");
    draft.computed(cron, ".spec.schedule", format!("was due at {}", format_time(due)));
    for event in gave_up.iter().chain(&missed) {
        draft.event(event);
    }
    if blocked {
        draft.field(cron, ".status.active");
        draft.field(cron, ".spec.concurrencyPolicy");
        if let Some(event) = view.newest_event(cron, &["JobAlreadyActive"], |_| true) {
            draft.event(event);
        }
        for active in cron.items("/status/active") {
            if let Some(job) = view.find(Kind::Job, cron.namespace(), active.text("/name")).found() {
                draft.affects(job);
                draft.field(job, ".status.startTime");
            }
        }
    }
    draft.since_at(Some(due), "computed from .spec.schedule".to_owned());
    draft.summary(format!(
        "CronJob {} missed its runs ({}): {why}",
        cron.name(),
        cron.text("/spec/schedule")
    ));
    draft.check(&["kubectl", "-n", cron.namespace(), "get", "jobs"], "which runs there are");
    Some(draft)
}

/// The older of two due times without a run since.
fn missed_since(view: &View<'_>, cron: &Value) -> Option<Seconds> {
    if !matches!(cron.text("/spec/timeZone"), "" | "UTC" | "Etc/UTC") {
        return None;
    }
    let schedule = Schedule::parse(cron.text("/spec/schedule"))?;
    let deadline = cron.number("/spec/startingDeadlineSeconds").unwrap_or_default().min(3600);
    // What is due only now may still begin; that takes nothing from the due times before it.
    let due = schedule.due_before(view.now - deadline - GRACE + 1, 2);
    let second = *due.get(1)?;
    let last = cron.time("/status/lastScheduleTime").max(cron.created())?;
    (last < second).then_some(second)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LATELY, LONG_AGO, Scene};

    fn cron(last: &str, extra: &Value) -> Scene {
        let mut cron = json!({"spec": {"schedule": "*/10 * * * *"}, "status": {"lastScheduleTime": last}});
        for (key, value) in extra.as_object().unwrap() {
            cron[key] = value.clone();
        }
        Scene::new().with(Kind::CronJob, "sync", cron)
    }

    #[test]
    fn two_due_times_without_a_run_are_missed() {
        // Due at 11:40 and 11:50.
        cron(LONG_AGO, &json!({})).finds("cronjob-missed/missed");
        cron("2026-11-16T11:40:00Z", &json!({})).is_silent();
        cron(LATELY, &json!({})).is_silent();
    }

    #[test]
    fn the_last_due_time_has_a_minute_of_grace() {
        let scene = cron("2026-11-16T11:30:00Z", &json!({}));
        assert!(scene.clone().at("2026-11-16T11:50:59Z").told().is_empty());
        assert_eq!(scene.at("2026-11-16T11:51:00Z").told(), ["cronjob-missed/missed"]);
    }

    #[test]
    fn a_due_time_that_has_just_come_hides_no_older_ones() {
        cron(LONG_AGO, &json!({})).at("2026-11-16T12:00:10Z").finds("cronjob-missed/missed");
        let patient = json!({"spec": {"schedule": "*/10 * * * *", "startingDeadlineSeconds": 900}});
        cron(LONG_AGO, &patient).finds("cronjob-missed/missed");
        cron("2026-11-16T11:30:00Z", &patient).is_silent();
    }

    #[test]
    fn a_run_that_does_not_end_blocks_the_next() {
        let blocked = json!({"spec": {"schedule": "*/10 * * * *", "concurrencyPolicy": "Forbid"},
            "status": {"lastScheduleTime": LONG_AGO, "active": [{"name": "sync-1"}]}});
        let finding = cron(LONG_AGO, &blocked).finds("cronjob-missed/blocked");
        assert_eq!(finding.severity, Severity::Error);
    }

    #[test]
    fn a_controller_that_gave_up_says_so() {
        cron(LONG_AGO, &json!({}))
            .event(Kind::CronJob, "sync", "TooManyMissedTimes", "too many missed start times: 101")
            .finds("cronjob-missed/too-many");
    }

    #[test]
    fn suspended_new_and_foreign_zones_are_silent() {
        cron(LONG_AGO, &json!({"spec": {"schedule": "*/10 * * * *", "suspend": true}})).is_silent();
        cron(LONG_AGO, &json!({"spec": {"schedule": "*/10 * * * *", "timeZone": "Europe/Berlin"}}))
            .is_silent();
        let new = json!({"metadata": {"creationTimestamp": LATELY}, "spec": {"schedule": "*/10 * * * *"}});
        Scene::new().with(Kind::CronJob, "sync", new).is_silent();
    }
}
