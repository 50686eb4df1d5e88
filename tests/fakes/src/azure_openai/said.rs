//! What the model says, whole or in pieces.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use futures::stream;
use serde_json::{Value, json};

use super::{chat, endpoint::Settings, messages, responses, route::Protocol};

/// One turn of the model.
pub(super) enum Said {
    Text(String),
    /// Id, name, arguments.
    Calls(Vec<(String, String, Value)>),
}

/// What the protocols need to know beside the words.
pub(super) struct Manner<'a> {
    pub(super) settings: &'a Settings,
    /// Of the request; makes ids.
    pub(super) number: u64,
    /// `stream_options.include_usage`.
    pub(super) usage: bool,
}

/// The answer in the protocol of the request.
pub(super) fn respond(
    protocol: Protocol,
    said: &Said,
    body: &Value,
    settings: &Settings,
    number: u64,
) -> Response {
    let usage = body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    let manner = Manner { settings, number, usage };
    if body.get("stream") != Some(&Value::Bool(true)) {
        let whole = match protocol {
            Protocol::Chat => chat::whole(said, &manner),
            Protocol::Responses => responses::whole(said, &manner),
            Protocol::Messages => messages::whole(said, &manner),
        };
        return axum::Json(whole).into_response();
    }
    let frames = match protocol {
        Protocol::Chat => chat::frames(said, &manner),
        Protocol::Responses => responses::frames(said, &manner),
        Protocol::Messages => messages::frames(said, &manner),
    };
    let reads: Vec<Bytes> = match settings.read_size {
        Some(size) => frames.concat().as_bytes().chunks(size.max(1)).map(Bytes::copy_from_slice).collect(),
        None => frames.into_iter().map(Bytes::from).collect(),
    };
    let body = Body::from_stream(stream::iter(reads.into_iter().map(Ok::<_, Infallible>)));
    ([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], body).into_response()
}

/// A text in pieces of a few characters, at least one piece.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    if signs.is_empty() {
        return vec![String::new()];
    }
    signs.chunks(12).map(|piece| piece.iter().collect()).collect()
}

/// An event with a name, as Responses and Messages send them; the name is the data's `type` too.
pub(super) fn event(data: &Value) -> String {
    let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

/// What a content filter says that found nothing.
pub(super) fn harmless() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"hate": safe, "self_harm": safe, "sexual": safe, "violence": safe})
}
