//! A model's arguments against a tool's JSON Schema: repaired where that loses nothing, refused with a
//! text that the model can act on where it would.

use std::fmt::Write as _;

use holmes_protocol::{ToolError, ToolErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

/// Errors that are named at once; the model mends these first.
const ERRORS: usize = 5;

/// A message about one value; longer ones quote what the model wrote itself.
const MESSAGE: usize = 300;

/// Deeper schemas are left to the validator.
const DEEPEST: usize = 16;

/// Arguments as a JSON object: an empty text is none, anything else has to parse.
pub(crate) fn parse(arguments: &str) -> Result<Value, ToolError> {
    if arguments.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_str(arguments) {
        Ok(Value::Null) => Ok(Value::Object(Map::new())),
        Ok(Value::String(inner)) => match serde_json::from_str(&inner) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(invalid("the arguments are a string; expected a JSON object")),
        },
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(invalid("the arguments are not a JSON object; expected `{\"parameter\": value}`")),
        Err(error) => Err(invalid(format!(
            "the arguments are not valid JSON: {error}; send the call again with a JSON object"
        ))),
    }
}

/// Fits values to their types where nothing is lost; `null` for an optional parameter is its absence.
pub(crate) fn coerce(schema: &Value, value: &mut Value) {
    coerce_at(schema, value, 0);
}

/// Says which parameters are wrong and what is expected.
pub(crate) fn check(validator: &Validator, schema: &Value, value: &Value) -> Result<(), ToolError> {
    if validator.is_valid(value) {
        return Ok(());
    }
    let messages: Vec<String> =
        validator.iter_errors(value).take(ERRORS).map(|error| describe(&error)).collect();
    Err(invalid(format!("the arguments do not fit: {}. {}", messages.join("; "), parameters(schema))))
}

fn invalid(message: impl Into<String>) -> ToolError {
    ToolError::new(ToolErrorKind::InvalidArguments, message)
}

fn describe(error: &ValidationError<'_>) -> String {
    let mut message = error.to_string();
    message.truncate(message.floor_char_boundary(MESSAGE));
    let path = error.instance_path().to_string();
    if path.is_empty() {
        message
    } else {
        format!("`{}`: {message}", path.trim_start_matches('/').replace('/', "."))
    }
}

fn parameters(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty())
    else {
        return "This tool takes no parameters".to_owned();
    };
    let mut text = String::from("Parameters:");
    for (name, schema_of) in properties.iter().take(20) {
        let kinds = types(schema_of).join(" or ");
        let kinds = if kinds.is_empty() { "any" } else { &kinds };
        let required = if is_required(schema, name) { ", required" } else { "" };
        // Writing to a string can not fail.
        let _ = write!(text, " `{name}` ({kinds}{required})");
    }
    text
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|entry| entry.as_str() == Some(name)))
}

fn coerce_at(schema: &Value, value: &mut Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|kind| is(kind, value)) {
        if let Some(fitted) = types.iter().find_map(|kind| fit(kind, value)) {
            *value = fitted;
        } else if types.contains(&"array") && !value.is_null() {
            *value = Value::Array(vec![value.take()]);
        }
    }
    match value {
        Value::Object(object) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
            object.retain(|name, value| {
                !value.is_null()
                    || is_required(schema, name)
                    || properties.get(name).is_none_or(|schema| self::types(schema).contains(&"null"))
            });
            for (name, value) in object.iter_mut() {
                if let Some(schema) = properties.get(name) {
                    coerce_at(schema, value, depth.saturating_add(1));
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    coerce_at(schema, item, depth.saturating_add(1));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The types a schema allows, through `anyOf` and `oneOf`; empty when it does not say.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(key).and_then(Value::as_array))
            .flatten()
            .flat_map(types)
            .collect(),
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn fit(kind: &str, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => match kind {
            "integer" | "number" | "boolean" | "array" | "object" => {
                serde_json::from_str::<Value>(text.trim()).ok().filter(|parsed| is(kind, parsed))
            }
            _ => None,
        },
        Value::Number(number) if kind == "string" => Some(Value::String(number.to_string())),
        Value::Bool(flag) if kind == "string" => Some(Value::String(flag.to_string())),
        Value::Number(number) if kind == "integer" => {
            let text = number.to_string();
            text.strip_suffix(".0")?.parse::<i64>().ok().map(Value::from)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
