//! Pours into the host: huge strings, many lines, many requests, lists that weigh nothing.

use holmes_plugin::{LogLevel, Request, prelude::*};

use crate::{Nothing, raw, result::Size};

/// What to log.
#[arguments]
pub struct Lines {
    /// The message of each line.
    pub message: String,
    /// The value of its one field.
    pub field: String,
    /// How many lines.
    pub count: usize,
}

/// Logs one line of so many bytes.
#[tool(read_only)]
pub fn huge_log(host: &Host, arguments: Size) -> Result<Output, ToolError> {
    host.log(LogLevel::Info, &"x".repeat(arguments.size), &[]);
    Ok(Output::text("logged"))
}

/// Logs many lines.
#[tool(read_only)]
pub fn log_lines(host: &Host, arguments: Lines) -> Result<Output, ToolError> {
    let Lines { message, field, count } = arguments;
    for _ in 0..count {
        host.log(LogLevel::Warn, &message, &[("field", field.clone())]);
    }
    Ok(Output::text("logged"))
}

/// Sends a request whose path has so many bytes.
#[tool(read_only)]
pub fn huge_path(host: &Host, arguments: Size) -> Result<Output, ToolError> {
    let path = format!("/api/v1/pods/{}", "x".repeat(arguments.size));
    host.send(Request::get("kubernetes", path)).map(|answer| Output::text(answer.status().to_string()))
}

/// Sends a request to an upstream whose name has so many bytes.
#[tool(read_only)]
pub fn huge_upstream_name(host: &Host, arguments: Size) -> Result<Output, ToolError> {
    let error = host.send(Request::get("x".repeat(arguments.size), "/api/v1/pods")).err();
    Ok(Output::text(
        error.map_or_else(|| "sent".to_owned(), |error| format!("{} bytes of refusal", error.message.len())),
    ))
}

/// Hands over tables of a hundred thousand empty rows until the host takes no more; says how many it took.
#[tool(read_only)]
pub fn emit_empty_rows(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let taken = (0..1_000).take_while(|_| raw::emit_rows(100_000)).count();
    Ok(Output::text(format!("taken: {taken}")))
}

/// Hands over empty files with a huge type until the host takes no more; says how many it took.
#[tool(read_only)]
pub fn emit_mime_types(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let mime = "x".repeat(1 << 20);
    let taken = (0..1_000).take_while(|_| raw::emit_blob(&mime)).count();
    Ok(Output::text(format!("taken: {taken}")))
}

/// Asks for a setting with a name of a megabyte, again and again.
#[tool(read_only)]
pub fn carry_in(host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    let key = "x".repeat(1 << 20);
    let found = (0..1_000).filter(|_| host.setting(&key).is_some()).count();
    Ok(Output::text(found.to_string()))
}

/// Sends so many requests in one batch, and counts how they end.
#[tool(read_only)]
pub fn batch(_host: &Host, arguments: Size) -> Result<Output, ToolError> {
    Ok(Output::text(raw::batch("kubernetes", "/api/v1/namespaces/default/pods", arguments.size)))
}
