//! `{{ env.NAME }}` inside strings: parsed first, resolved later, against an environment that is passed in.
//!
//! Only `env.` is a template. Other double braces are left alone, because toolset files of HolmesGPT hold
//! Jinja in the same strings. A value that was put in is literal: it is never looked at again.

use std::fmt;

use serde_json::Value;

use crate::Environment;

/// A string with places for variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

/// Why a string is no template, or can not be resolved. Quotes names, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{{ env.` without its end.
    #[error("`{{{{ env.` is not closed: expected `}}}}` behind the variable's name")]
    Unclosed,
    /// A name that no variable can have.
    #[error("`{{{{ env. }}}}` names no variable: expected letters, digits and `_`")]
    BadName,
    /// A variable that is not set, or empty.
    #[error("the variable `{0}` is not set or empty")]
    Missing(String),
}

impl Template {
    /// Finds the variables in a string.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            literal.push_str(before);
            let Some(name) = after.trim_start().strip_prefix("env.") else {
                literal.push_str("{{");
                rest = after;
                continue;
            };
            let (name, behind) = name.split_once("}}").ok_or(TemplateError::Unclosed)?;
            let name = name.trim();
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(TemplateError::BadName);
            }
            parts.push(Part::Literal(std::mem::take(&mut literal)));
            parts.push(Part::Variable(name.to_owned()));
            rest = behind;
        }
        literal.push_str(rest);
        parts.push(Part::Literal(literal));
        Ok(Self { parts })
    }

    /// Puts the values in.
    pub fn resolve(&self, environment: &Environment) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => {
                    let value = environment.get(name);
                    text.push_str(value.ok_or_else(|| TemplateError::Missing(name.clone()))?);
                }
            }
        }
        Ok(text)
    }
}

/// One place of a document that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// For example `extra_headers.X-Team`.
    pub key: String,
    /// What is wrong there.
    pub error: TemplateError,
}

/// Every place of a document that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// In the document's order; never empty.
    pub missing: Vec<Missing>,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, missing) in self.missing.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(formatter, "{separator}`{}`: {}", missing.key, missing.error)?;
        }
        Ok(())
    }
}

impl std::error::Error for Unresolved {}

/// Resolves every string of a document, at any depth. Keys are left alone.
pub fn resolve(document: &Value, environment: &Environment) -> Result<Value, Unresolved> {
    let mut missing = Vec::new();
    let resolved = resolve_at("", document, environment, &mut missing);
    if missing.is_empty() { Ok(resolved) } else { Err(Unresolved { missing }) }
}

fn resolve_at(key: &str, value: &Value, environment: &Environment, missing: &mut Vec<Missing>) -> Value {
    match value {
        Value::String(text) => {
            let resolved = Template::parse(text).and_then(|template| template.resolve(environment));
            resolved.map_or_else(
                |error| {
                    missing.push(Missing { key: key.to_owned(), error });
                    Value::Null
                },
                Value::String,
            )
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| resolve_at(&format!("{key}[{at}]"), item, environment, missing)).collect()
        }
        Value::Object(fields) => {
            let resolve_field = |(name, field): (&String, &Value)| {
                let path = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                (name.clone(), resolve_at(&path, field, environment, missing))
            };
            fields.iter().map(resolve_field).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(text: &str) -> Result<String, TemplateError> {
        let environment = Environment::from([("A", "1"), ("B", r"\1 {{ env.A }}"), ("EMPTY", "")]);
        Template::parse(text)?.resolve(&environment)
    }

    #[test]
    fn templates_are_filled_in_as_documented() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("{{ env.A }}", "1"),
            ("{{env.A}}", "1"),
            ("{{   env.A\t}}-{{ env.A }}", "1-1"),
            ("{{ env.B }}", r"\1 {{ env.A }}"),
            ("{{ pod_name }} {{ env.A }}", "{{ pod_name }} 1"),
            ("{{{ env.A }}}", "{{{ env.A }}}"),
            ("a }} b {{", "a }} b {{"),
        ] {
            assert_eq!(resolved(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_template_says_what_is_wrong() {
        assert_eq!(resolved("{{ env.NONE }}"), Err(TemplateError::Missing("NONE".into())));
        assert_eq!(resolved("{{ env.EMPTY }}"), Err(TemplateError::Missing("EMPTY".into())));
        assert_eq!(resolved("{{ env.A"), Err(TemplateError::Unclosed));
        assert_eq!(resolved("{{ env.A B }}"), Err(TemplateError::BadName));
        assert_eq!(TemplateError::Unclosed.to_string().matches("{{ env.").count(), 1);
    }

    #[test]
    fn a_document_is_resolved_at_any_depth_and_all_that_is_missing_is_named() {
        let environment = Environment::from([("A", "canary")]);
        let document = json!({"x": ["{{ env.A }}", {"y": "{{ env.A }}!"}], "n": 1});
        let expected = json!({"x": ["canary", {"y": "canary!"}], "n": 1});
        assert_eq!(resolve(&document, &environment), Ok(expected));

        let document = json!({"a": "{{ env.A }}", "h": {"k": "{{ env.P }}"}, "l": ["{{ env.Q }}"]});
        let error = resolve(&document, &environment).unwrap_err().to_string();
        assert_eq!(
            error,
            "`h.k`: the variable `P` is not set or empty; `l[0]`: the variable `Q` is not set or empty"
        );
    }
}
