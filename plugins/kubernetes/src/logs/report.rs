//! A log request's answer: the newest wanted lines, then what was searched, what limits applied, and how to get more.

use holmes_plugin::{Host, Output};

use super::{filter::Filters, line::Line, streams::Logs, window::Window};
use crate::budget;

/// Streams, and notes, that a footer names one by one.
const NAMED: usize = 8;

/// What was searched.
#[derive(Debug)]
pub(crate) struct Searched<'a> {
    /// `pod api-1`.
    pub pods: &'a str,
    pub namespace: &'a str,
    pub window: Window,
    pub filters: &'a Filters,
    pub notes: Vec<String>,
}

impl Searched<'_> {
    fn scope(&self) -> String {
        format!("{} in namespace {}, window {}{}", self.pods, self.namespace, self.window, self.filters)
    }

    /// The message when no line is wanted.
    pub(crate) fn nothing(&self, logs: &Logs) -> String {
        let mut text = format!("no log lines: {}. Read {} lines in the window", self.scope(), logs.found);
        if logs.names.is_empty() {
            text.push_str("; no container has a log");
        } else {
            text.push_str(&format!(" from {}", names(logs)));
        }
        for note in self.all_notes(logs) {
            text.push_str(&format!(". {note}"));
        }
        text
    }

    /// The newest entries, at most `limit`.
    pub(crate) fn output(&self, host: &Host, lines: &[Line], logs: &Logs, limit: usize) -> Output {
        let folded = lines.len();
        let mut room = budget::bytes(host);
        let mut shown: Vec<String> = Vec::new();
        let mut short_of_room = false;
        // From the newest backwards, so that the budget cuts the oldest.
        for line in lines.iter().rev().take(limit) {
            let text = told(line, logs);
            if text.len() + 1 > room {
                short_of_room = true;
                break;
            }
            room -= text.len() + 1;
            shown.push(text);
        }
        shown.reverse();
        let count = shown.len();
        let at_least = if logs.cut { "at least " } else { "" };
        shown.push(String::new());
        shown.push(format!("-- {}", self.scope()));
        shown.push(format!(
            "-- newest {count} of {}{folded} entries (limit {limit}), from {at_least}{} matching of {at_least}{} lines, \
             of {}; equal lines in a row are one entry",
            if logs.older { "at least " } else { at_least },
            logs.matching,
            logs.found,
            names(logs)
        ));
        if short_of_room {
            shown.push(
                "-- older entries are left out for size: use filter, exclude_filter or a shorter window"
                    .to_owned(),
            );
        } else if count < folded || logs.older {
            shown.push(
                "-- for older lines raise limit, or set end_time before the first line above".to_owned(),
            );
        }
        shown.extend(self.all_notes(logs).iter().map(|note| format!("-- note: {note}")));
        let output = Output::text(shown.join("\n"));
        if count < folded || logs.older { output.truncated() } else { output }
    }

    fn all_notes(&self, logs: &Logs) -> Vec<String> {
        let mut notes: Vec<String> = self
            .notes
            .iter()
            .chain(&self.filters.notes)
            .chain(logs.notes.iter().take(NAMED))
            .cloned()
            .collect();
        if logs.notes.len() > NAMED {
            notes.push(format!("{} more notes of this sort are left out", logs.notes.len() - NAMED));
        }
        notes
    }
}

fn names(logs: &Logs) -> String {
    let named: Vec<&str> = logs.names.iter().take(NAMED).map(String::as_str).collect();
    let rest = logs.names.len() - named.len();
    if rest > 0 { format!("{} and {rest} more logs", named.join(", ")) } else { named.join(", ") }
}

fn told(line: &Line, logs: &Logs) -> String {
    let mut text = String::new();
    if logs.names.len() > 1 {
        text.push_str(&format!("[{}] ", logs.names.get(line.stream).map_or("", String::as_str)));
    }
    if !line.stamp.is_empty() {
        text.push_str(&format!("{} ", line.stamp));
    }
    text.push_str(&line.text);
    if line.repeated > 1 {
        text.push_str(&format!("  [x{}]", line.repeated));
    }
    text
}
