//! What a report says, in sentences that every form shares. Nothing that was not read is called well.

use holmes_protocol::{Confidence, Finding, ObjectReference, ReadOutcome, Report, Severity, Verdict};

/// A severity as people read it.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

/// How sure the rule is.
pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "confirmed",
        Confidence::Medium => "likely",
        Confidence::Low => "possible",
    }
}

/// `2 problems`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `Pod shop/web-1 container app`.
pub(super) fn object(object: &ObjectReference) -> String {
    let ObjectReference { kind, namespace, name, .. } = object;
    let slash = if namespace.is_empty() { "" } else { "/" };
    let container = object.container.as_ref().map(|name| format!(" container {name}")).unwrap_or_default();
    format!("{kind} {namespace}{slash}{name}{container}")
}

/// The root object of a finding.
pub(super) fn root(finding: &Finding) -> String {
    finding.objects.first().map(object).unwrap_or_default()
}

/// The rule, with its class.
pub(super) fn rule(rule: &str, class: &str) -> String {
    if class.is_empty() { rule.to_owned() } else { format!("{rule}/{class}") }
}

/// `all namespaces of prod at 2026-01-01T00:00:00Z`.
pub(super) fn place(cluster: &str, scope: &[String], now: &str) -> String {
    let scope = match scope {
        [] => "all namespaces".to_owned(),
        [one] => format!("namespace {one}"),
        several => format!("namespaces {}", several.join(", ")),
    };
    let of = if cluster.is_empty() { String::new() } else { format!(" of {cluster}") };
    format!("{scope}{of} at {now}")
}

/// What the report amounts to.
pub(super) fn verdict(report: &Report) -> String {
    let place = place(&report.cluster, &report.scope, &report.now);
    match (report.findings.len(), report.verdict) {
        (0, Verdict::NotPermitted) => {
            format!("Not determined: nothing may be read with these rights in {place}.")
        }
        (0, Verdict::Incomplete) => {
            format!("No finding in what could be read of {place}; not everything could.")
        }
        (0, Verdict::Healthy | Verdict::Findings) => format!("No finding in {place}."),
        (number, _) => {
            format!("{} in {place}: {}.", count(number as u64, "finding"), totals(&report.findings))
        }
    }
}

fn totals(findings: &[Finding]) -> String {
    let levels = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Note];
    let totals = levels.iter().filter_map(|level| {
        let number = findings.iter().filter(|finding| finding.severity == *level).count();
        (number > 0).then(|| format!("{number} {}", severity(*level)))
    });
    totals.collect::<Vec<_>>().join(", ")
}

/// How much was looked at, and how much was not.
pub(super) fn coverage(report: &Report) -> String {
    let read = report.coverage.iter().filter(|read| read.outcome == ReadOutcome::Ok);
    let (kinds, objects) = read.fold((0, 0_u64), |(kinds, objects), read| (kinds + 1, objects + read.count));
    let limits = &report.limits;
    let mut parts = vec![format!("Read: {} of {}", count(objects, "object"), count(kinds, "kind"))];
    let mut part = |number: u64, text: &dyn Fn() -> String| parts.extend((number > 0).then(text));
    part(limits.logs_read, &|| {
        let lines = count(limits.lines_per_log, "line");
        format!("the last {lines} of {}", count(limits.logs_read, "log"))
    });
    part(limits.logs_left_out, &|| format!("{} left out", count(limits.logs_left_out, "log")));
    let refused = report.unknown_because_forbidden.len() as u64;
    part(refused, &|| format!("{} not permitted", count(refused, "read")));
    let failed = report.could_not_read.len() as u64;
    part(failed, &|| format!("{} failed", count(failed, "read")));
    let silenced = report.suppressed.len() as u64;
    part(silenced, &|| format!("{} silenced by annotations (see --no-suppress)", count(silenced, "finding")));
    format!("{}.", parts.join("; "))
}

/// Everything that could not be read, a sentence each.
pub(super) fn unread(report: &Report) -> impl Iterator<Item = &str> {
    let refused = report.unknown_because_forbidden.iter().map(|read| read.text.as_str());
    refused.chain(report.could_not_read.iter().map(String::as_str))
}
