//! The report as text for a model: the verdict first, then root causes, then what was not permitted.

use std::fmt::Write;

use holmes_protocol::{Evidence, EvidenceKind, Finding, ObjectReference, Report, Severity, Verdict};

/// Evidence is complete in the data; a model reads the head of a long value.
const LONGEST_VALUE: usize = 400;
const MOST_SYMPTOMS: usize = 12;

/// Renders a report.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail, here and below.
    let _ = write_report(&mut text, report);
    text
}

fn write_report(text: &mut String, report: &Report) -> std::fmt::Result {
    let scope = if report.scope.is_empty() { "all namespaces".to_owned() } else { report.scope.join(", ") };
    let count = report.findings.len();
    let verdict = match report.verdict {
        Verdict::Healthy => "healthy: no rule found a failure".to_owned(),
        Verdict::Findings => format!("{count} root cause{} found", if count == 1 { "" } else { "s" }),
        Verdict::Incomplete => {
            "incomplete: no failure in what could be read, but not everything could be read".to_owned()
        }
        Verdict::NotPermitted => "not permitted: the cluster may not be read".to_owned(),
    };
    writeln!(text, "Triage of {scope} at {}: {verdict}.", report.now)?;
    for (index, finding) in report.findings.iter().enumerate() {
        write!(text, "\n{}. ", index + 1)?;
        write_finding(text, finding)?;
    }
    for note in &report.notes {
        write!(text, "\nNote: ")?;
        write_finding(text, note)?;
    }
    if !report.unknown_because_forbidden.is_empty() {
        writeln!(text, "\nNot permitted (this says nothing about what exists):")?;
        for read in &report.unknown_because_forbidden {
            writeln!(text, "- {}", read.text)?;
        }
    }
    if !report.could_not_read.is_empty() {
        writeln!(text, "\nCould not be read:")?;
        for read in &report.could_not_read {
            writeln!(text, "- {read}")?;
        }
    }
    Ok(())
}

fn write_finding(text: &mut String, finding: &Finding) -> std::fmt::Result {
    let class = if finding.class.is_empty() { String::new() } else { format!("/{}", finding.class) };
    let root = finding.objects.first().map(name).unwrap_or_default();
    writeln!(text, "[{}] {}{class}: {root}", severity(finding.severity), finding.rule)?;
    writeln!(text, "   {}", finding.summary)?;
    if let Some(top) = finding.owner_chain.last() {
        let more =
            if finding.count > 1 { format!(" ({} replicas alike)", finding.count) } else { String::new() };
        writeln!(text, "   belongs to {}{more}", name(top))?;
    }
    let affected: Vec<String> = finding.objects.iter().skip(1).map(name).collect();
    if !affected.is_empty() {
        writeln!(text, "   also: {}", affected.join(", "))?;
    }
    if let Some(since) = &finding.since {
        writeln!(text, "   since {since}")?;
    }
    for item in &finding.evidence {
        writeln!(text, "   - {}", evidence(item))?;
    }
    for change in &finding.change {
        writeln!(
            text,
            "   changed: {} from {} to {}",
            change.path,
            short(&change.before.to_string()),
            short(&change.after.to_string())
        )?;
    }
    for suggestion in &finding.suggestion {
        writeln!(text, "   hint: {suggestion}")?;
    }
    for symptom in finding.symptoms.iter().take(MOST_SYMPTOMS) {
        writeln!(text, "   explains {} {}: {}", symptom.object, symptom.rule, symptom.summary)?;
    }
    if finding.symptoms.len() > MOST_SYMPTOMS {
        writeln!(text, "   explains {} more", finding.symptoms.len() - MOST_SYMPTOMS)?;
    }
    for command in finding.checks.iter().chain(&finding.fixes) {
        let verb = if command.mutating { "fix" } else { "check" };
        writeln!(text, "   {verb}: {} ({})", command.argv.join(" "), command.why)?;
    }
    Ok(())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

fn name(object: &ObjectReference) -> String {
    let container = object.container.as_ref().map(|name| format!(" container {name}")).unwrap_or_default();
    if object.namespace.is_empty() {
        format!("{} {}{container}", object.kind, object.name)
    } else {
        format!("{} {}/{}{container}", object.kind, object.namespace, object.name)
    }
}

fn evidence(item: &Evidence) -> String {
    let value = item.value.as_str().map_or_else(|| item.value.to_string(), str::to_owned);
    let value = short(&value);
    match item.kind {
        EvidenceKind::Field => format!("{} {} = {value}", item.object, item.path),
        EvidenceKind::Event => format!("event {}: {value}", item.time.as_deref().unwrap_or_default()),
        EvidenceKind::Log => format!("log {} {}: {value}", item.object, item.path),
        EvidenceKind::Absent => format!("{}: {value} in a complete list", item.object),
        EvidenceKind::Computed => format!("{} {}: {value}", item.object, item.path),
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONGEST_VALUE {
        return text.to_owned();
    }
    text.chars().take(LONGEST_VALUE).chain(['…']).collect()
}
