//! A list as text: rows that fit, then what was searched, exact counts, what was left out and how to get it.

use std::collections::BTreeMap;

use holmes_plugin::{Host, Output, ToolError, serde_json::Value};

use super::{
    printed::{self, Printed},
    rows::{Frame, Health, Layout, Row},
    table,
};
use crate::{
    age::Now,
    budget, missing,
    read::{self, Part},
    scope::Scope,
};

/// Values of a column that the footer counts.
const COUNTED: usize = 12;

/// Rows of either health that are kept: more than any budget shows, however short they are.
const KEPT: usize = 2_000;

/// Rows of a list, collected page by page: objects are dropped as soon as their row is made, and rows that
/// could not be shown are only counted.
#[derive(Debug)]
pub(crate) struct Listing {
    layout: Layout,
    printed: Vec<Printed>,
    frame: Frame,
    now: Now,
    rows: Vec<Row>,
    counts: BTreeMap<String, usize>,
    problems: usize,
    total: usize,
}

/// Everything in a scope, as a tool's answer.
pub(crate) fn whole(host: &Host, scope: &Scope) -> Result<Output, ToolError> {
    let mut listing = Listing::new(host, scope, Frame::of(scope));
    let part = read::part(host, scope, |object| listing.add(&object))?;
    if part.objects == 0 {
        return Ok(Output::no_data(missing::list(host, scope)));
    }
    Ok(listing.finish(host, scope, &format!("of {} {}", listing.total, scope.kind()), &part))
}

impl Listing {
    /// No rows yet.
    pub(crate) fn new(host: &Host, scope: &Scope, frame: Frame) -> Self {
        Self {
            layout: Layout::of(&scope.resource),
            printed: printed::columns(host, &scope.resource),
            frame,
            now: Now::of(host),
            rows: Vec::new(),
            counts: BTreeMap::new(),
            problems: 0,
            total: 0,
        }
    }

    /// Adds an object's row.
    pub(crate) fn add(&mut self, object: &Value) {
        self.total += 1;
        let mut row = self.layout.cells(object, self.frame, self.now);
        if let Some(column) = self.layout.counted {
            let position = self.layout.headers(self.frame).iter().position(|header| *header == column);
            let value = position.and_then(|index| row.cells.get(index)).cloned().unwrap_or_default();
            *self.counts.entry(value).or_default() += 1;
        }
        let printed = self.printed.iter().map(|column| column.cell(object, self.now));
        row.cells.splice(self.before_age()..self.before_age(), printed);
        self.problems += usize::from(row.health == Health::Problem);
        let same = if row.health == Health::Problem { self.problems } else { self.total - self.problems };
        if same <= KEPT {
            self.rows.push(row);
        }
    }

    /// How many objects were added.
    pub(crate) fn len(&self) -> usize {
        self.total
    }

    /// Text within the budget. Over it, rows with a visible problem come first.
    pub(crate) fn finish(&self, host: &Host, scope: &Scope, of: &str, part: &Part) -> Output {
        let limit = budget::bytes(host);
        let mut order: Vec<&Row> = self.rows.iter().collect();
        let mut text = self.lines(&order);
        let bytes: usize = text.iter().map(|line| line.len() + 1).sum();
        let fits = bytes <= limit && order.len() == self.total;
        if !fits {
            order.sort_by_key(|row| row.health);
            text = self.lines(&order);
            let mut used = 0;
            text.retain(|line| {
                used += line.len() + 1;
                used <= limit
            });
        }
        let shown = text.len().saturating_sub(1);
        let problems = order.iter().take(shown).filter(|row| row.health == Health::Problem).count();
        text.push(String::new());
        text.push(format!("-- {shown} {of}, {}, {}{}", scope.place(), scope.selector(), self.counted()));
        if !fits {
            text.push(format!(
                "-- left out for size: {} rows, {} of them with a visible problem (rows with a problem come \
                 first, else the server's order). For the rest narrow the list: kubernetes_tabular_query or \
                 kubernetes_jq_query with namespace, label_selector or field_selector; kubernetes_count counts exactly.",
                self.total.saturating_sub(shown),
                self.problems.saturating_sub(problems),
            ));
        }
        text.extend(part.rest.as_ref().map(|rest| {
            format!("-- INCOMPLETE: {}. Narrow it by namespace or selector", rest.told(part.objects))
        }));
        text.extend(scope.notes.iter().map(|note| format!("-- note: {note}")));
        let output = Output::text(text.join("\n"));
        if fits && part.rest.is_none() { output } else { output.truncated() }
    }

    fn lines(&self, rows: &[&Row]) -> Vec<String> {
        let mut headers = self.layout.headers(self.frame);
        let at = self.before_age();
        headers.splice(at..at, self.printed.iter().map(Printed::header));
        let cells: Vec<&[String]> = rows.iter().map(|row| row.cells.as_slice()).collect();
        table::lines(&headers, &cells)
    }

    /// Where the columns of a definition go.
    fn before_age(&self) -> usize {
        usize::from(self.frame.namespace) + usize::from(self.frame.identity) + self.layout.columns.len()
    }

    fn counted(&self) -> String {
        let Some(column) = self.layout.counted.filter(|_| self.total > 1) else { return String::new() };
        let mut counts: Vec<(&String, &usize)> = self.counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let rest = counts.len().saturating_sub(COUNTED);
        let mut parts: Vec<String> =
            counts.iter().take(COUNTED).map(|(value, count)| format!("{value} {count}")).collect();
        if rest > 0 {
            parts.push(format!("{rest} other values"));
        }
        format!("; {column}: {}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};
    use holmes_plugin::serde_json::json;

    #[test]
    fn rows_that_could_never_be_shown_are_only_counted() {
        let host = Fixture::new().host();
        let scope = Scope::parse(&host, "pods", Some("a")).unwrap();
        let mut listing = Listing::new(&host, &scope, Frame::of(&scope));
        let fine = pod("a", "x");
        let mut failed = fine.clone();
        failed["status"]["phase"] = json!("Failed");
        for number in 0..3 * KEPT {
            listing.add(if number % 3 == 0 { &failed } else { &fine });
        }
        assert_eq!((listing.len(), listing.problems), (3 * KEPT, KEPT));
        assert_eq!(listing.rows.len(), 2 * KEPT);
        let part = Part { objects: listing.len(), rest: None };
        let text = listing.finish(&host, &scope, "of all", &part).to_text();
        assert!(text.contains("STATUS: Running 4000, Failed 2000"), "{text}");
    }
}
