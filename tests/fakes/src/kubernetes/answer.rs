//! Bodies, as an API server sends them.

use std::io::Write;

use axum::{
    http::{
        HeaderMap,
        header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

/// From here on an API server compresses, for whoever accepts it.
const COMPRESSED_FROM: usize = 128 * 1024;

pub(super) fn raw(media: &'static str, body: impl Into<Vec<u8>>) -> Response {
    ([(CONTENT_TYPE, media)], body.into()).into_response()
}

pub(super) fn json_of(value: &Value) -> Response {
    raw("application/json", value.to_string())
}

/// The objects of a read, compressed where they are many.
pub(super) fn objects(value: &Value, headers: &HeaderMap) -> Response {
    let body = value.to_string();
    if body.len() < COMPRESSED_FROM || !header(headers, &ACCEPT_ENCODING).contains("gzip") {
        return raw("application/json", body);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish()) {
        Ok(bytes) => {
            ([(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")], bytes).into_response()
        }
        Err(_) => raw("application/json", body),
    }
}

/// The form that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Table,
    Metadata,
    /// `apidiscovery.k8s.io/v2`.
    Aggregated,
}

/// The first form of `Accept` that can be given; none: no form can.
pub(super) fn form(headers: &HeaderMap) -> Option<Form> {
    let accept = header(headers, &ACCEPT);
    if accept.trim().is_empty() {
        return Some(Form::Whole);
    }
    accept.split(',').find_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let media = parts.next()?;
        let parameter = |name: &str| {
            one.split(';').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name)
        };
        let value = |name: &str| parameter(name).map(|(_, value)| value);
        match (media, value("as"), value("g"), value("v")) {
            // The log of a container is asked for as text.
            ("application/json" | "*/*" | "application/*", None, ..) | ("text/plain", ..) => {
                Some(Form::Whole)
            }
            ("application/json", Some("Table"), Some("meta.k8s.io"), Some("v1")) => Some(Form::Table),
            (
                "application/json",
                Some("PartialObjectMetadata" | "PartialObjectMetadataList"),
                Some("meta.k8s.io"),
                Some("v1"),
            ) => Some(Form::Metadata),
            (
                "application/json",
                Some("APIGroupDiscoveryList"),
                Some("apidiscovery.k8s.io"),
                Some("v2" | "v2beta1"),
            ) => Some(Form::Aggregated),
            _ => None,
        }
    })
}

pub(super) fn header(headers: &HeaderMap, name: &axum::http::HeaderName) -> String {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}
