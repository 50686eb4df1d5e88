//! A tool's answer as text: facts, tables whose cells and rows are bounded, notes on what was left out, and
//! the portal's page as its source.

use holmes_plugin::{Host, Output, azure::ResourceId};

/// About 6,000 tokens: what a model can use of one answer about Azure.
const MOST: u64 = 24_000;

/// Characters of a cell: long enough for an error's first sentence, short enough that a row stays a row.
const CELL: usize = 300;

/// Text that grows up to a budget.
#[derive(Debug)]
pub(crate) struct Report {
    text: String,
    limit: usize,
    truncated: bool,
    sources: Vec<(String, String)>,
}

impl Report {
    /// An empty one, with the budget that the call has left.
    pub(crate) fn new(host: &Host) -> Self {
        let limit = host.output_budget().saturating_sub(1_024).clamp(512, MOST);
        Self {
            text: String::new(),
            limit: usize::try_from(limit).unwrap_or(512),
            truncated: false,
            sources: Vec::new(),
        }
    }

    /// A line of its own.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        if self.text.len() < self.limit {
            self.text.push_str(&flat(text.as_ref(), 1_200));
            self.text.push('\n');
        } else {
            self.truncated = true;
        }
    }

    /// `label: value`, unless there is no value.
    pub(crate) fn fact(&mut self, label: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.line(format!("{label}: {}", value.as_ref()));
        }
    }

    /// Rows under their columns. Rows past `most`, or past the budget, are counted and left out.
    pub(crate) fn table(&mut self, columns: &[&str], rows: &[Vec<String>], most: usize) {
        self.line(columns.join(" | "));
        let mut shown = 0;
        for row in rows.iter().take(most) {
            let cells: Vec<String> = row.iter().map(|cell| cell_text(cell)).collect();
            let line = cells.join(" | ");
            if self.text.len() + line.len() > self.limit {
                break;
            }
            self.text.push_str(&line);
            self.text.push('\n');
            shown += 1;
        }
        if shown < rows.len() {
            self.left_out(format!(
                "{} of {} rows are left out; narrow the question to see them",
                rows.len() - shown,
                rows.len()
            ));
        }
    }

    /// A remark about the answer as a whole.
    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        // Notes say what the rest means; they have room beyond the budget.
        self.text.push_str("-- ");
        self.text.push_str(&flat(text.as_ref(), 600));
        self.text.push('\n');
    }

    /// A remark that more exists than is shown.
    pub(crate) fn left_out(&mut self, text: impl AsRef<str>) {
        self.truncated = true;
        self.note(text);
    }

    /// Names a resource as a place where a person can look.
    pub(crate) fn source(&mut self, id: &ResourceId) {
        self.sources.push((id.name().to_owned(), id.portal()));
    }

    /// The answer.
    pub(crate) fn finish(self) -> Output {
        let mut output = Output::text(self.text.trim_end());
        for (label, link) in self.sources {
            output = output.with_source(label, Some(link));
        }
        if self.truncated { output.truncated() } else { output }
    }
}

fn cell_text(cell: &str) -> String {
    if cell.is_empty() { "-".to_owned() } else { flat(&cell.replace('|', "/"), CELL) }
}

/// One line of so many characters.
pub(crate) fn flat(text: &str, longest: usize) -> String {
    let one_line: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(longest)
        .collect();
    let mut one_line = one_line.trim_end().to_owned();
    if text.chars().nth(longest).is_some() {
        one_line.push('…');
    }
    one_line
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::testing::Canned;

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut report = Report::new(&Canned::new().host());
        report.fact("absent", "");
        report.table(&["A", "B"], &[vec!["1".into(), String::new()], vec!["x|y\nz".into(), "2".into()]], 10);
        report.table(&["C"], &vec![vec!["ä".repeat(1_000)]; 500], 400);
        let text = report.finish().to_text();
        assert!(text.starts_with("A | B\n1 | -\nx/y z | 2\nC\n"), "{text}");
        assert!(text.contains("of 500 rows are left out"), "{text}");
        assert!(text.len() < 26_000);
    }
}
