//! Log Analytics: a KQL query against one workspace, its tables turned into rows.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ErrorKind, Host, Method, Request, ToolError,
    azure::{LOGS, Timespan, WorkspaceId, refusal, role::Service},
};

/// The service works this long on a query before it gives up, and tells what the query cost.
const PREFER: &str = "wait=60,include-statistics=true";

/// One table of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LogTable {
    /// `PrimaryResult`, unless the query names others.
    pub name: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// As many values as there are columns.
    pub rows: Vec<Vec<Value>>,
}

/// What Log Analytics found.
#[derive(Debug, Clone, PartialEq)]
pub struct LogAnswer {
    /// In the query's order.
    pub tables: Vec<LogTable>,
    /// Set when the service gave only a part: why.
    pub partial: Option<String>,
}

/// Log Analytics, through the upstream `azure-logs`.
#[derive(Debug, Clone, Copy)]
pub struct LogAnalytics<'a> {
    host: &'a Host,
}

impl<'a> LogAnalytics<'a> {
    /// The upstream `azure-logs`.
    pub fn new(host: &'a Host) -> Self {
        Self { host }
    }

    /// Asks a workspace. The query goes out as it was written; a management command is refused.
    pub fn query(
        &self,
        workspace: &WorkspaceId,
        query: &str,
        timespan: &Timespan,
    ) -> Result<LogAnswer, ToolError> {
        refuse_commands(query)?;
        let body = json!({"query": query, "timespan": timespan.as_str()});
        let mut request = Request::get(LOGS, format!("/v1/workspaces/{}/query", workspace.as_str()));
        request.method = Method::Post;
        request.headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("prefer".to_owned(), PREFER.to_owned()),
        ];
        request.body = Some(body.to_string().into_bytes());
        let answer = refusal::accepted(self.host.send(request), Service::Logs)?.json::<Answer>()?;
        Ok(LogAnswer {
            partial: answer.error.map(|error| error.told()),
            tables: answer.tables.into_iter().map(Table::into_rows).collect(),
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    tables: Vec<Table>,
    error: Option<Partial>,
}

#[derive(Deserialize)]
struct Partial {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Partial {
    fn told(&self) -> String {
        format!("{}: {}", self.code, self.message).chars().take(400).collect()
    }
}

#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    name: String,
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

impl Table {
    fn into_rows(self) -> LogTable {
        let columns: Vec<String> = self.columns.into_iter().map(|column| column.name).collect();
        let mut rows = self.rows;
        for row in &mut rows {
            row.resize(columns.len(), Value::Null);
        }
        LogTable { name: self.name, columns, rows }
    }
}

/// A statement that begins with a dot manages the workspace; the service takes none of them here, and the
/// model is told so before anything is sent.
fn refuse_commands(query: &str) -> Result<(), ToolError> {
    let code: Vec<&str> =
        query.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    if code.is_empty() {
        return Err(ToolError::invalid("the query is empty; write KQL such as KubeEvents | take 10"));
    }
    let begins = code.first().is_some_and(|line| line.starts_with('.'));
    let follows = code.join("\n").split(';').any(|statement| statement.trim_start().starts_with('.'));
    if begins || follows {
        return Err(ToolError::new(
            ErrorKind::PolicyDenied,
            "a management command (a statement that begins with `.`) is not a query; write KQL that reads a table",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Canned;

    const WORKSPACE: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

    fn ask(host: &Host, query: &str) -> Result<LogAnswer, ToolError> {
        LogAnalytics::new(host).query(&WorkspaceId::parse(WORKSPACE).unwrap(), query, &Timespan::day())
    }

    fn path() -> String {
        format!("/v1/workspaces/{WORKSPACE}/query")
    }

    #[test]
    fn tables_become_rows_and_the_query_goes_out_as_written() {
        let host = Canned::new()
            .respond(|request| {
                assert_eq!((request.method, request.path.clone()), (Method::Post, path()));
                assert!(request.headers.contains(&("prefer".to_owned(), PREFER.to_owned())));
                let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
                assert_eq!(body, json!({"query": "KubeEvents | count // 1.5", "timespan": "P1D"}));
                let answer = json!({"tables": [{
                    "name": "PrimaryResult", "columns": [{"name": "Count", "type": "long"}, {"name": "x", "type": "string"}],
                    "rows": [[42]],
                }]});
                Some((200, answer.to_string().into_bytes()))
            })
            .host();
        let answer = ask(&host, "KubeEvents | count // 1.5").unwrap();
        assert_eq!(answer.tables[0].columns, ["Count", "x"]);
        assert_eq!(answer.tables[0].rows, [[json!(42), Value::Null]]);
        assert_eq!(answer.partial, None);
    }

    #[test]
    fn a_partial_answer_says_why() {
        let body = r#"{"tables":[],"error":{"code":"PartialError","message":"There were some errors when processing your query."}}"#;
        let host = Canned::new().answer(LOGS, &path(), 200, body).host();
        assert!(ask(&host, "KubeEvents").unwrap().partial.unwrap().starts_with("PartialError"));
    }

    #[test]
    fn commands_are_refused_before_anything_is_sent() {
        let host = Canned::new().host();
        for query in [".drop table x", "  .show tables", "// a\n.set x", "let a = 1; .drop table x"] {
            assert_eq!(ask(&host, query).unwrap_err().kind, ErrorKind::PolicyDenied, "{query}");
        }
        assert_eq!(ask(&host, " \n// only a comment").unwrap_err().kind, ErrorKind::InvalidArguments);
    }

    #[test]
    fn a_workspace_that_may_not_be_read_names_the_role() {
        let body = r#"{"error":{"code":"InsufficientAccessError","message":"The provided credentials have insufficient access to perform the requested operation"}}"#;
        let host = Canned::new().answer(LOGS, &path(), 403, body).host();
        let error = ask(&host, "KubeEvents").unwrap_err();
        assert_eq!(error.kind, ErrorKind::PolicyDenied);
        assert!(error.message.contains("Log Analytics Reader"), "{error}");
    }
}
