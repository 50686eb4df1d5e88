//! A value as YAML: block style, and every text that could be read as something else in quotes.

use serde_json::Value;

/// Plain words that YAML reads as something else than a text.
const READ_OTHERWISE: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// A document.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    if is_block(value) {
        block(&mut out, value, 0);
    } else {
        line(&mut out, &scalar(value));
    }
    out
}

/// The entries of a collection, each on its line; the first one starts where the cursor is.
fn block(out: &mut String, value: &Value, indent: usize) {
    let mut first = true;
    let mut start = |out: &mut String| {
        let spaces = if std::mem::take(&mut first) { 0 } else { indent };
        out.extend(std::iter::repeat_n(' ', spaces));
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                start(out);
                out.push_str(&text(key));
                out.push(':');
                if is_block(value) {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent + 2));
                    block(out, value, indent + 2);
                } else {
                    out.push(' ');
                    line(out, &scalar(value));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                start(out);
                out.push_str("- ");
                if is_block(item) {
                    block(out, item, indent + 2);
                } else {
                    line(out, &scalar(item));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => line(out, &scalar(value)),
    }
}

/// A collection with entries; an empty one fits on a line.
fn is_block(value: &Value) -> bool {
    let fields = value.as_object().is_some_and(|fields| !fields.is_empty());
    fields || value.as_array().is_some_and(|items| !items.is_empty())
}

/// What fits on a line; JSON's own form is YAML, too.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(content) => text(content),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn text(content: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./ ".contains(letter);
    let readable = content.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && content.chars().all(plain)
        && !content.ends_with(' ')
        && !READ_OTHERWISE.contains(&content.to_ascii_lowercase().as_str());
    if readable { content.to_owned() } else { Value::from(content).to_string() }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn collections_are_blocks_and_texts_keep_their_type() {
        let value = json!({
            "a": {"b": [1, "two words", [true, null], {"c": {}, "d": []}]},
            "e": ["yes", "1.5", "", "a: b", "x\n\"y\"", "- z", "No", "2026-01-01"],
        });
        let expected = r#"a:
  b:
    - 1
    - two words
    - - true
      - null
    - c: {}
      d: []
e:
  - "yes"
  - "1.5"
  - ""
  - "a: b"
  - "x\n\"y\""
  - "- z"
  - "No"
  - "2026-01-01"
"#;
        assert_eq!(document(&value), expected);
        assert_eq!(document(&json!([])), "[]\n");
    }
}
