//! What a finding may not say about a kind that could not be read.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

/// With fewer rights nothing new is wrong: what is blamed was a finding, or part of one, with all rights.
pub(super) fn is_no_invention(finding: &Value, all: &Value, about: &str) {
    let root = &finding["objects"][0];
    let known =
        |object: &Value| ["kind", "namespace", "name"].iter().all(|key| text(object, key) == text(root, key));
    let mut stack = vec![&all["findings"], &all["notes"]];
    while let Some(value) = stack.pop() {
        if known(value) {
            return;
        }
        stack.extend(value.as_array().into_iter().flatten());
        stack.extend(value.as_object().into_iter().flatten().map(|(_, inner)| inner));
    }
    panic!("{about}: a new finding: {finding:#}");
}

/// Forbidden is never worded as absent, unless the kubelet, a controller or the scheduler says it.
pub(super) fn claims_no_absence(finding: &Value, refused: &BTreeSet<String>, about: &str) {
    let absent =
        Regex::new(r"(?i)does not exist|is missing|not found|there is no|no such|none exist").unwrap();
    let evidence =
        || ["evidence", "ruled_out"].into_iter().flat_map(|list| finding[list].as_array().unwrap());
    for item in evidence().filter(|item| item["type"] == "absent") {
        let kind = plural(text(&item["object"], "kind"));
        let read = !refused.iter().any(|resource| resource.split('.').next() == Some(&kind));
        assert!(read, "{about}: absence of what could not be read: {item:#}");
    }
    let said_by_others =
        evidence().any(|item| item["type"] != "absent" && absent.is_match(&item["value"].to_string()));
    let summary = text(finding, "summary").to_lowercase();
    for resource in refused {
        let kind = singular(resource.split('.').next().unwrap_or_default());
        let claims = absent.is_match(&summary) && summary.contains(&kind);
        assert!(!claims || said_by_others, "{about}: forbidden is worded as absent: {finding:#}");
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    if let Some(stem) = kind.strip_suffix('y') {
        return format!("{stem}ies");
    }
    if kind.ends_with('s') { format!("{kind}es") } else { format!("{kind}s") }
}

fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    plural
        .strip_suffix("sses")
        .map_or_else(|| plural.trim_end_matches('s').to_owned(), |stem| format!("{stem}ss"))
}
