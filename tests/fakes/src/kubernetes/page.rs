//! `limit` and `continue`, as an API server pages: a token belongs to one list, and may expire.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{status::Status, target::Query};

/// How lists are cut into pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    /// Items of a page at most: a server may give fewer than it was asked for, and a client has to go on.
    pub(super) most: usize,
    /// How many tokens are answered with 410 before one is honoured.
    pub(super) expiring: usize,
}

/// A page, and the list's metadata.
pub(super) fn cut(
    items: Vec<Value>,
    query: &Query,
    path: &str,
    pages: &mut Pages,
) -> Result<(Vec<Value>, Value), Status> {
    let value = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let start = match value("continue") {
        None => 0,
        Some(token) => {
            let invalid = || Status::bad_request(format!("continue key is not valid: {token}"));
            let start = start_of(token, path).ok_or_else(invalid)?;
            if pages.expiring > 0 {
                pages.expiring -= 1;
                return Err(Status::expired(&token_of(start, path)));
            }
            start
        }
    };
    let limit = match value("limit").map(|limit| limit.parse::<usize>()) {
        None | Some(Ok(0)) => usize::MAX,
        Some(Ok(limit)) => limit.min(pages.most),
        Some(Err(_)) => return Err(Status::bad_request("strconv.ParseInt: parsing limit: invalid syntax")),
    };
    let total = items.len();
    let page: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(page.len());
    let mut metadata = json!({"resourceVersion": "4711"});
    if end < total {
        metadata["continue"] = json!(token_of(end, path));
        // How many remain is told of whole lists only.
        if value("labelSelector").is_none() && value("fieldSelector").is_none() {
            metadata["remainingItemCount"] = json!(total - end);
        }
    }
    Ok((page, metadata))
}

fn token_of(start: usize, path: &str) -> String {
    let token = json!({"v": "meta.k8s.io/v1", "rv": 4711, "start": start, "path": path});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn start_of(token: &str, path: &str) -> Option<usize> {
    let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    if token.get("path")? != path {
        return None;
    }
    usize::try_from(token.get("start")?.as_u64()?).ok()
}
