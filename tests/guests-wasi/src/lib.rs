//! A toolset that tries what WASI would give it: environment, files, sockets, names, exit, output. Only
//! tests load it. It is no WASI program: it imports a few of WASI's functions, as one would.

mod probe;

use holmes_plugin::prelude::*;

/// A tool that takes no arguments.
#[arguments]
pub struct Nothing {}

/// How much.
#[arguments]
#[derive(Clone, Copy)]
pub struct Size {
    /// KiB.
    pub kib: usize,
}

/// Says what the environment holds: variables, arguments, folder.
#[tool(read_only)]
pub fn environment(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(probe::environment()))
}

/// Says which folders it may open.
#[tool(read_only)]
pub fn folders(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(probe::folders()))
}

/// Connects to a port of this machine.
#[tool(read_only)]
pub fn connect(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(probe::connect()))
}

/// Resolves a name.
#[tool(read_only)]
pub fn lookup(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(probe::lookup()))
}

/// Exits as if all were well.
#[tool(read_only)]
pub fn exit(_host: &Host, _arguments: Nothing) -> Result<Output, ToolError> {
    Ok(Output::text(probe::exit()))
}

/// Prints many lines.
#[tool(read_only)]
pub fn print(_host: &Host, arguments: Size) -> Result<Output, ToolError> {
    Ok(Output::text(probe::print(arguments.kib)))
}

holmes_plugin::toolset!(environment, folders, connect, lookup, exit, print);
