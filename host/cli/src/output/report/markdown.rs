//! A report for a ticket or a chat.

use std::fmt::Write as _;

use holmes_llm::render_findings;
use holmes_protocol::{Finding, Report};

use super::words;
use crate::commands::triage::Changes;

/// A whole report, as `builtin/triage` writes it, with what it rests on.
pub(super) fn whole(report: &Report) -> String {
    format!("{}\n_{}_\n", render_findings(report), words::coverage(report))
}

/// What is different from a former report.
pub(super) fn changes(changes: &Changes<'_>) -> String {
    let place = words::place(changes.cluster, changes.scope, changes.now);
    let mut out = format!("**Since {}** in {place}: {} unchanged.\n", changes.since, changes.unchanged);
    for (heading, findings) in [
        ("New", &changes.new),
        ("Changed", &changes.changed),
        ("Resolved", &changes.resolved),
        ("Not determined: what showed it was not read again", &changes.not_determined),
    ] {
        if findings.is_empty() {
            continue;
        }
        let _ = write!(out, "\n## {heading}\n\n");
        out.extend(findings.iter().map(|finding| line(finding)));
    }
    let refused = changes.unknown_because_forbidden.iter().map(|read| &read.text);
    let unread: Vec<&String> = refused.chain(changes.could_not_read).collect();
    if !unread.is_empty() {
        out.push_str("\n## Not checked\n\n");
        for text in unread {
            let _ = writeln!(out, "- {}", escaped(text));
        }
    }
    out
}

fn line(finding: &Finding) -> String {
    let (root, rule) = (words::root(finding), words::rule(&finding.rule, &finding.class));
    let severity = words::severity(finding.severity);
    format!("- **{severity}** `{}`: {} (rule `{rule}`)\n", root.replace('`', "'"), escaped(&finding.summary))
}

/// On one line, so that text of a cluster stays in its list.
fn escaped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
