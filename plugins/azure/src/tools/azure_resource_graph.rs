//! Tool `azure_resource_graph`.

use holmes_plugin::{
    azure::{GraphQuery, ResourceGraph, ResourceId},
    prelude::*,
};

use crate::{field, report::Report, which};

/// Rows unless asked for more.
const USUAL: usize = 100;

/// Rows at most.
const MOST: usize = 1000;

/// What to ask.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Graph {
    /// A query in Resource Graph's KQL. Project the columns you need, `id` among them. Tables: resources, resourcecontainers,
    /// resourcechanges, healthresources, advisorresources, alertsmanagementresources.
    pub query: String,
    /// Rows at most, up to 1000. Left out: 100.
    pub max_rows: Option<u32>,
    /// Subscription's GUID. Left out: the configured one.
    pub subscription_id: Option<String>,
}

/// Asks Azure Resource Graph about the resources of a subscription: finds, counts and filters by any property.
#[tool(read_only)]
pub fn azure_resource_graph(host: &Host, arguments: Graph) -> Result<Output, ToolError> {
    let subscription = which::subscription(host, arguments.subscription_id.as_deref())?;
    let query = arguments.query.trim();
    if query.is_empty() {
        return Err(ToolError::invalid(
            "QUERY is empty; write KQL such as resources | summarize count() by type",
        ));
    }
    let rows = arguments.max_rows.map_or(USUAL, |rows| usize::try_from(rows).unwrap_or(MOST)).clamp(1, MOST);
    let asked = GraphQuery { subscriptions: vec![subscription.clone()], query: query.to_owned(), rows };
    let answer = ResourceGraph::new(host).query(&asked)?;
    if answer.rows.is_empty() {
        return Ok(Output::no_data(format!(
            "the query found nothing in subscription {subscription}. Resource Graph leaves out, without a word, what the \
             identity may not read, and lags some minutes behind changes."
        )));
    }
    let columns = columns(&answer.rows);
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let table: Vec<Vec<String>> = answer.rows.iter().map(|row| cells(row, &columns)).collect();
    let mut report = Report::new(host);
    report.table(&names, &table, MOST);
    let total = answer.total.map(|total| format!(" of {total}")).unwrap_or_default();
    report.note(format!("{}{total} rows read, subscription {subscription}", table.len()));
    if answer.more {
        report.left_out(format!(
            "there are more rows: the limit was {rows} (MAX_ROWS, up to {MOST}); better, summarize or filter"
        ));
    }
    if let [row] = answer.rows.as_slice()
        && let Ok(id) = ResourceId::parse(&field::text(row, "/id"))
    {
        report.source(&id);
    }
    Ok(report.finish())
}

/// The columns of all rows. A row is an object, whose keys have an order of their own: the alphabet's.
fn columns(rows: &[Value]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for key in rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys()) {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    columns
}

fn cells(row: &Value, columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| row.get(column).map(field::value).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::SUBSCRIPTION;
    use holmes_plugin::testing::Canned;

    fn call(query: &str, rows: Option<u32>, body: &Value) -> Result<Output, ToolError> {
        let host = Canned::new()
            .answer("azure-arm", "/providers/Microsoft.ResourceGraph/resources", 200, body.to_string())
            .host();
        let arguments =
            Graph { query: query.to_owned(), max_rows: rows, subscription_id: Some(SUBSCRIPTION.to_owned()) };
        azure_resource_graph(&host, arguments)
    }

    #[test]
    fn rows_become_a_table_and_nested_values_stay_compact() {
        let body = json!({"totalRecords": 2, "data": [{"name": "a", "tags": {"x": 1}}, {"name": "b", "zone": null}]});
        let text = call("resources", None, &body).unwrap().to_text();
        assert!(
            text.starts_with("name | tags | zone\na | {\"x\":1} | -\nb | - | -\n-- 2 of 2 rows read"),
            "{text}"
        );
    }

    #[test]
    fn a_limit_that_applied_is_told() {
        let body = json!({"totalRecords": 7, "data": [{"name": "a"}], "$skipToken": "x"});
        let text = call("resources", Some(1), &body).unwrap().to_text();
        assert!(text.contains("1 of 7 rows read") && text.contains("the limit was 1"), "{text}");
    }

    #[test]
    fn nothing_found_says_that_it_may_be_hidden() {
        let output = call("resources", None, &json!({"totalRecords": 0, "data": []})).unwrap();
        assert!(output.is_no_data() && output.to_text().contains("may not read"));
        assert_eq!(call(" ", None, &json!({})).unwrap_err().kind, ErrorKind::InvalidArguments);
    }
}
