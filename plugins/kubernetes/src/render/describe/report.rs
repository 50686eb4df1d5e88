//! Indented lines of a description.

use holmes_plugin::{Host, Output};

use crate::budget;

/// Lines so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<String>,
}

impl Report {
    /// A line at a depth.
    pub(crate) fn line(&mut self, depth: usize, text: impl AsRef<str>) {
        self.lines.push(format!("{}{}", "  ".repeat(depth), text.as_ref()));
    }

    /// `label: value`; nothing when the value is empty.
    pub(crate) fn field(&mut self, depth: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.line(depth, format!("{label}: {value}"));
        }
    }

    /// Text of several lines, each at the depth.
    pub(crate) fn block(&mut self, depth: usize, text: &str) {
        for line in text.lines() {
            self.line(depth, line);
        }
    }

    /// The answer of a tool. A description that is too long keeps its beginning and its end, where the
    /// events are.
    pub(crate) fn output(self, host: &Host) -> Output {
        let limit = budget::bytes(host);
        let text = self.lines.join("\n");
        if text.len() <= limit {
            return Output::text(text);
        }
        let head = budget::head(&text, limit * 2 / 3);
        let from = text.floor_char_boundary(text.len() - limit / 3);
        let tail = text.get(from..).unwrap_or_default();
        let tail = tail.split_once('\n').map_or(tail, |(_, lines)| lines);
        let left_out = text.len() - head.len() - tail.len();
        Output::text(format!(
            "{head}\n... {left_out} bytes left out for size; kubernetes_jq_query returns single fields ...\n{tail}"
        ))
        .truncated()
    }
}
