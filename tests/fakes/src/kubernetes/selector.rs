//! Label and field selectors.

use serde_json::Value;

/// Fields that an API server selects by, beside `metadata.name` and `metadata.namespace`.
const FIELDS: [(&str, &[&str]); 7] = [
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "reason",
            "source",
            "type",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
        ],
    ),
    ("nodes", &["spec.unschedulable"]),
    ("secrets", &["type"]),
    ("namespaces", &["status.phase"]),
    ("jobs", &["status.successful"]),
    ("replicasets", &["status.replicas"]),
];

/// Does the object match every requirement? An error is the API server's sentence.
pub(super) fn fields(object: &Value, plural: &str, selector: &str) -> Result<bool, String> {
    let mut matches = true;
    for requirement in selector.split(',').filter(|part| !part.is_empty()) {
        let (field, wanted, equal) =
            comparison(requirement).ok_or_else(|| format!("invalid selector: '{requirement}'"))?;
        let known = FIELDS.iter().find(|(name, _)| *name == plural).map_or(&[][..], |(_, fields)| fields);
        if !["metadata.name", "metadata.namespace"].contains(&field) && !known.contains(&field) {
            return Err(format!("field label not supported: {field}"));
        }
        let found = object.pointer(&format!("/{}", field.replace('.', "/")));
        let found = match found {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        matches &= (found == wanted) == equal;
    }
    Ok(matches)
}

/// Do the object's labels match every requirement?
pub(super) fn labels(object: &Value, selector: &str) -> Result<bool, String> {
    let mut matches = true;
    for requirement in split(selector) {
        matches &= label(object, requirement.trim())
            .ok_or_else(|| format!("unable to parse requirement: {requirement}"))?;
    }
    Ok(matches)
}

fn label(object: &Value, requirement: &str) -> Option<bool> {
    let value = |key: &str| {
        object.pointer("/metadata/labels").and_then(|labels| labels.get(key)).and_then(Value::as_str)
    };
    if let Some(list) = requirement.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let (key, operator) = head.trim().split_once(' ')?;
        let found = value(key).is_some_and(|value| list.split(',').any(|one| one.trim() == value));
        return match operator.trim() {
            "in" => Some(found),
            "notin" => Some(!found),
            _ => None,
        };
    }
    if let Some((key, wanted, equal)) = comparison(requirement) {
        return Some((value(key) == Some(wanted)) == equal);
    }
    match requirement.strip_prefix('!') {
        Some(key) => Some(value(key.trim()).is_none()),
        None => Some(value(requirement).is_some()),
    }
}

fn comparison(text: &str) -> Option<(&str, &str, bool)> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some((key.trim(), value.trim(), false));
    }
    let (key, value) = text.split_once('=')?;
    Some((key.trim(), value.strip_prefix('=').unwrap_or(value).trim(), true))
}

/// At commas that are not between parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    selector
        .split(|letter: char| {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == ',' && depth == 0
        })
        .filter(|part| !part.trim().is_empty())
        .collect()
}
