//! Fields of an answer, read as text. An absent field is empty: Azure leaves out what was never set.

use holmes_plugin::serde_json::Value;

/// The field at a JSON pointer, as a model reads it.
pub(crate) fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).map(value).unwrap_or_default()
}

/// The first of several fields that is there.
pub(crate) fn first(object: &Value, pointers: &[&str]) -> String {
    pointers.iter().map(|pointer| text(object, pointer)).find(|text| !text.is_empty()).unwrap_or_default()
}

/// The items of the array at a JSON pointer.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The strings of the array at a JSON pointer, in one cell.
pub(crate) fn list(object: &Value, pointer: &str) -> String {
    let items: Vec<String> = items(object, pointer).map(value).collect();
    items.join(",")
}

/// The last segment of a resource id.
pub(crate) fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// A value as text: strings without their quotation marks, nothing for null.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holmes_plugin::serde_json::json;

    #[test]
    fn absent_fields_are_empty_and_present_ones_are_plain() {
        let object = json!({"a": {"b": "x", "n": 3, "z": null, "l": ["1", "2"]}});
        assert_eq!(text(&object, "/a/b"), "x");
        assert_eq!(text(&object, "/a/n"), "3");
        assert_eq!(text(&object, "/a/z") + &text(&object, "/q"), "");
        assert_eq!(list(&object, "/a/l"), "1,2");
        assert_eq!(first(&object, &["/q", "/a/z", "/a/n"]), "3");
        assert_eq!(last_segment("/subscriptions/x/resourceGroups/g"), "g");
    }
}
