//! Tool `azure_logs_query`.

use holmes_plugin::{
    azure::{LogAnalytics, LogTable, Timespan, WorkspaceId},
    prelude::*,
};

use crate::{field, report::Report};

/// Rows unless asked for less, and at most.
const MOST: usize = 1000;

/// What to ask of which workspace.
#[arguments]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Logs {
    /// A query in KQL; end it with `| take`, `| top` or `| summarize`. Tables of AKS: `AKSControlPlane`, `AKSAudit`,
    /// `AKSAuditAdmin`, `ContainerLogV2`, `KubeEvents`, `KubePodInventory`, or `AzureDiagnostics` (where the resource id
    /// is in capital letters).
    pub query: String,
    /// The workspace's GUID (`customerId`). Left out: the configured one.
    pub workspace_id: Option<String>,
    /// The time to search, ISO 8601: PT6H, P2D, or START/END. Left out: the last 24 hours.
    pub timespan: Option<String>,
    /// Rows at most, up to 1000. Left out: 1000.
    pub max_rows: Option<u32>,
}

/// Asks a Log Analytics workspace in KQL: logs of the control plane and of containers, audit, events, inventory.
#[tool(read_only)]
pub fn azure_logs_query(host: &Host, arguments: Logs) -> Result<Output, ToolError> {
    let workspace = workspace(host, arguments.workspace_id.as_deref())?;
    let timespan = arguments.timespan.as_deref().map_or_else(|| Ok(Timespan::day()), Timespan::parse)?;
    let most = arguments.max_rows.map_or(MOST, |rows| usize::try_from(rows).unwrap_or(MOST)).clamp(1, MOST);
    let answer = LogAnalytics::new(host).query(&workspace, &arguments.query, &timespan)?;
    let found: usize = answer.tables.iter().map(|table| table.rows.len()).sum();
    if found == 0 && answer.partial.is_none() {
        return Ok(Output::no_data(format!(
            "the query found no rows in workspace {} within {}. A longer TIMESPAN may; a table that nothing is sent to is \
             empty, too (diagnostic settings decide that).",
            workspace.as_str(),
            timespan.as_str()
        )));
    }
    let mut report = Report::new(host);
    for table in &answer.tables {
        tell(&mut report, table, most);
    }
    report.note(format!("{found} rows, timespan {}, workspace {}", timespan.as_str(), workspace.as_str()));
    if let Some(why) = answer.partial {
        report.left_out(format!("Azure answered only in part: {why}"));
    }
    Ok(report.finish())
}

fn workspace(host: &Host, given: Option<&str>) -> Result<WorkspaceId, ToolError> {
    let given = given.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    given.or_else(|| host.setting("workspace_id")).map_or_else(
        || {
            Err(ToolError::invalid(
                "no workspace: give WORKSPACE_ID, which azure_resource_graph tells: resources | where type =~ \
                 'microsoft.operationalinsights/workspaces' | project name, customerId = properties.customerId",
            ))
        },
        |text| WorkspaceId::parse(&text),
    )
}

fn tell(report: &mut Report, table: &LogTable, most: usize) {
    if table.name != "PrimaryResult" {
        report.line(format!("## {}", table.name));
    }
    let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(field::value).collect()).collect();
    report.table(&columns, &rows, most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::testing::Canned;

    const WORKSPACE: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

    fn logs(query: &str) -> Logs {
        Logs { query: query.to_owned(), workspace_id: None, timespan: None, max_rows: None }
    }

    fn ask(arguments: Logs, rows: usize) -> Result<Output, ToolError> {
        let rows: Vec<Value> = (0..rows).map(|row| json!([row, "FailedScheduling"])).collect();
        let columns = json!([{"name": "N", "type": "int"}, {"name": "Reason", "type": "string"}]);
        let body = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]});
        let host = Canned::new()
            .setting("workspace_id", WORKSPACE)
            .answer("azure-logs", &format!("/v1/workspaces/{WORKSPACE}/query"), 200, body.to_string())
            .host();
        azure_logs_query(&host, arguments)
    }

    #[test]
    fn rows_are_told_with_the_timespan_that_applied() {
        let text = ask(logs("KubeEvents | take 2"), 2).unwrap().to_text();
        let expected =
            "N | Reason\n0 | FailedScheduling\n1 | FailedScheduling\n-- 2 rows, timespan P1D, workspace";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn rows_past_the_limit_are_counted() {
        let text = ask(Logs { max_rows: Some(3), ..logs("KubeEvents") }, 10).unwrap().to_text();
        assert!(text.contains("7 of 10 rows are left out"), "{text}");
        let text = ask(Logs { max_rows: Some(u32::MAX), ..logs("KubeEvents") }, 1200).unwrap().to_text();
        assert!(text.contains("of 1200 rows are left out"), "{text}");
    }

    #[test]
    fn no_rows_is_no_data_and_a_command_is_refused() {
        assert!(ask(logs("KubeEvents"), 0).unwrap().is_no_data());
        assert_eq!(ask(logs(".drop table x"), 1).unwrap_err().kind, ErrorKind::PolicyDenied);
        let bad = Logs { timespan: Some("yesterday".to_owned()), ..logs("KubeEvents") };
        assert_eq!(ask(bad, 1).unwrap_err().kind, ErrorKind::InvalidArguments);
        let bad = Logs { workspace_id: Some("../x".to_owned()), ..logs("KubeEvents") };
        assert_eq!(ask(bad, 1).unwrap_err().kind, ErrorKind::InvalidArguments);
    }
}
