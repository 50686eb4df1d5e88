//! Returns what nobody can take: too much, not JSON, not text for a terminal.

use holmes_plugin::prelude::*;

use crate::raw;

/// How much.
#[arguments]
#[derive(Clone, Copy)]
pub struct Size {
    /// Bytes, rows or items.
    pub size: usize,
}

/// What to return.
#[arguments]
pub struct Text {
    /// A piece of it.
    pub piece: String,
    /// How often it stands there.
    pub times: usize,
}

/// Returns so many bytes of text.
#[tool(read_only)]
pub fn huge_text(_host: &Host, arguments: Size) -> Result<Output, ToolError> {
    Ok(Output::text("x".repeat(arguments.size)))
}

/// Hands over a text as if it were JSON, and then returns nothing more.
#[tool(read_only)]
pub fn raw_json(_host: &Host, arguments: Text) -> Result<Output, ToolError> {
    let Text { piece, times } = arguments;
    let taken = raw::emit_data(&piece.repeat(times));
    Ok(Output::text(format!("taken: {taken}")))
}

/// Returns a text as it is.
#[tool(read_only)]
pub fn raw_text(_host: &Host, arguments: Text) -> Result<Output, ToolError> {
    let Text { piece, times } = arguments;
    Ok(Output::text(piece.repeat(times)))
}

/// Returns a table of so many empty rows.
#[tool(read_only)]
pub fn huge_table(_host: &Host, arguments: Size) -> Result<Output, ToolError> {
    Ok(Output::table(vec!["column".to_owned()], vec![Vec::new(); arguments.size]))
}
