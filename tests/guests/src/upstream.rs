//! Asks upstreams for whatever the test names, and returns exactly what it saw.

use std::fmt::Write as _;

use holmes_plugin::{Method, Request, prelude::*};

use crate::Nothing;

/// A request, as free as the contract's.
#[arguments]
pub struct Ask {
    /// The upstream's name.
    pub upstream: String,
    /// `GET` and so on.
    pub method: String,
    /// The path.
    pub path: String,
    /// Names and values.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// Names and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Text, sent as it is.
    #[serde(default)]
    pub body: Option<String>,
}

/// How to read.
#[arguments]
pub struct Slowly {
    /// The path.
    pub path: String,
    /// Bytes of one read.
    pub chunk: u32,
}

/// What to hold on to.
#[arguments]
pub struct Hoard {
    /// The path of every request.
    pub path: String,
    /// How many responses.
    pub count: usize,
}

/// Sends one request; returns status, headers and body, or the error in full.
#[tool(read_only)]
pub fn request(host: &Host, arguments: Ask) -> Result<Output, ToolError> {
    let method = match arguments.method.as_str() {
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    };
    let mut request = Request::get(arguments.upstream, arguments.path);
    request.method = method;
    request.query = arguments.query;
    request.headers = arguments.headers;
    request.body = arguments.body.map(String::into_bytes);
    let response = host.send(request)?;
    let mut seen = format!("{}\n", response.status());
    for (name, value) in response.headers() {
        let _ = writeln!(seen, "{name}: {value}");
    }
    seen.push_str(&response.text()?);
    Ok(Output::text(seen))
}

/// Reads a body in chunks that it throws away; says how many bytes came before which error.
#[tool(read_only)]
pub fn read_slowly(host: &Host, arguments: Slowly) -> Result<Output, ToolError> {
    let mut response = host.send(Request::get("kubernetes", arguments.path))?;
    let mut read = 0;
    let end = loop {
        match response.read(arguments.chunk) {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => break "the end".to_owned(),
            Err(error) => break format!("{:?}", error.kind),
        }
    };
    Ok(Output::text(format!("{read} bytes, then {end}")))
}

/// Holds on to responses and never lets go of one.
#[tool(read_only)]
pub fn hoard(host: &Host, arguments: Hoard) -> Result<Output, ToolError> {
    let Hoard { path, count } = arguments;
    let mut kept = Vec::new();
    for index in 0..count {
        match host.send(Request::get("kubernetes", path.as_str())) {
            Ok(response) => kept.push(response),
            Err(error) => return Ok(Output::text(format!("{index} kept, then {:?}", error.kind))),
        }
    }
    Ok(Output::text(format!("{} kept", kept.len())))
}

/// Sends a batch to a path that never answers.
#[tool(read_only)]
pub fn wait_in_a_batch(host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let requests = (0..32).map(|_| Request::get("kubernetes", "/api/v1/namespaces/hang/pods")).collect();
    Ok(Output::text(host.send_all(requests).len().to_string()))
}
