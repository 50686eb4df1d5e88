//! One turn of a script, and the bytes it becomes.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde_json::{Value, json};

/// What the model does next.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Says something and stops.
    Text(String),
    /// Calls tools: id, name, arguments.
    Calls(Vec<(String, String, Value)>),
    /// Answers with a status.
    Status {
        /// The status.
        status: u16,
        /// Headers beside the content type.
        headers: Vec<(&'static str, String)>,
        /// The body, as JSON.
        body: Value,
    },
    /// Sends these bytes as an event stream, each element in a chunk of its own, and ends properly.
    Raw(Vec<Bytes>),
    /// Sends these bytes and breaks the connection.
    Cut(Vec<Bytes>),
    /// Sends these bytes and then nothing, with the connection open.
    Hang(Vec<Bytes>),
    /// Refuses and quotes the key it was sent, as careless gateways do.
    EchoKey,
    /// Answers, and the answer holds the key it was sent.
    SayKey,
    /// Answers with JSON, whether a stream was asked for or not.
    Json(Value),
}

impl Turn {
    /// Says something and stops.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Calls one tool.
    pub fn call(id: &str, name: &str, arguments: Value) -> Self {
        Self::Calls(vec![(id.to_owned(), name.to_owned(), arguments)])
    }

    /// Answers with a status and a body.
    pub fn status(status: u16, body: Value) -> Self {
        Self::Status { status, headers: Vec::new(), body }
    }

    /// Sends an event stream as it is written.
    pub fn raw(text: &str) -> Self {
        Self::Raw(vec![Bytes::copy_from_slice(text.as_bytes())])
    }

    pub(crate) fn respond(self, request: &Value, key: &str) -> Response {
        match self {
            Self::Text(text) => message(&json!({"role": "assistant", "content": text}), "stop", request),
            Self::Calls(calls) => message(&calling(calls), "tool_calls", request),
            Self::Status { status, headers, body } => refuse(status, headers, &body),
            Self::Raw(chunks) => {
                events(Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, Infallible>))))
            }
            Self::Cut(chunks) => {
                let broken = Err(std::io::Error::other("cut"));
                // The pause lets the bytes before the break reach the client: a break discards what is buffered.
                let pause = stream::once(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    broken
                });
                let chunks = stream::iter(chunks.into_iter().map(Ok));
                events(Body::from_stream(futures::StreamExt::chain(chunks, pause)))
            }
            Self::Hang(chunks) => {
                let chunks = stream::iter(chunks.into_iter().map(Ok::<_, Infallible>));
                events(Body::from_stream(futures::StreamExt::chain(chunks, stream::pending())))
            }
            Self::EchoKey => {
                let text = format!("bad \u{1b}[31mheader {key}");
                refuse(400, Vec::new(), &json!({"error": {"code": "bad", "message": text}}))
            }
            Self::SayKey => {
                let text = format!("Your key is {key}, keep it.");
                message(&json!({"role": "assistant", "content": text}), "stop", request)
            }
            Self::Json(body) => axum::Json(body).into_response(),
        }
    }
}

fn calling(calls: Vec<(String, String, Value)>) -> Value {
    let call = |(index, (id, name, arguments)): (usize, (String, String, Value))| {
        json!({"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": arguments.to_string()}})
    };
    let calls: Vec<Value> = calls.into_iter().enumerate().map(call).collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls})
}

fn message(message: &Value, finish: &str, request: &Value) -> Response {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    if request.get("stream") != Some(&Value::Bool(true)) {
        let choice = json!({"index": 0, "message": message, "finish_reason": finish});
        return axum::Json(json!({"model": "fake-model", "choices": [choice], "usage": usage}))
            .into_response();
    }
    let frame = |delta: &Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        format!("data: {}\n\n", json!({"model": "fake-model", "choices": [choice]}))
    };
    let mut text = frame(message, Value::Null) + &frame(&json!({}), finish.into());
    if request.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)) {
        let counted = json!({"model": "fake-model", "choices": [], "usage": usage});
        text.push_str(&["data: ", &counted.to_string(), "\n\n"].concat());
    }
    events(Body::from(text + "data: [DONE]\n\n"))
}

fn refuse(status: u16, headers: Vec<(&'static str, String)>, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn events(body: Body) -> Response {
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}
