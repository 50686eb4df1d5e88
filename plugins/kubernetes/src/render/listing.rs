//! A list as text: rows that fit, then what was searched, exact counts, what was left out and how to get it.

use std::collections::BTreeMap;

use holmes_plugin::{Host, Output, ToolError, serde_json::Value};

use super::{
    rows::{Frame, Health, Layout, Row},
    table,
};
use crate::{age::Now, budget, missing, read, scope::Scope};

/// Values of a column that the footer counts.
const COUNTED: usize = 12;

/// Rows of a list, collected page by page: objects are dropped as soon as their row is made.
#[derive(Debug)]
pub(crate) struct Listing {
    layout: Layout,
    frame: Frame,
    now: Now,
    rows: Vec<Row>,
    counts: BTreeMap<String, usize>,
    total: usize,
}

/// Everything in a scope, as a tool's answer.
pub(crate) fn whole(host: &Host, scope: &Scope) -> Result<Output, ToolError> {
    let frame = Frame { namespace: scope.spans_namespaces(), labels: false };
    let mut listing = Listing::new(host, scope, frame);
    read::each(host, scope, |object| listing.add(&object))?;
    if listing.total == 0 {
        return Ok(Output::no_data(missing::list(host, scope)));
    }
    Ok(listing.finish(host, scope, &format!("of {} {}", listing.total, scope.kind())))
}

impl Listing {
    /// No rows yet.
    pub(crate) fn new(host: &Host, scope: &Scope, frame: Frame) -> Self {
        Self {
            layout: Layout::of(&scope.resource),
            frame,
            now: Now::of(host),
            rows: Vec::new(),
            counts: BTreeMap::new(),
            total: 0,
        }
    }

    /// Adds an object's row.
    pub(crate) fn add(&mut self, object: &Value) {
        self.total += 1;
        let row = self.layout.cells(object, self.frame, self.now);
        if let Some(column) = self.layout.counted {
            let position = self.layout.headers(self.frame).iter().position(|header| *header == column);
            let value = position.and_then(|index| row.cells.get(index)).cloned().unwrap_or_default();
            *self.counts.entry(value).or_default() += 1;
        }
        self.rows.push(row);
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.total
    }

    /// Text within the budget. Over it, rows with a visible problem come first.
    pub(crate) fn finish(&self, host: &Host, scope: &Scope, of: &str) -> Output {
        let limit = budget::bytes(host);
        let mut order: Vec<&Row> = self.rows.iter().collect();
        let mut text = self.lines(&order);
        let total_bytes: usize = text.iter().map(|line| line.len() + 1).sum();
        let fits = total_bytes <= limit;
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
        let problems = order.iter().skip(shown).filter(|row| row.health == Health::Problem).count();
        text.push(String::new());
        text.push(format!("-- {shown} {of}, {}, {}{}", scope.place(), scope.selector(), self.counted()));
        if !fits {
            text.push(format!(
                "-- left out for size: {} rows, {problems} of them with a visible problem (rows with a problem come \
                 first, else the server's order). For the rest narrow the list: kubernetes_tabular_query or \
                 kubernetes_jq_query with namespace, label_selector or field_selector; kubernetes_count counts exactly.",
                order.len().saturating_sub(shown),
            ));
        }
        text.extend(scope.notes.iter().map(|note| format!("-- note: {note}")));
        let output = Output::text(text.join("\n"));
        if fits { output } else { output.truncated() }
    }

    fn lines(&self, rows: &[&Row]) -> Vec<String> {
        let cells: Vec<&[String]> = rows.iter().map(|row| row.cells.as_slice()).collect();
        table::lines(&self.layout.headers(self.frame), &cells)
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
