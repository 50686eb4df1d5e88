//! What is different between two reports, by fingerprint. A finding that nobody could look for again is not
//! resolved: it is unknown.

use std::collections::BTreeMap;

use holmes_protocol::{EvidenceKind, Finding, ReadOutcome, Report, UnknownRead, Verdict};
use serde::Serialize;

/// What the later report looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// None: all.
    pub(crate) namespace: Option<&'a str>,
    /// Only objects with certain labels.
    pub(crate) selected: bool,
}

/// The document of `triage --since`. Keys are stable within a schema version.
#[derive(Debug, Serialize)]
pub(crate) struct Changes<'a> {
    schema: &'static str,
    pub(crate) cluster: &'a str,
    /// The moment of the former report.
    pub(crate) since: &'a str,
    pub(crate) now: &'a str,
    pub(crate) scope: &'a [String],
    pub(crate) verdict: Verdict,
    pub(crate) new: Vec<&'a Finding>,
    /// The same fault with other evidence.
    pub(crate) changed: Vec<&'a Finding>,
    pub(crate) resolved: Vec<&'a Finding>,
    /// Found formerly, and could not be looked for this time.
    pub(crate) not_determined: Vec<&'a Finding>,
    pub(crate) unchanged: usize,
    pub(crate) unknown_because_forbidden: &'a [UnknownRead],
    pub(crate) could_not_read: &'a [String],
}

/// The document's schema.
const SCHEMA: &str = "triage-changes/v1";

impl<'a> Changes<'a> {
    /// From a former report to a later one.
    pub(crate) fn between(former: &'a Report, later: &'a Report, scope: &Scope<'_>) -> Self {
        let mut gone: BTreeMap<&str, &Finding> =
            former.findings.iter().map(|finding| (finding.fingerprint.as_str(), finding)).collect();
        let (mut new, mut changed, mut unchanged) = (Vec::new(), Vec::new(), 0);
        for finding in &later.findings {
            match gone.remove(finding.fingerprint.as_str()) {
                None => new.push(finding),
                Some(before) if differs(before, finding) => changed.push(finding),
                Some(_) => unchanged += 1,
            }
        }
        // Still there, and somebody asked not to be told.
        unchanged += later.suppressed.iter().filter_map(|one| gone.remove(one.fingerprint.as_str())).count();
        // In the order of the former report, which is that of importance.
        let gone = former.findings.iter().filter(|finding| gone.contains_key(finding.fingerprint.as_str()));
        let (resolved, not_determined) = gone.partition(|finding| was_looked_for(finding, later, scope));
        Self {
            schema: SCHEMA,
            cluster: &later.cluster,
            since: &former.now,
            now: &later.now,
            scope: &later.scope,
            verdict: later.verdict,
            new,
            changed,
            resolved,
            not_determined,
            unchanged,
            unknown_because_forbidden: &later.unknown_because_forbidden,
            could_not_read: &later.could_not_read,
        }
    }

    /// What somebody has to be told: what is new, then what changed.
    pub(crate) fn news(&self) -> impl Iterator<Item = &'a Finding> + use<'a, '_> {
        self.new.iter().chain(&self.changed).copied()
    }
}

/// Whether the same fault looks different now.
pub(super) fn differs(before: &Finding, now: &Finding) -> bool {
    before.evidence_hash != now.evidence_hash || before.severity != now.severity
}

/// Whether a report without this finding says that it is over: everything that showed it was read again.
pub(super) fn was_looked_for(finding: &Finding, later: &Report, scope: &Scope<'_>) -> bool {
    let namespaces = || finding.objects.iter().map(|object| object.namespace.as_str());
    let in_scope = |namespace: &str| scope.namespace.is_none_or(|wanted| namespace == wanted);
    let concerns = |place: &str| place.is_empty() || namespaces().any(|namespace| namespace == place);
    let root_in_scope = namespaces().next().is_some_and(in_scope);
    let refused = later.unknown_because_forbidden.iter().any(|read| {
        concerns(&read.namespace)
            && (read.would_decide.contains(&finding.rule) || rests_on(finding, &read.gvr))
    });
    let failed = later
        .coverage
        .iter()
        .filter(|read| concerns(&read.namespace) && !is_an_answer(read.outcome))
        .any(|read| rests_on(finding, &read.gvr));
    later.verdict != Verdict::NotPermitted && !scope.selected && root_in_scope && !refused && !failed
}

/// Whether a read says what there is and what not.
fn is_an_answer(outcome: ReadOutcome) -> bool {
    match outcome {
        ReadOutcome::Ok | ReadOutcome::NotFound | ReadOutcome::NoSuchKind => true,
        ReadOutcome::Forbidden
        | ReadOutcome::Unauthorized
        | ReadOutcome::Unavailable
        | ReadOutcome::Truncated
        | ReadOutcome::NotRecorded => false,
    }
}

/// Whether a finding was seen by reads of this resource.
fn rests_on(finding: &Finding, gvr: &str) -> bool {
    let resource = gvr.strip_prefix("v1/pods/").unwrap_or_else(|| gvr.rsplit('/').next().unwrap_or(gvr));
    let objects = finding.objects.iter().chain(&finding.owner_chain).map(|object| plural(&object.kind));
    let evidence = || finding.evidence.iter();
    let read_from = evidence().map(|fact| plural(fact.object.split('/').next().unwrap_or_default()));
    let by_kind = evidence().filter_map(|fact| match fact.kind {
        EvidenceKind::Event => Some("events".to_owned()),
        EvidenceKind::Log => Some("log".to_owned()),
        EvidenceKind::Field | EvidenceKind::Absent | EvidenceKind::Computed => None,
    });
    objects.chain(read_from).chain(by_kind).any(|name| name == resource)
}

/// A kind's resource, as Kubernetes itself guesses it.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        _ if kind == "endpoints" => kind,
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests;
