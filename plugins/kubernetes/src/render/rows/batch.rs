//! Jobs and `CronJobs`.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row, images};
use crate::{
    age::{self, Now},
    field,
};

pub(super) const JOB: Layout = Layout {
    columns: &["STATUS", "COMPLETIONS", "ACTIVE", "FAILED", "DURATION", "IMAGES"],
    row: job,
    counted: Some("STATUS"),
};

pub(super) const CRONJOB: Layout = Layout {
    columns: &["SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST-SCHEDULE", "LAST-SUCCESS", "IMAGES"],
    row: cronjob,
    counted: None,
};

fn job(object: &Value, now: Now) -> Row {
    let failed = field::condition(object, "Failed").filter(|it| field::text(it, "/status") == "True");
    let status = if let Some(failed) = failed {
        format!("Failed({})", field::text(failed, "/reason"))
    } else if field::condition_holds(object, "Complete") {
        "Complete".to_owned()
    } else if field::is_true(object, "/spec/suspend") {
        "Suspended".to_owned()
    } else {
        "Running".to_owned()
    };
    let failures = field::number(object, "/status/failed");
    let wanted = object.pointer("/spec/completions").map_or_else(|| "1".to_owned(), field::plain);
    let started = age::parse(field::text(object, "/status/startTime"));
    let ended = age::parse(field::text(object, "/status/completionTime")).unwrap_or(now.seconds());
    let problem = failed.is_some() || (failures > 0 && status == "Running");
    let cells = [
        status,
        format!("{}/{wanted}", field::number(object, "/status/succeeded")),
        field::number(object, "/status/active").to_string(),
        failures.to_string(),
        started.map(|started| age::human(ended - started)).unwrap_or_default(),
        images(object, "/spec/template"),
    ];
    Row::new(cells, Health::problem_if(problem))
}

fn cronjob(object: &Value, now: Now) -> Row {
    let ago = |pointer: &str| match field::text(object, pointer) {
        "" => "never".to_owned(),
        moment => format!("{} ago", now.age(moment)),
    };
    let suspended = field::is_true(object, "/spec/suspend");
    let cells = [
        field::text(object, "/spec/schedule").to_owned(),
        field::text(object, "/spec/timeZone").to_owned(),
        suspended.to_string(),
        field::list(object, "/status/active").len().to_string(),
        ago("/status/lastScheduleTime"),
        ago("/status/lastSuccessfulTime"),
        images(object, "/spec/jobTemplate/spec/template"),
    ];
    let never_done = field::text(object, "/status/lastSuccessfulTime").is_empty();
    Row::new(cells, Health::problem_if(never_done && !suspended))
}
