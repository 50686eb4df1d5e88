//! Tool `kubernetes_tabular_query`.

use holmes_plugin::prelude::*;
use regex_lite::RegexBuilder;

use crate::{
    budget,
    query::path::{self, Column},
    read,
    scope::Scope,
};

/// One cell is at most this long: a table is for scanning.
const CELL: usize = 500;

/// Which columns of what.
#[arguments]
pub struct TabularQuery {
    /// Kind, in the plural, for example `pods` or `deployments.apps`.
    pub kind: String,
    /// Columns as `HEADER:.path,…`, for example `NAME:.metadata.name,IMAGES:.spec.containers[*].image`.
    pub columns: String,
    /// Namespace. Left out: all namespaces.
    pub namespace: Option<String>,
    /// Label selector, for example `app=web,tier!=db`.
    pub label_selector: Option<String>,
    /// Field selector, for example `spec.nodeName=node-1`.
    pub field_selector: Option<String>,
    /// Regular expression, case-insensitive: only rows that match anywhere are returned.
    pub filter_pattern: Option<String>,
}

/// Returns chosen fields of all objects of a kind (all pages) as rows, one object a row, cells separated by tabs.
#[tool(read_only)]
pub fn kubernetes_tabular_query(host: &Host, arguments: TabularQuery) -> Result<Output, ToolError> {
    let columns = path::columns(&arguments.columns)?;
    let pattern = arguments.filter_pattern.as_deref().filter(|pattern| !pattern.is_empty());
    let filter = pattern
        .map(|pattern| RegexBuilder::new(pattern).case_insensitive(true).build())
        .transpose()
        .map_err(|error| {
            ToolError::invalid(format!("filter_pattern is not a regular expression: {error}"))
        })?;
    let scope = Scope::parse(host, &arguments.kind, arguments.namespace.as_deref())?
        .selected(arguments.label_selector.as_deref(), arguments.field_selector.as_deref());
    let limit = budget::bytes(host);
    let (mut rows, mut bytes, mut count) = (Vec::new(), 0, 0_usize);
    let part = read::part(host, &scope, |object| {
        let row = row(&columns, &object);
        if filter.as_ref().is_some_and(|filter| !filter.is_match(&row)) {
            return;
        }
        count += 1;
        bytes += row.len() + 4;
        if bytes <= limit {
            rows.push(row);
        }
    })?;
    let total = part.objects;
    if total == 0 {
        return Ok(Output::no_data(crate::missing::list(host, &scope)));
    }
    let left_out = count - rows.len();
    let mut notes: Vec<String> =
        part.rest.iter().map(|rest| format!("INCOMPLETE: {}", rest.told(total))).collect();
    notes.extend(scope.notes.iter().cloned());
    if count < total {
        notes.push(format!("{count} of {total} objects match the filter"));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} of {count} rows are left out for size: choose fewer columns, filter, or narrow the scope"));
    }
    let header: Vec<&str> = columns.iter().map(|column| column.header.as_str()).collect();
    let output = Output::data(json!({
        "count": count,
        "header": header.join("\t"),
        "rows": rows,
        "stderr": "",
        "scope": scope.json(),
        "notes": notes,
    }))?;
    Ok(if left_out > 0 || part.rest.is_some() { output.truncated() } else { output })
}

fn row(columns: &[Column], object: &Value) -> String {
    let cells: Vec<String> = columns.iter().map(|column| budget::line(&column.cell(object), CELL)).collect();
    cells.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};

    fn table(columns: &str, filter: Option<&str>) -> Result<Output, ToolError> {
        let host = Fixture::new().with(pod("a", "x")).with(pod("a", "y")).host();
        kubernetes_tabular_query(
            &host,
            TabularQuery {
                kind: "pods".to_owned(),
                columns: columns.to_owned(),
                namespace: Some("a".to_owned()),
                label_selector: None,
                field_selector: None,
                filter_pattern: filter.map(str::to_owned),
            },
        )
    }

    #[test]
    fn rows_have_the_chosen_columns_and_are_filtered() {
        let output = table("NAME:.metadata.name,IMAGE:.spec.containers[*].image,NO:.x", Some("^Y")).unwrap();
        let answer = output.json().unwrap();
        assert_eq!(answer["count"], json!(1));
        assert_eq!(answer["header"], json!("NAME\tIMAGE\tNO"));
        assert_eq!(answer["rows"], json!(["y\tapp:1\t<none>"]));
        assert_eq!(answer["stderr"], json!(""));
        assert_eq!(answer["notes"], json!(["1 of 2 objects match the filter"]));
        assert_eq!(answer["scope"]["namespace"], json!("a"));
    }

    #[test]
    fn wrong_columns_and_patterns_are_errors() {
        assert_eq!(table("NAME", None).unwrap_err().kind, ErrorKind::InvalidArguments);
        assert!(table("N:.metadata.name", Some("(")).unwrap_err().message.contains("filter_pattern"));
    }
}
