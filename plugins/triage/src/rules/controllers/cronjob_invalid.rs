//! A `CronJob` that can not run.
//!
//! Fires on a schedule that does not parse, or names a date that never comes (`schedule`), on an unknown time
//! zone (`timezone`), and as a warning on a starting deadline under ten seconds, which the controller's own
//! interval makes it miss (`deadline`). Not when suspended.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::schedule::Schedule;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

/// The controller looks every ten seconds.
const SHORTEST_DEADLINE: i64 = 10;

pub(super) const RULE: Rule = Rule {
    id: "cronjob-invalid",
    subject: Subject::Controller,
    reads: &[Kind::CronJob],
    explains: &[],
    yields_to: &[],
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
    let (class, why) = complaint(view, cron)?;
    let severity = if class == "deadline" { Severity::Warning } else { Severity::Error };
    let mut draft = Draft::new(RULE.id, class, severity, cron);
    let text = cron.text("/spec/schedule");
    draft.field(cron, ".spec.schedule");
    draft.field(cron, ".spec.timeZone");
    if class == "deadline" {
        draft.field(cron, ".spec.startingDeadlineSeconds");
    }
    if let Some(event) =
        view.newest_event(cron, &["InvalidSchedule", "UnparseableSchedule", "UnknownTimeZone"], |_| true)
    {
        draft.event(event);
    }
    let last = cron.text("/status/lastScheduleTime");
    let last = if last.is_empty() { "never".to_owned() } else { last.to_owned() };
    draft.computed(cron, ".status.lastScheduleTime", last);
    draft.since(cron, ".metadata.creationTimestamp");
    let what = if class == "deadline" { "may not run" } else { "does not run" };
    draft.summary(format!("CronJob {} {what}: schedule `{text}`: {why}", cron.name()));
    draft.check(
        &["kubectl", "-n", cron.namespace(), "get", "cronjob", cron.name(), "-o", "yaml"],
        "the schedule",
    );
    Some(draft)
}

fn complaint(view: &View<'_>, cron: &Value) -> Option<(&'static str, &'static str)> {
    let text = cron.text("/spec/schedule");
    let told = |reason| view.newest_event(cron, &[reason], |_| true).is_some();
    if told("UnknownTimeZone") {
        return Some(("timezone", "its time zone is unknown"));
    }
    match Schedule::parse(text) {
        None if text.is_empty() => None,
        // `TZ=` is an old way to write the zone; what it means is not ours to judge.
        None if told("UnparseableSchedule") || !text.contains("TZ=") && !text.starts_with("@every") => {
            Some(("schedule", "its schedule can not be parsed"))
        }
        Some(schedule) if schedule.never_fires() => {
            Some(("schedule", "no such date ever comes, so it never fires"))
        }
        _ => {
            let deadline = cron.number("/spec/startingDeadlineSeconds")?;
            (deadline < SHORTEST_DEADLINE)
                .then_some(("deadline", "its starting deadline is shorter than the controller's interval"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{LATELY, Scene};

    fn cron(schedule: &str, extra: &Value) -> Scene {
        let mut cron = json!({"spec": {"schedule": schedule}, "status": {"lastScheduleTime": LATELY}});
        for (key, value) in extra.as_object().unwrap() {
            cron["spec"][key] = value.clone();
        }
        Scene::new().with(Kind::CronJob, "report", cron)
    }

    #[test]
    fn a_schedule_that_never_fires_or_does_not_parse_is_invalid() {
        cron("0 2 31 2 *", &json!({})).finds("cronjob-invalid/schedule");
        cron("61 * * * *", &json!({})).finds("cronjob-invalid/schedule");
        cron("*/5 * * * *", &json!({})).is_silent();
        cron("@every 5m", &json!({})).is_silent();
        cron("0 2 31 2 *", &json!({"suspend": true})).is_silent();
    }

    #[test]
    fn an_unknown_zone_is_told_by_the_controller() {
        cron("0 2 * * *", &json!({"timeZone": "Mars/Base"}))
            .event(
                Kind::CronJob,
                "report",
                "UnknownTimeZone",
                "invalid timeZone: \"Mars/Base\": unknown time zone",
            )
            .finds("cronjob-invalid/timezone");
    }

    #[test]
    fn a_deadline_shorter_than_the_controllers_interval_is_a_warning() {
        let finding =
            cron("*/5 * * * *", &json!({"startingDeadlineSeconds": 5})).finds("cronjob-invalid/deadline");
        assert_eq!(finding.severity, Severity::Warning);
        cron("*/5 * * * *", &json!({"startingDeadlineSeconds": 10})).is_silent();
    }
}
