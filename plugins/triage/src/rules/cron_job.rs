//! `CronJobs` that can not run: a schedule that does not parse or names no date, runs that were missed.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::schedule::Schedule;
use crate::draft::Draft;
use crate::object::{Object, Seconds, format_time};
use crate::observations::Kind;
use crate::view::View;

/// The controller looks every ten seconds; a minute more is not a missed run.
const GRACE: Seconds = 60;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crons = view.all(Kind::CronJob).iter();
    crons
        .filter(|cron| !cron.flag("/spec/suspend") && !cron.is_deleting())
        .filter_map(|cron| judge(view, cron))
        .collect()
}

fn judge<'a>(view: &View<'a>, cron: &'a Value) -> Option<Draft> {
    let text = cron.text("/spec/schedule");
    let zone = view.newest_event(cron, &["UnknownTimeZone"], |_| true);
    // `TZ=` is an old way to write the zone; what it means is not ours to judge.
    let schedule = Schedule::parse(text);
    let (class, why) = match &schedule {
        _ if zone.is_some() => ("timezone", "its time zone is unknown"),
        None if !text.contains("TZ=") && !text.starts_with("@every") => {
            ("schedule", "its schedule can not be parsed")
        }
        Some(schedule) if schedule.never_fires() => {
            ("schedule", "no such date ever comes, so it never fires")
        }
        Some(schedule) => return missed(view, cron, schedule),
        None => return None,
    };
    let mut draft = Draft::new("cronjob-invalid", class, Severity::Error, cron);
    draft.field(cron, ".spec.schedule");
    draft.field(cron, ".spec.timeZone");
    let reasons = ["InvalidSchedule", "UnparseableSchedule", "UnknownTimeZone"];
    if let Some(event) = view.newest_event(cron, &reasons, |_| true) {
        draft.event(event);
    }
    let last = cron.text("/status/lastScheduleTime");
    let last = if last.is_empty() { "never".to_owned() } else { last.to_owned() };
    draft.computed(cron, ".status.lastScheduleTime", last);
    draft.since(cron, ".metadata.creationTimestamp");
    draft.summary(format!("CronJob {} does not run: schedule `{text}`: {why}", cron.name()));
    draft.check(
        &["kubectl", "-n", cron.namespace(), "get", "cronjob", cron.name(), "-o", "yaml"],
        "the schedule",
    );
    Some(draft)
}

fn missed<'a>(view: &View<'a>, cron: &'a Value, schedule: &Schedule) -> Option<Draft> {
    let zone = cron.text("/spec/timeZone");
    if !matches!(zone, "" | "UTC" | "Etc/UTC") {
        return None;
    }
    let due = schedule.due_before(view.now, 2);
    let second = *due.get(1)?;
    let deadline = cron.number("/spec/startingDeadlineSeconds").unwrap_or_default().min(3600);
    let last = cron.time("/status/lastScheduleTime").or_else(|| cron.created())?;
    if last >= second || view.now < due.first()? + deadline + GRACE {
        return None;
    }
    let active = cron.items("/status/active").first();
    let blocked = active.is_some() && cron.text("/spec/concurrencyPolicy") == "Forbid";
    let (class, severity) =
        if blocked { ("blocked", Severity::Error) } else { ("missed", Severity::Warning) };
    let mut draft = Draft::new("cronjob-missed", class, severity, cron);
    draft.confidence(if blocked { Confidence::High } else { Confidence::Medium });
    draft.field(cron, ".spec.schedule");
    draft.field(cron, ".status.lastScheduleTime");
    draft.computed(cron, ".spec.schedule", format!("was due at {}", format_time(second)));
    if blocked {
        draft.field(cron, ".status.active");
        draft.field(cron, ".spec.concurrencyPolicy");
        if let Some(event) = view.newest_event(cron, &["JobAlreadyActive"], |_| true) {
            draft.event(event);
        }
    }
    draft.since_at(Some(second), "computed from .spec.schedule".to_owned());
    let why = if blocked {
        "its last run is still active and may not overlap"
    } else {
        "no run since two due times"
    };
    draft.summary(format!(
        "CronJob {} missed its runs ({}): {why}",
        cron.name(),
        cron.text("/spec/schedule")
    ));
    Some(draft)
}
