//! Resource Graph: one query over the resources of whole subscriptions, paged by `$skipToken`.

use serde_json::{Value, json};

use crate::{
    Host, Method, Request, ToolError,
    azure::{ARM, SubscriptionId, refusal, role::Service},
};

/// Where Resource Manager takes queries.
const PATH: &str = "/providers/Microsoft.ResourceGraph/resources";

const API_VERSION: &str = "2021-03-01";

/// Resource Graph gives at most this many rows in a page.
const PAGE: usize = 1000;

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQuery {
    /// Whose resources.
    pub subscriptions: Vec<SubscriptionId>,
    /// In the service's subset of KQL.
    pub query: String,
    /// Rows to read at most.
    pub rows: usize,
}

/// What Resource Graph found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GraphAnswer {
    /// Each an object, its keys being the columns.
    pub rows: Vec<Value>,
    /// How many rows the query has in all.
    pub total: Option<u64>,
    /// Are there more rows than were read?
    pub more: bool,
}

/// Resource Graph, through the upstream `azure-arm`.
#[derive(Debug, Clone, Copy)]
pub struct ResourceGraph<'a> {
    host: &'a Host,
}

impl<'a> ResourceGraph<'a> {
    /// The upstream `azure-arm`.
    pub fn new(host: &'a Host) -> Self {
        Self { host }
    }

    /// Asks, page by page, until there are as many rows as wanted. Resources that the identity may not read
    /// are left out of the answer without a word: that is how the service works.
    pub fn query(&self, query: &GraphQuery) -> Result<GraphAnswer, ToolError> {
        let mut answer = GraphAnswer::default();
        let mut token: Option<String> = None;
        while answer.rows.len() < query.rows {
            let mut page = self.page(query, query.rows - answer.rows.len(), token.as_deref())?;
            let rows = match page.get_mut("data").map(Value::take) {
                Some(Value::Array(rows)) => rows,
                _ => Vec::new(),
            };
            let empty = rows.is_empty();
            answer.rows.extend(rows);
            answer.total = page.get("totalRecords").and_then(Value::as_u64).or(answer.total);
            token = page.get("$skipToken").and_then(Value::as_str).map(str::to_owned);
            // Without ids in the rows the service cuts the answer and gives no token to go on with.
            answer.more =
                token.is_some() || page.get("resultTruncated").and_then(Value::as_str) == Some("true");
            if token.is_none() || empty {
                break;
            }
        }
        answer.rows.truncate(query.rows);
        let read = u64::try_from(answer.rows.len()).unwrap_or(u64::MAX);
        answer.more |= answer.total.is_some_and(|total| total > read);
        Ok(answer)
    }

    fn page(self, query: &GraphQuery, rows: usize, token: Option<&str>) -> Result<Value, ToolError> {
        let subscriptions: Vec<&str> = query.subscriptions.iter().map(SubscriptionId::as_str).collect();
        let mut options = json!({"$top": rows.min(PAGE), "resultFormat": "objectArray"});
        if let (Some(token), Some(options)) = (token, options.as_object_mut()) {
            options.insert("$skipToken".to_owned(), Value::from(token));
        }
        let body = json!({"subscriptions": subscriptions, "query": query.query, "options": options});
        let mut request = Request::get(ARM, PATH).with_query("api-version", API_VERSION);
        request.method = Method::Post;
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.body = Some(body.to_string().into_bytes());
        refusal::json(self.host.send(request), Service::Arm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, testing::Canned};

    fn query(rows: usize) -> GraphQuery {
        GraphQuery {
            subscriptions: vec![SubscriptionId::parse("11111111-2222-3333-4444-555555555555").unwrap()],
            query: "resources | project id".to_owned(),
            rows,
        }
    }

    /// Two rows a page, `total` in all.
    fn service(total: usize) -> Host {
        Canned::new()
            .respond(move |request| {
                assert_eq!((request.method, request.path.as_str()), (Method::Post, PATH));
                let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
                assert_eq!(body["subscriptions"], json!(["11111111-2222-3333-4444-555555555555"]));
                let start: usize =
                    body["options"]["$skipToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let end = (start + 2).min(total);
                let rows: Vec<Value> = (start..end).map(|row| json!({"id": row})).collect();
                let mut page = json!({"totalRecords": total, "count": rows.len(), "data": rows, "resultTruncated": "false"});
                if end < total {
                    page["$skipToken"] = json!(end.to_string());
                }
                Some((200, page.to_string().into_bytes()))
            })
            .host()
    }

    #[test]
    fn an_answer_is_read_over_its_pages() {
        let host = service(5);
        let answer = ResourceGraph::new(&host).query(&query(100)).unwrap();
        assert_eq!((answer.rows.len(), answer.total, answer.more), (5, Some(5), false));
    }

    #[test]
    fn an_answer_longer_than_wanted_says_so() {
        let host = service(5);
        let answer = ResourceGraph::new(&host).query(&query(3)).unwrap();
        assert_eq!((answer.rows.len(), answer.total, answer.more), (3, Some(5), true));
    }

    #[test]
    fn a_query_that_makes_no_sense_is_told_with_its_details() {
        let body = r#"{"error":{"code":"BadRequest","message":"Please provide below info when asking for support.","details":[{"code":"InvalidQuery","message":"Query is invalid."},{"code":"ParserFailure","message":"ParserFailure line=1 token=wherre"}]}}"#;
        let host = Canned::new().answer(ARM, PATH, 400, body).host();
        let error = ResourceGraph::new(&host).query(&query(3)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArguments);
        assert!(error.message.contains("token=wherre"), "{error}");
    }
}
