//! Tool `fetch_pod_logs`.

use holmes_plugin::prelude::*;
use regex_lite::{Regex, RegexBuilder};

use crate::{
    age::Now,
    budget, field,
    logs::{
        line::{self, Line},
        streams::{self, Depth, Logs},
        window::Window,
    },
    missing, names, read,
    scope::Scope,
};

/// HolmesGPT's default.
const LIMIT: usize = 100;

/// One line may take this much.
const LINE: usize = 4_000;

/// Which lines of which pod.
#[arguments]
pub struct FetchPodLogs {
    /// Exact name of the pod.
    pub pod_name: String,
    /// Namespace.
    pub namespace: String,
    /// RFC 3339, or negative seconds before `end_time`, for example `-3600`. Default: 7 days.
    pub start_time: Option<Moment>,
    /// RFC 3339, or negative seconds before now. Default: now.
    pub end_time: Option<Moment>,
    /// How many of the newest matching lines to return. Default: 100.
    pub limit: Option<u32>,
    /// Regular expression, case-insensitive: only matching lines.
    pub filter: Option<String>,
    /// Regular expression, case-insensitive: no matching lines.
    pub exclude_filter: Option<String>,
}

/// A time: models send numbers and strings alike.
#[arguments]
#[serde(untagged)]
pub enum Moment {
    /// Seconds.
    Seconds(i64),
    /// RFC 3339, or a number in quotes.
    Text(String),
}

impl Moment {
    fn text(&self) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Reads the logs of all containers of a pod, also from before the last restart, merged by time: the newest
/// lines that match, equal lines in a row folded, then a footer with counts, window and limits.
#[tool(read_only)]
pub fn fetch_pod_logs(host: &Host, arguments: FetchPodLogs) -> Result<Output, ToolError> {
    let name = names::object(&arguments.pod_name)?;
    let namespace = names::one_namespace(&arguments.namespace)?;
    let start = arguments.start_time.as_ref().map(Moment::text);
    let end = arguments.end_time.as_ref().map(Moment::text);
    let window = Window::parse(start.as_deref(), end.as_deref(), Now::of(host))?;
    let (mut filters, mut depth) = (Filters::default(), Depth::Newest);
    if let Some(pattern) = arguments.filter.as_deref().filter(|pattern| !pattern.is_empty()) {
        filters.keep = Some(filters.pattern(pattern)?);
        depth = Depth::Deep;
    }
    if let Some(pattern) = arguments.exclude_filter.as_deref().filter(|pattern| !pattern.is_empty()) {
        filters.drop = Some(filters.pattern(pattern)?);
        depth = Depth::Deep;
    }
    let scope = Scope::parse(host, "pods", Some(&namespace))?;
    let Some(pod) = read::one(host, &scope, &name)? else {
        return Ok(Output::no_data(missing::object(host, &scope, &name)));
    };
    let mut logs = streams::read(host, &pod, window, depth)?;
    let mut lines = line::merge(std::mem::take(&mut logs.lines));
    lines.retain(|line| window.holds(line.micros));
    let found = lines.len();
    lines.retain(|line| filters.wants(&line.text));
    let matching = lines.len();
    logs.notes.append(&mut filters.notes);
    let what = Searched {
        pod: &pod,
        window,
        filter: arguments.filter,
        exclude: arguments.exclude_filter,
        found,
        matching,
    };
    if lines.is_empty() {
        return Ok(Output::no_data(what.nothing(&logs)));
    }
    let limit = arguments.limit.map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(LIMIT)).max(1);
    Ok(what.output(host, line::fold(lines), &logs, limit))
}

/// What lines must and must not match.
#[derive(Debug, Default)]
struct Filters {
    keep: Option<Regex>,
    drop: Option<Regex>,
    notes: Vec<String>,
}

impl Filters {
    /// A pattern that is no regular expression is taken literally, as people who search logs mean it.
    fn pattern(&mut self, pattern: &str) -> Result<Regex, ToolError> {
        let build = |text: &str| RegexBuilder::new(text).case_insensitive(true).build();
        if let Ok(regex) = build(pattern) {
            return Ok(regex);
        }
        self.notes.push(format!("`{pattern}` is no regular expression and was searched literally"));
        build(&regex_lite::escape(pattern))
            .map_err(|error| ToolError::invalid(format!("the filter can not be used: {error}")))
    }

    fn wants(&self, text: &str) -> bool {
        self.keep.as_ref().is_none_or(|keep| keep.is_match(text))
            && !self.drop.as_ref().is_some_and(|drop| drop.is_match(text))
    }
}

/// What a search came to.
#[derive(Debug)]
struct Searched<'a> {
    pod: &'a Value,
    window: Window,
    filter: Option<String>,
    exclude: Option<String>,
    found: usize,
    matching: usize,
}

impl Searched<'_> {
    fn scope(&self) -> String {
        let mut text = format!(
            "pod {} in namespace {}, window {}",
            field::name(self.pod),
            field::namespace(self.pod),
            self.window
        );
        for (label, pattern) in [("filter", &self.filter), ("exclude_filter", &self.exclude)] {
            if let Some(pattern) = pattern {
                text.push_str(&format!(", {label} `{pattern}`"));
            }
        }
        text
    }

    fn nothing(&self, logs: &Logs) -> String {
        let mut text = format!("no log lines: {}. Read {} lines in the window", self.scope(), self.found);
        if logs.names.is_empty() {
            text.push_str("; no container has a log");
        } else {
            text.push_str(&format!(" from {}", logs.names.join(", ")));
        }
        for note in &logs.notes {
            text.push_str(&format!(". {note}"));
        }
        text
    }

    fn output(&self, host: &Host, lines: Vec<Line>, logs: &Logs, limit: usize) -> Output {
        let folded = lines.len();
        let mut room = budget::bytes(host);
        let mut shown: Vec<String> = Vec::new();
        let mut short_of_room = false;
        // From the newest backwards, so that the budget cuts the oldest.
        for line in lines.iter().rev().take(limit) {
            let text = text(line, logs);
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
            "-- newest {count} of {folded} entries (limit {limit}), from {at_least}{} matching of {at_least}{} lines, \
             of {}; equal lines in a row are one entry",
            self.matching,
            self.found,
            logs.names.join(", ")
        ));
        if short_of_room {
            shown.push(
                "-- older entries are left out for size: use filter, exclude_filter or a shorter window"
                    .to_owned(),
            );
        } else if count < folded {
            shown.push(
                "-- for older lines raise limit, or set end_time before the first line above".to_owned(),
            );
        }
        shown.extend(logs.notes.iter().map(|note| format!("-- note: {note}")));
        let output = Output::text(shown.join("\n"));
        if count < folded { output.truncated() } else { output }
    }
}

fn text(line: &Line, logs: &Logs) -> String {
    let mut text = String::new();
    if logs.names.len() > 1 {
        text.push_str(&format!("[{}] ", logs.names.get(line.stream).map_or("", String::as_str)));
    }
    if !line.stamp.is_empty() {
        text.push_str(&format!("{} ", line.stamp));
    }
    text.push_str(&budget::line(&line.text, LINE));
    if line.repeated > 1 {
        text.push_str(&format!("  [x{}]", line.repeated));
    }
    text
}

#[cfg(test)]
mod tests;
