//! An answer of AKS's own diagnoses: a status, and data sets of which some are tables for people.

use std::collections::BTreeMap;

use holmes_plugin::serde_json::Value;

use crate::{field, report::Report};

/// Rows of one data set: the worst come first, so that more would say less.
const ROWS: usize = 25;

/// What a detector found: its status first, then every data set that is meant to be seen.
pub(crate) fn render(report: &mut Report, properties: &Value) {
    report.fact("Status", status(properties));
    report.fact("Says", plain(&field::text(properties, "/status/message")));
    report.fact("Category", field::text(properties, "/metadata/category"));
    report.fact("About", field::text(properties, "/metadata/description"));
    let (mut shown, mut hidden, mut empty) = (0, 0, 0);
    for data in field::items(properties, "/dataset") {
        let visible = data.pointer("/renderingProperties/isVisible").and_then(Value::as_bool);
        if visible == Some(false) {
            hidden += 1;
        } else if data.pointer("/table/rows").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            empty += 1;
        } else {
            dataset(report, data);
            shown += 1;
        }
    }
    report.note(format!("{shown} data sets shown; {empty} empty and {hidden} hidden ones skipped"));
}

/// The status as a word; the numbers are those of the service's insights.
pub(crate) fn status(properties: &Value) -> String {
    let word = match properties.pointer("/status/statusId").and_then(Value::as_i64) {
        Some(0) => "Critical",
        Some(1) => "Warning",
        Some(2) => "Info",
        Some(3) => "Success",
        _ => "",
    };
    word.to_owned()
}

fn dataset(report: &mut Report, data: &Value) {
    report.line("");
    let title = field::first(data, &["/renderingProperties/title", "/table/tableName"]);
    report.line(format!("## {}", if title.is_empty() { "Data" } else { &title }));
    report.fact("About", plain(&field::text(data, "/renderingProperties/description")));
    let columns: Vec<String> =
        field::items(data, "/table/columns").map(|column| field::text(column, "/columnName")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut rows: Vec<Vec<String>> = field::items(data, "/table/rows").map(cells).collect();
    rows.sort_by_key(|row| rank(row));
    report.table(&columns, &rows, ROWS);
    if rows.len() > ROWS {
        report.fact("Counts", counts(&rows));
    }
}

fn cells(row: &Value) -> Vec<String> {
    row.as_array().into_iter().flatten().map(|cell| plain(&field::value(cell))).collect()
}

/// Lower is worse.
fn rank(row: &[String]) -> usize {
    const WORDS: [&str; 4] = ["critical", "error", "failed", "warning"];
    let of = |cell: &String| WORDS.iter().position(|word| cell.eq_ignore_ascii_case(word));
    row.iter().filter_map(of).min().unwrap_or(WORDS.len())
}

/// How often the first column has which value.
fn counts(rows: &[Vec<String>]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *counted.entry(row.first().map_or("", String::as_str)).or_default() += 1;
    }
    let parts: Vec<String> =
        counted.into_iter().take(12).map(|(value, count)| format!("{value} {count}")).collect();
    parts.join(", ")
}

/// Text without the markup that the portal would draw.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let tag = after.starts_with(|character: char| character.is_ascii_alphabetic() || character == '/');
        if let (true, Some((_, behind))) = (tag, after.split_once('>')) {
            plain.push(' ');
            rest = behind;
        } else {
            plain.push('<');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::{serde_json::json, testing::Canned};

    fn text(properties: &Value) -> String {
        let mut report = Report::new(&Canned::new().host());
        render(&mut report, properties);
        report.finish().to_text()
    }

    #[test]
    fn the_status_comes_first_hidden_sets_are_skipped_and_the_worst_rows_lead() {
        let table = json!({"tableName": "t", "columns": [{"columnName": "Status"}, {"columnName": "Message"}],
            "rows": [["Success", "fine"], ["Critical", "<b>broken</b><br/>a < b"]]});
        let properties = json!({
            "metadata": {"category": "Node Health", "description": "Looks at nodes"},
            "status": {"statusId": 0, "message": "2 nodes are broken"},
            "dataset": [
                {"renderingProperties": {"title": "Hidden", "isVisible": false}, "table": table},
                {"renderingProperties": {"title": "Nodes", "isVisible": true}, "table": table},
                {"renderingProperties": {"title": "Empty"}, "table": {"columns": [], "rows": []}},
            ],
        });
        let text = text(&properties);
        assert!(text.starts_with("Status: Critical\nSays: 2 nodes are broken\n"), "{text}");
        assert!(!text.contains("Hidden"), "{text}");
        let expected = "## Nodes\nStatus | Message\nCritical | broken a < b\nSuccess | fine\n";
        assert!(text.contains(expected), "{text}");
        assert!(text.ends_with("1 data sets shown; 1 empty and 1 hidden ones skipped"), "{text}");
    }

    #[test]
    fn a_long_data_set_is_cut_and_counted() {
        let rows: Vec<Value> = (0..60).map(|row| json!(["Warning", row])).collect();
        let properties = json!({"dataset": [{"table": {"columns": [{"columnName": "Level"}, {"columnName": "N"}], "rows": rows}}]});
        let text = text(&properties);
        assert!(text.contains("35 of 60 rows are left out") && text.contains("Counts: Warning 60"), "{text}");
    }
}
