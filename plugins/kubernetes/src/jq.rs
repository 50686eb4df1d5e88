//! jq programs, through jaq, over JSON values.

pub(crate) mod plan;

use holmes_plugin::{
    ToolError,
    serde_json::{self, Value},
};
use jaq_core::{
    Compiler, Ctx, Vars, compile, data,
    load::{self, Arena, File, Loader},
};
use jaq_json::{Map, Num, Val};

use crate::{age::Now, budget};

type Data = data::JustLut<Val>;

/// A compiled program.
pub(crate) struct Program(jaq_core::Filter<Data>);

impl Program {
    /// Compiles jq code. `now` is the host's now, there is no zone but UTC and no environment.
    pub(crate) fn parse(code: &str, now: Now) -> Result<Self, ToolError> {
        let seconds = now.seconds();
        let code = format!(
            "def now: {seconds}; def localtime: gmtime; def strflocaltime($f): strftime($f); def env: {{}};\n{code}"
        );
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code: code.as_str(), path: () }).map_err(
            |errors| invalid(&errors.iter().flat_map(|(_, error)| syntax(error)).collect::<Vec<_>>()),
        )?;
        let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
            invalid(
                &errors.iter().flat_map(|(_, undefined)| undefined).map(undefined_text).collect::<Vec<_>>(),
            )
        })?;
        Ok(Self(filter))
    }

    /// Runs the program on one input and shows each result to `visit`, which may stop by returning false.
    pub(crate) fn run(&self, input: Val, mut visit: impl FnMut(Val) -> bool) -> Result<(), ToolError> {
        let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        for result in self.0.id.run((context, input)) {
            match result {
                Ok(value) => {
                    if !visit(value) {
                        return Ok(());
                    }
                }
                Err(exception) => {
                    let text = exception
                        .get_err()
                        .map_or_else(|_| "the program halted".to_owned(), |it| it.to_string());
                    return Err(invalid(&[budget::line(&text, 500)]));
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Program")
    }
}

fn invalid(reasons: &[String]) -> ToolError {
    ToolError::invalid(format!(
        "the jq expression failed: {}. The input is a list object: begin with `.items[]`",
        reasons.join("; ")
    ))
}

fn syntax(error: &load::Error<&str>) -> Vec<String> {
    let found = |code: &str| {
        if code.is_empty() { "the end".to_owned() } else { format!("`{}`", budget::line(code, 60)) }
    };
    match error {
        load::Error::Io(_) => vec!["modules can not be imported".to_owned()],
        load::Error::Lex(errors) => errors
            .iter()
            .map(|(expected, code)| format!("expected {} at {}", expected.as_str(), found(code)))
            .collect(),
        load::Error::Parse(errors) => errors
            .iter()
            .map(|(expected, code)| format!("expected {} at {}", expected.as_str(), found(code)))
            .collect(),
    }
}

fn undefined_text((name, kind): &(&str, compile::Undefined)) -> String {
    format!("undefined {} `{name}`", kind.as_str())
}

/// JSON as jaq's value.
pub(crate) fn from_json(value: Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(truth) => Val::Bool(truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Val::Num(Num::from_integral(integer)),
            (None, Some(float)) => Val::from(float),
            (None, None) => Val::Null,
        },
        Value::String(text) => Val::from(text),
        Value::Array(items) => items.into_iter().map(from_json).collect(),
        Value::Object(fields) => Val::obj(
            fields.into_iter().map(|(key, value)| (Val::from(key), from_json(value))).collect::<Map>(),
        ),
    }
}

/// jaq's value as JSON; what JSON can not say (NaN, bytes) becomes text.
pub(crate) fn to_json(value: &Val) -> Value {
    let text = value.to_string();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The list object that programs see.
pub(crate) fn list(items: Vec<Val>) -> Val {
    let fields = [
        ("apiVersion", Val::from("v1".to_owned())),
        ("items", items.into_iter().collect()),
        ("kind", Val::from("List".to_owned())),
    ];
    Val::obj(fields.into_iter().map(|(key, value)| (Val::from(key.to_owned()), value)).collect::<Map>())
}

/// Roughly the memory that JSON takes as jaq's value: a node is a value, its hash entry and its allocation.
pub(crate) fn weight(value: &Value) -> usize {
    const NODE: usize = 96;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NODE,
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => NODE + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => {
            NODE + fields.iter().map(|(key, value)| NODE + key.len() + weight(value)).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;
    use holmes_plugin::serde_json::json;

    fn all(code: &str, input: Value) -> Result<Vec<Value>, ToolError> {
        let host = Fixture::new().host();
        let mut results = Vec::new();
        Program::parse(code, Now::of(&host))?.run(from_json(input), |value| {
            results.push(to_json(&value));
            true
        })?;
        Ok(results)
    }

    #[test]
    fn programs_filter_match_and_reckon_with_dates() {
        let input =
            json!({"items": [{"n": "api-1", "at": "2026-11-16T15:00:00Z"}, {"n": "db-1", "at": null}]});
        let found = all(r#".items[] | select(.n | test("^API"; "i")) | .n"#, input.clone()).unwrap();
        assert_eq!(found, [json!("api-1")]);
        let age = all(".items[0] | now - (.at | fromdateiso8601)", input).unwrap();
        assert_eq!(age, [json!(1760)]);
        assert_eq!(all("env", json!(null)).unwrap(), [json!({})]);
        assert_eq!(all(".", json!(12_345_678_901_u64)).unwrap(), [json!(12_345_678_901_u64)]);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert!(all(".items[", json!({})).unwrap_err().message.contains("expected"));
        assert!(all("frobnicate", json!({})).unwrap_err().message.contains("undefined filter `frobnicate`"));
        assert!(all(".a.b", json!({"a": "text"})).unwrap_err().message.contains("the jq expression failed"));
        assert!(all("halt", json!(null)).unwrap_err().message.contains("halted"));
    }
}
