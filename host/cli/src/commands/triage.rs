//! `triage`: looks once, or keeps looking, without any model.

mod changes;
mod damping;
mod former;
mod look;
mod watch;

use anyhow::{Result, bail};
use holmes_protocol::{Finding, Report, Severity, Verdict};

use crate::{
    args::Triage,
    compose::{Settings, TriageTool},
    exit::Exit,
    output::{printer::Printer, report},
};
pub(crate) use changes::Changes;
use look::{Looked, Lookout};

pub(crate) async fn run(triage: Triage, settings: Settings, printer: Printer) -> Result<Exit> {
    if triage.watch && triage.world.snapshot.is_some() {
        bail!("`--watch` needs a live cluster: a recording does not change; leave out --watch or --snapshot");
    }
    // Read first: whoever mistypes a file does not wait for a cluster.
    let former = triage.since.as_deref().map(former::read).transpose()?;
    let tool = TriageTool::open(&settings, &triage.world, printer).await?;
    let lookout = Lookout::new(tool, &triage)?;
    if triage.watch {
        return watch::run(&lookout, &triage, printer).await;
    }
    let report = match lookout.look().await? {
        Looked::Report(report) => report,
        Looked::Interrupted => return Ok(Exit::Interrupted),
    };
    let Some(former) = former else {
        printer.answer(&report::whole(&report, triage.output, printer)?)?;
        return Ok(exit(&report, report.findings.iter(), &triage));
    };
    if !former.cluster.is_empty() && !report.cluster.is_empty() && former.cluster != report.cluster {
        let (then, now) = (&former.cluster, &report.cluster);
        printer.warning(&format!("the former report is of cluster `{then}`, this one of `{now}`"));
    }
    let changes = Changes::between(&former, &report, &lookout.scope());
    printer.answer(&report::changes(&changes, triage.output, printer)?)?;
    Ok(exit(&report, changes.news(), &triage))
}

/// What the findings amount to. Whoever may read nothing has found nothing out.
fn exit<'a>(report: &Report, mut findings: impl Iterator<Item = &'a Finding>, triage: &Triage) -> Exit {
    let threshold = Severity::from(triage.fail_on);
    let unread = !report.unknown_because_forbidden.is_empty() || !report.could_not_read.is_empty();
    match report.verdict {
        Verdict::NotPermitted => Exit::NotPermitted,
        _ if findings.any(|finding| finding.severity >= threshold) => Exit::Findings,
        _ if triage.strict && unread => Exit::NotPermitted,
        Verdict::Healthy | Verdict::Findings | Verdict::Incomplete => Exit::Success,
    }
}
