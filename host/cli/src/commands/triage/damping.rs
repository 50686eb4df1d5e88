//! Which changes of a watched cluster are announced. What comes and goes within one look is not: a fault has to
//! be there twice, unless it is critical, and a fault that is over has to be absent twice.

use std::collections::{BTreeMap, BTreeSet};

use holmes_protocol::{Finding, Report, Severity};

use super::changes::{Scope, differs, was_looked_for};

/// Looks in a row that make a change.
const LOOKS: u32 = 2;

/// What is announced.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    New(Finding),
    Changed(Finding),
    Resolved(Finding),
}

/// What was found so far, by fingerprint.
#[derive(Debug)]
pub(super) struct Damping {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    /// As it was announced, or as it was first found.
    finding: Finding,
    announced: bool,
    /// As it looks since the last look, if that differs.
    other: Option<Finding>,
    /// Looks in a row without it.
    absent: u32,
}

impl Damping {
    /// Everything in the first report is shown as a whole, and thereby announced.
    pub(super) fn new(first: &Report) -> Self {
        let known = first.findings.iter().map(|finding| {
            let known = Known { finding: finding.clone(), announced: true, other: None, absent: 0 };
            (finding.fingerprint.clone(), known)
        });
        Self { known: known.collect() }
    }

    /// Takes the report of the next look.
    pub(super) fn take(&mut self, report: &Report, scope: &Scope<'_>) -> Vec<Change> {
        let mut changes: Vec<Change> =
            report.findings.iter().filter_map(|finding| self.present(finding)).collect();
        let seen: BTreeSet<&str> = report
            .findings
            .iter()
            .map(|finding| &finding.fingerprint)
            .chain(report.suppressed.iter().map(|suppressed| &suppressed.fingerprint))
            .map(String::as_str)
            .collect();
        self.known.retain(|fingerprint, known| {
            if seen.contains(fingerprint.as_str()) || !was_looked_for(&known.finding, report, scope) {
                return true;
            }
            known.absent += 1;
            if known.announced && known.absent < LOOKS {
                return true;
            }
            changes.extend(known.announced.then(|| Change::Resolved(known.finding.clone())));
            false
        });
        changes
    }

    fn present(&mut self, finding: &Finding) -> Option<Change> {
        let at_once = finding.severity == Severity::Critical;
        let Some(known) = self.known.get_mut(&finding.fingerprint) else {
            let known = Known { finding: finding.clone(), announced: at_once, other: None, absent: 0 };
            self.known.insert(finding.fingerprint.clone(), known);
            return at_once.then(|| Change::New(finding.clone()));
        };
        known.absent = 0;
        if !known.announced {
            known.announced = true;
            known.finding = finding.clone();
            return Some(Change::New(finding.clone()));
        }
        if !differs(&known.finding, finding) {
            known.other = None;
            return None;
        }
        let stays = known.other.as_ref().is_some_and(|other| !differs(other, finding));
        if stays || (at_once && known.finding.severity != Severity::Critical) {
            known.other = None;
            known.finding = finding.clone();
            return Some(Change::Changed(finding.clone()));
        }
        known.other = Some(finding.clone());
        None
    }
}

#[cfg(test)]
mod tests;
