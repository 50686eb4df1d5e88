//! Columns as `kubectl get -o custom-columns` has them: `NAME:.metadata.name,IMAGE:.spec.containers[*].image`.

use holmes_plugin::{ToolError, serde_json::Value};

use crate::field;

/// What a cell without any value says, as kubectl's does.
pub(crate) const NONE: &str = "<none>";

/// A column: its header and where its cells come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Before the colon.
    pub header: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    /// Negative: from the end.
    Index(i64),
    Every,
    /// `[?(@.type=="Ready")]`.
    Equal(Vec<Step>, String),
}

/// Parses all columns.
pub(crate) fn columns(text: &str) -> Result<Vec<Column>, ToolError> {
    let parsed: Result<Vec<Column>, ToolError> =
        split(text, ',').into_iter().map(str::trim).filter(|part| !part.is_empty()).map(column).collect();
    match parsed {
        Ok(columns) if columns.is_empty() => Err(malformed(text)),
        parsed => parsed,
    }
}

impl Column {
    /// The cell for an object; several values are joined by commas.
    pub(crate) fn cell(&self, object: &Value) -> String {
        let found = select(vec![object], &self.steps);
        let values: Vec<String> = found.into_iter().filter(|it| !it.is_null()).map(field::plain).collect();
        if values.is_empty() { NONE.to_owned() } else { values.join(",") }
    }
}

fn column(text: &str) -> Result<Column, ToolError> {
    // `{.metadata.name}` is JSONPath's own way of writing it; a bare path is its own header.
    let colon = text.find(":.").or_else(|| text.find(":{")).or_else(|| text.find(":["));
    let (header, path) = match colon {
        Some(index) => (text.get(..index).unwrap_or_default(), text.get(index + 1..).unwrap_or_default()),
        None => (text, text),
    };
    let path = path.trim().trim_start_matches('{').trim_end_matches('}');
    let steps = steps(path).filter(|_| path.starts_with(['.', '['])).ok_or_else(|| malformed(text))?;
    Ok(Column { header: header.trim().to_owned(), steps })
}

fn malformed(text: &str) -> ToolError {
    ToolError::invalid(format!(
        "`{}` is not a column: expected `HEADER:.path`, as in `NAME:.metadata.name`, \
         `IMAGES:.spec.containers[*].image`, `READY:.status.conditions[?(@.type==\"Ready\")].status`, \
         `APP:.metadata.labels.app\\.kubernetes\\.io/name`",
        text.escape_debug()
    ))
}

/// Parts between separators that stand outside of brackets and quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut begin, mut quote) = (Vec::new(), 0_i32, 0, None);
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, _) if letter == separator && depth == 0 => {
                parts.extend(text.get(begin..index));
                begin = index + letter.len_utf8();
            }
            _ => (),
        }
    }
    parts.extend(text.get(begin..));
    parts
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = closing(inside)?;
            steps.push(bracket(inside.get(..end)?)?);
            rest = inside.get(end + 1..)?;
        } else {
            let dotted = rest.strip_prefix('.')?;
            let (name, after) = name(dotted);
            match name.as_str() {
                "" if steps.is_empty() && (after.is_empty() || after.starts_with('[')) => (),
                "" => return None,
                "*" => steps.push(Step::Every),
                _ => steps.push(Step::Field(name)),
            }
            rest = after;
        }
    }
    Some(steps)
}

/// A field's name, in which `\.` is a dot.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, escaped)| escaped)),
            '.' | '[' => return (name, text.get(index..).unwrap_or_default()),
            _ => name.push(letter),
        }
    }
    (name, "")
}

fn closing(inside: &str) -> Option<usize> {
    let mut quote = None;
    inside.char_indices().find_map(|(index, letter)| {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, ']') => return Some(index),
            _ => (),
        }
        None
    })
}

fn bracket(inside: &str) -> Option<Step> {
    let inside = inside.trim();
    if inside == "*" || inside.is_empty() {
        return Some(Step::Every);
    }
    if let Ok(index) = inside.parse() {
        return Some(Step::Index(index));
    }
    if let Some(filter) = inside.strip_prefix("?(").and_then(|it| it.strip_suffix(')')) {
        let (path, value) = filter.split_once("==")?;
        let steps = steps(path.trim().strip_prefix('@')?)?;
        return Some(Step::Equal(steps, unquoted(value.trim()).to_owned()));
    }
    let name = unquoted(inside);
    (name != inside).then(|| Step::Field(name.to_owned()))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn select<'a>(mut values: Vec<&'a Value>, steps: &[Step]) -> Vec<&'a Value> {
    for step in steps {
        values = values.into_iter().flat_map(|value| one(value, step)).collect();
    }
    values
}

fn one<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => {
            let position = usize::try_from(*index).ok();
            let position =
                position.or_else(|| items.len().checked_sub(usize::try_from(-index).unwrap_or(usize::MAX)));
            position.and_then(|position| items.get(position)).into_iter().collect()
        }
        Step::Every => {
            value.as_object().map_or_else(|| items.iter().collect(), |fields| fields.values().collect())
        }
        Step::Equal(path, wanted) => items
            .iter()
            .filter(|item| select(vec![*item], path).into_iter().any(|found| field::plain(found) == *wanted))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::serde_json::json;

    #[test]
    fn columns_are_read_as_kubectl_reads_them() {
        let object = json!({
            "metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"containers": [{"image": "x"}, {"image": "y"}]},
            "status": {"conditions": [{"type": "Ready", "status": "False"}]},
        });
        let text = r#"NAME:.metadata.name,APP:.metadata.labels.app\.kubernetes\.io/name,I:.spec.containers[*].image,L:.spec.containers[-1].image,R:.status.conditions[?(@.type=="Ready")].status,Q:.metadata.labels['app.kubernetes.io/name'],{.nope}"#;
        let cells: Vec<String> = columns(text).unwrap().iter().map(|it| it.cell(&object)).collect();
        assert_eq!(cells, ["a", "web", "x,y", "y", "False", "web", "<none>"]);
    }

    #[test]
    fn a_malformed_column_is_an_error_with_an_example() {
        for bad in ["", "NAME", "NAME:metadata.name", "A:.a..b", "A:.a[b"] {
            assert!(columns(bad).unwrap_err().message.contains("HEADER:.path"), "{bad}");
        }
    }
}
