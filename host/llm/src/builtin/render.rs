//! A report as Markdown, in the fixed order: verdict, findings, not checked, next.
//!
//! Lists instead of a table: a finding's facts are longer than a terminal is wide.

mod text;

use std::fmt::Write as _;

use holmes_protocol::{Command, Confidence, Finding, Report, Severity, Verdict};

use self::text::{age, code, count, object, one_line, shell, value};

/// More facts than this are counted, not shown: the report itself has them all.
const SHOWN_FACTS: usize = 4;
const SHOWN_UNREAD: usize = 12;

/// The report as Markdown.
pub fn render_findings(report: &Report) -> String {
    let mut out = String::new();
    verdict(&mut out, report);
    if !report.findings.is_empty() {
        out.push_str("\n## Findings\n");
    }
    for (position, finding) in report.findings.iter().enumerate() {
        render_finding(&mut out, position + 1, finding, &report.now);
    }
    notes(&mut out, report);
    not_checked(&mut out, report);
    next(&mut out, report);
    out
}

/// At most three lines.
fn verdict(out: &mut String, report: &Report) {
    let place = place(report);
    match (report.verdict, report.findings.first()) {
        (_, Some(worst)) => {
            line(
                out,
                &format!(
                    "**{} found** in {place}: {}.",
                    count(report.findings.len(), "problem"),
                    totals(report)
                ),
            );
            let since = since(worst, &report.now);
            line(
                out,
                &format!(
                    "Worst: {} ({since}{}).",
                    one_line(&worst.summary).trim_end_matches('.'),
                    word(worst.confidence)
                ),
            );
        }
        (Verdict::Healthy | Verdict::Findings, None) => {
            line(out, &format!("**No problems found** in {place}."));
        }
        (Verdict::Incomplete, None) => {
            line(
                out,
                &format!("**No problems found in what could be read** of {place}; not everything could."),
            );
        }
        (Verdict::NotPermitted, None) => {
            line(out, &format!("**Not determined**: nothing of {place} may be read with these rights."));
        }
    }
    line(out, &format!("State of {}.", one_line(&report.now)));
}

fn place(report: &Report) -> String {
    let scope = match report.scope.as_slice() {
        [] => "all namespaces".to_owned(),
        [one] => format!("namespace {}", code(one)),
        several => {
            format!("namespaces {}", several.iter().map(|name| code(name)).collect::<Vec<_>>().join(", "))
        }
    };
    if report.cluster.is_empty() { scope } else { format!("{scope} of {}", code(&report.cluster)) }
}

fn totals(report: &Report) -> String {
    let levels = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Note];
    let totals = levels.iter().filter_map(|level| {
        let number = report.findings.iter().filter(|finding| finding.severity == *level).count();
        (number > 0).then(|| format!("{number} {}", severity(*level)))
    });
    totals.collect::<Vec<_>>().join(", ")
}

fn render_finding(out: &mut String, number: usize, finding: &Finding, now: &str) {
    let root = finding.objects.first().map(object).unwrap_or_default();
    let _ = write!(
        out,
        "\n{number}. **{}** {root}: {}\n",
        severity(finding.severity),
        one_line(&finding.summary)
    );
    let replicas = if finding.count > 1 { format!(", {} replicas", finding.count) } else { String::new() };
    let since = since(finding, now);
    item(out, &format!("{since}{}{replicas} (rule {})", word(finding.confidence), code(&finding.rule)));
    let facts = finding.evidence.iter().map(|fact| {
        format!("evidence: {} {} = {}", code(&fact.object), code(&fact.path), value(&fact.value))
    });
    items(out, facts, finding.evidence.len(), "fact");
    let changes = finding.change.iter().map(|change| {
        format!("changed: {} from {} to {}", code(&change.path), value(&change.before), value(&change.after))
    });
    items(out, changes, finding.change.len(), "change");
    let affected: Vec<String> = finding.objects.iter().skip(1).map(object).collect();
    if !affected.is_empty() {
        let more = affected.len().saturating_sub(SHOWN_FACTS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown: Vec<String> = affected.into_iter().take(SHOWN_FACTS).collect();
        item(out, &format!("affects: {}{more}", shown.join(", ")));
    }
    let symptoms = finding.symptoms.iter().map(|symptom| format!("explains: {}", one_line(&symptom.summary)));
    items(out, symptoms, finding.symptoms.len(), "symptom");
    let ruled_out = finding.ruled_out.iter().map(|fact| {
        format!("ruled out: {} {} = {}", code(&fact.object), code(&fact.path), value(&fact.value))
    });
    items(out, ruled_out, finding.ruled_out.len(), "check");
    for suggestion in &finding.suggestion {
        item(out, &format!("did you mean: {}", one_line(suggestion)));
    }
    for unknown in &finding.unknown_because_forbidden {
        item(out, &format!("could not look: {}", one_line(&unknown.text)));
    }
}

fn notes(out: &mut String, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    out.push_str("\n## Worth knowing\n\n");
    for note in &report.notes {
        let root = note.objects.first().map(|root| format!("{}: ", object(root))).unwrap_or_default();
        line(out, &format!("- {root}{}", one_line(&note.summary)));
    }
}

fn not_checked(out: &mut String, report: &Report) {
    let forbidden = report.unknown_because_forbidden.iter().map(|read| {
        let decides = read.would_decide.iter().map(|rule| code(rule)).collect::<Vec<_>>().join(", ");
        let decides = if decides.is_empty() { decides } else { format!("; it would decide {decides}") };
        format!("- {}{decides}", one_line(&read.text))
    });
    let failed = report.could_not_read.iter().map(|text| format!("- {}", one_line(text)));
    let all: Vec<String> = forbidden.chain(failed).collect();
    if all.is_empty() {
        return;
    }
    out.push_str("\n## Not checked\n\n");
    for text in all.iter().take(SHOWN_UNREAD) {
        line(out, text);
    }
    if all.len() > SHOWN_UNREAD {
        line(out, &format!("- and {} more", all.len() - SHOWN_UNREAD));
    }
}

/// Commands that look, then commands that change, each once.
fn next(out: &mut String, report: &Report) {
    let commands = || report.findings.iter().flat_map(|finding| finding.checks.iter().chain(&finding.fixes));
    let mut seen: Vec<&[String]> = Vec::new();
    let mut ordered: Vec<&Command> = commands().filter(|command| !command.mutating).collect();
    ordered.extend(commands().filter(|command| command.mutating));
    ordered.retain(|command| {
        let new = !seen.contains(&command.argv.as_slice());
        seen.push(command.argv.as_slice());
        new
    });
    if ordered.is_empty() {
        return;
    }
    out.push_str("\n## Next\n\n```sh\n");
    for command in ordered {
        let mark = if command.mutating {
            format!("CHANGES THE CLUSTER, risk {}: ", one_line(&command.risk))
        } else {
            String::new()
        };
        line(out, &format!("# {mark}{}", one_line(&command.why)));
        line(out, &shell(&command.argv));
    }
    out.push_str("```\n");
}

fn since(finding: &Finding, now: &str) -> String {
    finding
        .since
        .as_deref()
        .map_or_else(|| "since an unknown time, ".to_owned(), |since| format!("since {}, ", age(since, now)))
}

fn items(out: &mut String, texts: impl Iterator<Item = String>, number: usize, noun: &str) {
    texts.take(SHOWN_FACTS).for_each(|text| item(out, &text));
    if number > SHOWN_FACTS {
        item(out, &format!("and {} more", count(number - SHOWN_FACTS, noun)));
    }
}

fn item(out: &mut String, text: &str) {
    line(out, &format!("   - {text}"));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "confirmed",
        Confidence::Medium => "likely",
        Confidence::Low => "possible",
    }
}
