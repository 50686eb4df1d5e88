//! Write a toolset for holmes-host: a tool is a Rust function.
//!
//! ```
//! use holmes_plugin::prelude::*;
//!
//! /// What to say.
//! #[arguments]
//! pub struct Echo {
//!     /// The text to return.
//!     pub text: String,
//! }
//!
//! /// Returns the text it was given.
//! #[tool(read_only)]
//! pub fn echo(_host: &Host, arguments: Echo) -> Result<Output, ToolError> {
//!     Ok(Output::text(arguments.text))
//! }
//! ```
//!
//! The doc comment is what the model is told, the argument struct gives the JSON Schema, and the side
//! effect is declared. One `holmes_plugin::toolset!(echo);` exports the tools of a crate; it reads
//! `toolset.toml` (and `instructions.md`, if there is one) beside `Cargo.toml`. A toolset owns nothing: it
//! reaches the world through [`Host`], and the host decides. [`testing`] runs a tool natively.

pub mod azure;
mod host;
mod http;
pub mod kubernetes;
mod output;
pub mod testing;
mod tool;

#[cfg(target_family = "wasm")]
mod guest;

pub use host::{CredentialStatus, Host, LogLevel};
pub use http::{Method, Request, Response};
pub use output::{ErrorKind, Output, ToolError};
pub use tool::{SideEffect, Tool, ToolDescription, Toolset, ToolsetDescription, dispatch};

pub use holmes_plugin_macros::{arguments, tool, toolset};
/// The crates that generated code and argument structs use, so that a toolset depends on this crate alone.
pub use {schemars, serde, serde_json};

/// What a toolset usually needs.
pub mod prelude {
    pub use crate::{ErrorKind, Host, Output, ToolError, arguments, tool};
    pub use serde_json::{Value, json};
}

#[doc(hidden)]
pub mod private {
    //! What the `toolset!` macro expands to; not for people.
    #[cfg(target_family = "wasm")]
    pub use crate::guest::*;
}
