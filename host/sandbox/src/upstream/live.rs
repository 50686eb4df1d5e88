//! Sends a decided request to a live cluster and masks what must not be seen.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use holmes_identity::{Cluster, ClusterError};
use http::{Method, Request, header};

use super::{Allowed, Answer, BodyError, SendError, kubernetes::Resolved, path};
use crate::redact;

/// Response headers that a guest may see; the rest, cookies and redirects included, stays here.
const HEADERS: [&str; 8] = [
    "content-type",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "warning",
    "audit-id",
    "x-kubernetes-pf-flowschema-uid",
];

pub(super) async fn send(
    cluster: &Cluster,
    resolved: &Resolved,
    allowed: &Allowed<'_>,
) -> Result<Answer, SendError> {
    let request = build(resolved, allowed)?;
    let response = cluster.send(request).await.map_err(|error| match error {
        ClusterError::Credential(text) => {
            SendError::Unauthorized(format!("the cluster's credential can not be used: {text}"))
        }
        ClusterError::Unavailable(text) => unavailable(&text),
    })?;
    let (parts, body) = response.into_parts();
    let headers = parts
        .headers
        .iter()
        .filter(|(name, _)| HEADERS.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let body = body.map_err(|error| BodyError(error.to_string()));
    let status = parts.status.as_u16();
    let Resolved::Resource(resource) = resolved else {
        return Ok(Answer { status, headers, body: body.boxed(), held: 0 });
    };
    if !redact::may_hold_secrets(resource) {
        return Ok(Answer { status, headers, body: body.boxed(), held: 0 });
    }
    let whole = collect(body, allowed.largest).await?;
    let masked = redact::mask(resource, &whole, allowed.placeholder)
        .map_err(|error| SendError::Withheld(error.to_string()))?;
    Ok(Answer::held(status, headers, Bytes::from(masked.into_owned())))
}

fn unavailable(reason: &dyn std::fmt::Display) -> SendError {
    SendError::Unavailable(format!("the cluster does not answer: {reason}"))
}

fn build(resolved: &Resolved, allowed: &Allowed<'_>) -> Result<Request<Vec<u8>>, SendError> {
    let segments = path::normalise(allowed.path).map_err(|error| unavailable(&error))?;
    let mut uri = path::encode(&segments);
    for (index, (key, value)) in allowed.query.iter().enumerate() {
        uri.push(if index == 0 { '?' } else { '&' });
        uri.push_str(encoded(key).as_str());
        uri.push('=');
        uri.push_str(encoded(value).as_str());
    }
    let mut request = Request::builder().method(Method::GET).uri(uri);
    request = request.header(header::ACCEPT, accepted(resolved, allowed.headers));
    for (name, value) in allowed.headers.iter().filter(|(name, _)| name != "accept") {
        request = request.header(name, value);
    }
    request.body(Vec::new()).map_err(|error| unavailable(&error))
}

/// Whatever form of an object a guest asks for, it has to be one that can be masked. Discovery holds nothing to
/// mask, and its aggregated form saves a request for each group.
fn accepted<'h>(resolved: &Resolved, headers: &'h [(String, String)]) -> &'h str {
    let asked = headers.iter().find(|(name, _)| name == "accept").map(|(_, value)| value.as_str());
    let is_json = |value: &&str| value.split(',').all(|form| form.trim().starts_with("application/json"));
    match resolved {
        Resolved::NonResource(_) => asked.filter(is_json).unwrap_or("application/json"),
        Resolved::Resource(_) => "application/json",
    }
}

/// One name or value of a query; a segment's rules are stricter than a query's.
fn encoded(text: &str) -> String {
    path::encode(&[text]).trim_start_matches('/').to_owned()
}

async fn collect(
    mut body: impl futures::Stream<Item = Result<Bytes, BodyError>> + Unpin,
    largest: u64,
) -> Result<BytesMut, SendError> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| unavailable(&error.0))?;
        if whole.len() as u64 + chunk.len() as u64 > largest {
            return Err(SendError::Withheld(format!("it has more than {largest} bytes")));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}
