//! What `--watch` tells: a report once, then one line for each change.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use holmes_protocol::{Finding, Report};
use serde::Serialize;

use super::words;
use crate::{args::ReportFormat, output::printer::Printer};

/// One thing that is told; in JSON an object on a line, with its name in `event`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Told<'a> {
    /// The first look.
    #[serde(rename = "report")]
    First {
        report: &'a Report,
    },
    New {
        now: &'a str,
        finding: &'a Finding,
    },
    Changed {
        now: &'a str,
        finding: &'a Finding,
    },
    Resolved {
        now: &'a str,
        finding: &'a Finding,
    },
    /// Nothing can be read; told once.
    #[serde(rename = "unreachable")]
    Away {
        last_look: &'a str,
        reason: &'a str,
    },
    /// It can again.
    #[serde(rename = "reachable")]
    Back {
        now: &'a str,
    },
}

/// As a line, the first look as a whole.
pub(crate) fn line(told: &Told<'_>, format: ReportFormat, printer: Printer) -> Result<String> {
    if format == ReportFormat::Json {
        return Ok(serde_json::to_value(told)?.to_string());
    }
    Ok(match told {
        Told::First { report } => super::whole(report, format, printer)?,
        Told::New { now, finding } => change(now, "+", finding),
        Told::Changed { now, finding } => change(now, "~", finding),
        Told::Resolved { now, finding } => change(now, "-", finding),
        Told::Away { last_look, reason } => {
            let reason = reason.lines().next().unwrap_or_default();
            format!("{} ! nothing can be read since {last_look}: {reason}", here())
        }
        Told::Back { now } => format!("{} ! the cluster can be read again", clock(now)),
    })
}

fn change(now: &str, mark: &str, finding: &Finding) -> String {
    let (root, rule) = (words::root(finding), words::rule(&finding.rule, &finding.class));
    let (clock, severity) = (clock(now), words::severity(finding.severity));
    format!("{clock} {mark} {severity} {root}: {} ({rule})", finding.summary)
}

/// The time of day of a report, which is UTC.
fn clock(now: &str) -> &str {
    now.split_once('T').map_or(now, |(_, clock)| clock)
}

/// The time of day here: a cluster that does not answer tells none.
fn here() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() % 86_400);
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_and_its_end_are_one_line_each() {
        let printer = Printer::new(crate::args::OutputOptions::default());
        let tell = |told: &Told<'_>, format| line(told, format, printer).unwrap();
        let away = Told::Away { last_look: "2026-01-01T00:00:00Z", reason: "no answer\nhint: none" };
        let text = tell(&away, ReportFormat::Text);
        assert!(text.ends_with(" ! nothing can be read since 2026-01-01T00:00:00Z: no answer"), "{text}");
        let back = Told::Back { now: "2026-01-01T01:02:03Z" };
        assert_eq!(tell(&back, ReportFormat::Text), "01:02:03Z ! the cluster can be read again");
        let json: serde_json::Value = serde_json::from_str(&tell(&away, ReportFormat::Json)).unwrap();
        assert_eq!(
            (&json["event"], &json["reason"]),
            (&"unreachable".into(), &"no answer\nhint: none".into())
        );
    }
}
