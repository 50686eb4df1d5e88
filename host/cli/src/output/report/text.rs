//! A report for a terminal: the worst first, what each rests on, and at the end what nobody could look at.

use holmes_protocol::{Command, Evidence, Finding, ObjectReference, Report, Severity};
use serde_json::Value;

use super::{age::age, words, wrap::wrap};
use crate::commands::triage::Changes;

/// More facts than this are counted; the document has them all.
const FACTS: usize = 6;
const SYMPTOMS: usize = 8;
const UNREAD: usize = 12;
/// Longer values are cut: the fact has to stay readable.
const VALUE: usize = 200;

/// Where a finding's lines begin, and the texts behind their labels.
const INDENT: usize = 4;
const LABELLED: usize = 14;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Text of a width. The printer takes colours away where they are not wanted.
pub(super) struct Page {
    width: usize,
    text: String,
}

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Self { width, text: String::new() }
    }

    /// A whole report.
    pub(super) fn whole(mut self, report: &Report) -> String {
        self.plain(&words::verdict(report));
        self.findings(&report.findings, &report.now);
        if !report.notes.is_empty() {
            self.heading("Worth knowing");
            for note in &report.notes {
                self.short("-", note);
            }
        }
        self.unread(words::unread(report));
        self.blank();
        self.plain(&words::coverage(report));
        self.text
    }

    /// What is different from a former report.
    pub(super) fn changes(mut self, changes: &Changes<'_>) -> String {
        let Changes { new, changed, resolved, not_determined, unchanged, .. } = changes;
        let place = words::place(changes.cluster, changes.scope, changes.now);
        let unknown = match not_determined.len() {
            0 => String::new(),
            number => format!(", {number} not determined"),
        };
        let numbers = (new.len(), changed.len(), resolved.len());
        self.plain(&format!(
            "Since {}: {} new, {} changed, {} resolved, {unchanged} unchanged{unknown} in {place}.",
            changes.since, numbers.0, numbers.1, numbers.2
        ));
        for (heading, findings) in [("New", new), ("Changed", changed)] {
            if !findings.is_empty() {
                self.heading(heading);
                self.findings(findings.iter().copied(), changes.now);
            }
        }
        for (heading, mark, findings) in [
            ("Resolved", "-", resolved),
            ("Not determined: what showed it was not read again", "?", not_determined),
        ] {
            if !findings.is_empty() {
                self.heading(heading);
                for finding in findings {
                    self.short(mark, finding);
                }
            }
        }
        let refused = changes.unknown_because_forbidden.iter().map(|read| read.text.as_str());
        self.unread(refused.chain(changes.could_not_read.iter().map(String::as_str)));
        self.text
    }

    fn findings<'a>(&mut self, findings: impl IntoIterator<Item = &'a Finding>, now: &str) {
        for (position, finding) in findings.into_iter().enumerate() {
            self.blank();
            let colour = match finding.severity {
                Severity::Critical | Severity::Error => RED,
                Severity::Warning => YELLOW,
                Severity::Note => DIM,
            };
            let label = format!("{:<INDENT$}", format!("{}.", position + 1));
            let severity = format!("{colour}{}{PLAIN}", words::severity(finding.severity));
            wrap(&mut self.text, &label, INDENT, &format!("{severity}: {}", finding.summary), self.width);
            self.finding(finding, now);
        }
    }

    fn finding(&mut self, finding: &Finding, now: &str) {
        self.labelled("object", &whereabouts(finding));
        self.labelled("since", &since(finding, now));
        let (facts, more) = some(&finding.evidence, FACTS);
        facts
            .iter()
            .enumerate()
            .for_each(|(number, item)| self.list("evidence", number, &fact(item, finding.objects.first())));
        self.more(more, "fact");
        for (number, change) in finding.change.iter().enumerate() {
            let (before, after) = (value(&change.before), value(&change.after));
            self.list("changed", number, &format!("{} from {before} to {after}", change.path));
        }
        let (symptoms, more) = some(&finding.symptoms, SYMPTOMS);
        for (number, symptom) in symptoms.iter().enumerate() {
            self.list("explains", number, &symptom.summary);
        }
        self.more(more, "symptom");
        for (number, suggestion) in finding.suggestion.iter().enumerate() {
            self.list("hint", number, suggestion);
        }
        for (number, read) in finding.unknown_because_forbidden.iter().enumerate() {
            self.list("unknown", number, &read.text);
        }
        finding.checks.iter().for_each(|command| self.command("check", command));
        finding.fixes.iter().for_each(|command| self.command("fix", command));
    }

    /// In one piece, because it is copied.
    fn command(&mut self, label: &str, command: &Command) {
        let risk = if command.mutating {
            format!(" (changes the cluster, risk {})", command.risk)
        } else {
            String::new()
        };
        self.labelled(label, &format!("{}{risk}", command.why));
        let indent = " ".repeat(LABELLED);
        let command = shell(&command.argv);
        self.text.extend([indent.as_str(), BOLD, command.as_str(), PLAIN, "\n"]);
    }

    fn short(&mut self, mark: &str, finding: &Finding) {
        let (root, rule) = (words::root(finding), words::rule(&finding.rule, &finding.class));
        let label = format!("{mark:<2}");
        wrap(&mut self.text, &label, 2, &format!("{root}: {} ({rule})", finding.summary), self.width);
    }

    fn unread<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let texts: Vec<&str> = texts.collect();
        if texts.is_empty() {
            return;
        }
        self.heading("Not checked");
        for text in texts.iter().take(UNREAD) {
            wrap(&mut self.text, "-", 2, text, self.width);
        }
        if texts.len() > UNREAD {
            self.plain(&format!("- and {} more, in --output json", texts.len() - UNREAD));
        }
    }

    fn list(&mut self, label: &str, number: usize, text: &str) {
        self.labelled(if number == 0 { label } else { "" }, text);
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let label = format!("{:INDENT$}{DIM}{label}{PLAIN}", "");
        wrap(&mut self.text, &label, LABELLED, text, self.width);
    }

    fn more(&mut self, number: usize, noun: &str) {
        if number > 0 {
            self.labelled("", &format!("and {} more", words::count(number as u64, noun)));
        }
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        self.plain(&format!("{BOLD}{text}{PLAIN}"));
    }

    fn plain(&mut self, text: &str) {
        wrap(&mut self.text, "", 0, text, self.width);
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }
}

/// The root object, what it belongs to, and how many others suffer.
fn whereabouts(finding: &Finding) -> String {
    let mut parts = vec![words::root(finding)];
    let root = finding.objects.first();
    let differs =
        |top: &&ObjectReference| root.is_none_or(|root| (&root.kind, &root.name) != (&top.kind, &top.name));
    let owner = finding.owner_chain.last().filter(differs);
    parts.extend(owner.map(|owner| format!("of {}", words::object(owner))));
    parts.extend((finding.count > 1).then(|| format!("{} replicas", finding.count)));
    let others = finding.objects.len().saturating_sub(1) as u64;
    parts.extend((others > 0).then(|| format!("affects {} more", words::count(others, "object"))));
    parts.join(", ")
}

fn since(finding: &Finding, now: &str) -> String {
    let since = match &finding.since {
        None => "an unknown time".to_owned(),
        Some(since) => match age(since, now) {
            Some(age) => format!("{age} ({since})"),
            None => since.clone(),
        },
    };
    let rule = words::rule(&finding.rule, &finding.class);
    format!("{since}, {}, rule {rule}", words::confidence(finding.confidence))
}

/// A fact; the object of the finding itself is not named again.
fn fact(fact: &Evidence, root: Option<&ObjectReference>) -> String {
    let own = root.is_some_and(|root| {
        let parts = [&root.kind, &root.namespace, &root.name].map(String::as_str);
        fact.object.split('/').eq(parts.into_iter().filter(|part| !part.is_empty()))
    });
    let object = if own { String::new() } else { format!("{} ", fact.object) };
    format!("{object}{} = {}", fact.path, value(&fact.value))
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}...", text.split_at(end).0),
        None => text,
    }
}

fn some<T>(items: &[T], most: usize) -> (&[T], usize) {
    let (shown, more) = items.split_at(items.len().min(most));
    (shown, more.len())
}

/// A command that a person can paste.
fn shell(argv: &[String]) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,%+".contains(letter);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
