//! JSON as YAML, in the style of `kubectl get -o yaml`.

use holmes_plugin::serde_json::{Map, Value};

/// The value as YAML lines, ended by a newline.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => object(&mut out, map, 0),
        Value::Array(items) if !items.is_empty() => array(&mut out, items, 0),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            scalar(&mut out, value, 0);
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn object(out: &mut String, map: &Map<String, Value>, depth: usize) {
    for (index, (key, value)) in map.iter().enumerate() {
        // The first key of an object in a list stands behind the dash.
        if index > 0 || out.is_empty() || out.ends_with('\n') {
            indent(out, depth);
        }
        string(out, key, 0);
        out.push(':');
        nested(out, value, depth);
    }
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            object(out, map, depth + 1);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            array(out, items, depth);
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            out.push(' ');
            scalar(out, value, depth + 1);
        }
    }
}

fn array(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => object(out, map, depth + 1),
            Value::Array(inner) if !inner.is_empty() => {
                out.push('\n');
                array(out, inner, depth + 1);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                scalar(out, item, depth + 1);
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(text) => string(out, text, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            out.push_str(&value.to_string());
        }
    }
    out.push('\n');
}

fn string(out: &mut String, text: &str, depth: usize) {
    let lines = text.trim_end_matches('\n');
    let foreign = text.chars().any(|letter| letter.is_control() && letter != '\n');
    let block = lines.contains('\n') && depth > 0 && !foreign && !text.starts_with([' ', '\n']);
    if block {
        out.push('|');
        match text.len() - lines.len() {
            0 => out.push('-'),
            1 => (),
            _ => out.push('+'),
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            out.push('\n');
            if !line.is_empty() {
                indent(out, depth);
                out.push_str(line);
            }
        }
    } else if is_plain(text) {
        out.push_str(text);
    } else {
        // A JSON string is a YAML string.
        out.push_str(&Value::from(text).to_string());
    }
}

/// Would a reader of YAML take the bare word for this string?
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];
    let starts_well =
        first.is_ascii_alphabetic() || matches!(first, '/' | '_' | '<' | '(' | '$') || first.is_ascii_digit();
    let numeric = text.parse::<f64>().is_ok()
        || (first.is_ascii_digit()
            && text.chars().all(|it| {
                it.is_ascii_digit() || matches!(it, '-' | ':' | 'T' | 'Z' | '.' | 'e' | 'x' | '_')
            }));
    starts_well
        && !numeric
        && !reserved.contains(&text.to_ascii_lowercase().as_str())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::serde_json::json;

    #[test]
    fn objects_lists_and_blocks_nest() {
        let value = json!({
            "a": {"b": 1, "c": []},
            "list": [{"x": "why", "z": {"q": null}}, "plain", [1, 2]],
            "script": "set -e\nrun\n",
            "odd": ["true", "1.5", "a: b", "", "2026-11-16T15:29:05Z", "#x"],
        });
        let expected = "a:\n  b: 1\n  c: []\nlist:\n- x: why\n  z:\n    q: null\n- plain\n- \n  - 1\n  - 2\n\
                        odd:\n- \"true\"\n- \"1.5\"\n- \"a: b\"\n- \"\"\n- \"2026-11-16T15:29:05Z\"\n- \"#x\"\n\
                        script: |\n  set -e\n  run\n";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn scalars_stand_alone() {
        assert_eq!(text(&json!("x")), "x\n");
        assert_eq!(text(&json!({})), "{}\n");
    }
}
