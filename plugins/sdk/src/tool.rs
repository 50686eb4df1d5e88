//! A tool and a toolset as the macros describe them.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{ErrorKind, Host, Output, ToolError};

/// What a tool may do to the world. The host enforces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideEffect {
    /// Changes nothing.
    ReadOnly,
    /// Changes something that can be repeated or undone without harm.
    Mutating,
    /// May lose data or interrupt a workload.
    Destructive,
}

/// What the host and the model are told about a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDescription {
    /// The function's name.
    pub name: &'static str,
    /// The function's doc comment.
    pub description: &'static str,
    /// JSON Schema of the argument struct.
    pub input_schema: Value,
    /// As declared by the attribute.
    pub side_effect: SideEffect,
}

/// A function marked with `#[tool(…)]`. Implemented by the attribute, not by hand.
pub trait Tool {
    /// The argument struct.
    type Arguments: DeserializeOwned + JsonSchema;

    /// The function's name.
    const NAME: &'static str;

    /// The function's doc comment.
    const DESCRIPTION: &'static str;

    /// As declared by the attribute.
    const SIDE_EFFECT: SideEffect;

    /// Runs the function.
    fn call(host: &Host, arguments: Self::Arguments) -> Result<Output, ToolError>;

    /// What the host and the model are told.
    fn describe() -> ToolDescription {
        ToolDescription {
            name: Self::NAME,
            description: Self::DESCRIPTION,
            input_schema: schema::<Self::Arguments>(),
            side_effect: Self::SIDE_EFFECT,
        }
    }
}

/// A toolset as `toolset!` exports it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolsetDescription {
    /// From `toolset.toml`.
    pub name: &'static str,
    /// From `toolset.toml`.
    pub version: &'static str,
    /// From `toolset.toml`.
    pub description: &'static str,
    /// From `instructions.md`.
    pub instructions: Option<&'static str>,
    /// In the order of the macro's arguments.
    pub tools: Vec<ToolDescription>,
}

/// The tools of a crate. Implemented by `toolset!`, not by hand.
pub trait Toolset {
    /// What the host is told.
    fn describe() -> ToolsetDescription;

    /// Runs the tool of that name; `arguments` is JSON text.
    fn invoke(host: &Host, tool: &str, arguments: &str) -> Result<Output, ToolError>;
}

/// Runs `T` with arguments in JSON. Part of what `toolset!` expands to.
pub fn dispatch<T: Tool>(host: &Host, arguments: &str) -> Result<Output, ToolError> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    let mut reader = serde_json::Deserializer::from_str(arguments);
    let parsed = T::Arguments::deserialize(&mut reader).map_err(|error| {
        ToolError::new(ErrorKind::InvalidArguments, format!("the arguments do not fit: {error}"))
    })?;
    T::call(host, parsed)
}

/// The schema without the parts that only cost tokens: the dialect and the struct's title.
fn schema<T: JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut value = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = value.as_object_mut() {
        object.remove("title");
        object.remove("description");
        object.entry("properties").or_insert_with(|| Value::Object(serde_json::Map::new()));
        object.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    value
}
