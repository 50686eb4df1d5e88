//! `--watch`: one report, then only what changes, until somebody ends it. A cluster that is away is waited for.

use anyhow::{Result, bail};
use holmes_protocol::{Report, Verdict};

use super::{
    damping::{Change, Damping},
    exit,
    look::{Looked, Lookout},
};
use crate::{
    args::{ReportFormat, Triage},
    exit::{self as ending, Exit},
    output::{
        printer::Printer,
        report::{self, watched::Told},
    },
};

/// Said of a cluster that answers, and permits nothing any more.
const NOT_PERMITTED: &str = "nothing may be read with these rights any more";

pub(super) async fn run(lookout: &Lookout, triage: &Triage, printer: Printer) -> Result<Exit> {
    if !matches!(triage.output, ReportFormat::Text | ReportFormat::Json) {
        bail!("`--watch` prints text or json; leave out --output, or use --output json");
    }
    let tell = |told: &Told<'_>| printer.answer(&report::watched::line(told, triage.output, printer)?);
    let mut last = match lookout.look().await? {
        Looked::Report(report) => report,
        Looked::Interrupted => return Ok(Exit::Interrupted),
    };
    tell(&Told::First { report: &last })?;
    if last.verdict == Verdict::NotPermitted {
        return Ok(Exit::NotPermitted);
    }
    printer.progress(&format!(
        "looking again every {} s; only changes are told; Ctrl-C ends it",
        triage.interval.as_secs()
    ));
    let mut damping = Damping::new(&last);
    let mut away = false;
    loop {
        tokio::select! {
            biased;
            () = lookout.stopped() => break,
            () = tokio::time::sleep(triage.interval) => {}
        }
        match seen(lookout.look().await) {
            Seen::Interrupted => break,
            Seen::Nothing(_) if away => {}
            Seen::Nothing(reason) => {
                away = true;
                tell(&Told::Away { last_look: &last.now, reason: &reason })?;
            }
            Seen::Report(report) => {
                if std::mem::take(&mut away) {
                    tell(&Told::Back { now: &report.now })?;
                }
                for change in damping.take(&report, &lookout.scope()) {
                    tell(&told(&report.now, &change))?;
                }
                last = report;
            }
        }
    }
    Ok(exit(&last, last.findings.iter(), triage))
}

/// How a later look ended.
enum Seen {
    Report(Box<Report>),
    /// Why nothing was seen.
    Nothing(String),
    Interrupted,
}

fn seen(looked: Result<Looked>) -> Seen {
    match looked {
        Ok(Looked::Interrupted) => Seen::Interrupted,
        Ok(Looked::Report(report)) if report.verdict == Verdict::NotPermitted => {
            Seen::Nothing(NOT_PERMITTED.to_owned())
        }
        Ok(Looked::Report(report)) => Seen::Report(report),
        Err(error) => Seen::Nothing(ending::explain(&error)),
    }
}

fn told<'a>(now: &'a str, change: &'a Change) -> Told<'a> {
    match change {
        Change::New(finding) => Told::New { now, finding },
        Change::Changed(finding) => Told::Changed { now, finding },
        Change::Resolved(finding) => Told::Resolved { now, finding },
    }
}
