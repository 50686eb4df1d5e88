//! Tool `kubernetes_count`.

use holmes_plugin::prelude::*;

use crate::{
    budget, field,
    query::{self, Query},
};

/// How many results a preview has, and how long each may be.
const PREVIEW: usize = 10;
const PREVIEW_LENGTH: usize = 200;

/// Counts the results of a jq expression over all objects of a kind (all pages), with a short preview.
#[tool(read_only)]
pub fn kubernetes_count(host: &Host, arguments: Query) -> Result<Output, ToolError> {
    let scope = arguments.scope(host)?;
    let mut preview = Vec::new();
    let mut number = None;
    let done = query::run(host, &scope, &arguments.jq_expr, |result| {
        if preview.len() < PREVIEW {
            let text = field::plain(&result);
            number = result.as_i64();
            preview.push(budget::line(&text, PREVIEW_LENGTH));
        }
    })?;
    if let Some(rest) = done.items.rest {
        return Err(rest.error(&scope, done.items.objects));
    }
    let mut notes = scope.notes.clone();
    if let (1, Some(number)) = (done.matches, number) {
        notes.push(format!(
            "the one result is the number {number}; matches_found counts results, not its value"
        ));
    }
    if done.matches > preview.len() {
        notes.push(format!("preview shows {} of {} results", preview.len(), done.matches));
    }
    Output::data(json!({
        "total_items_processed": done.items.objects,
        "matches_found": done.matches,
        "preview": preview,
        "stderr": "",
        "scope": scope.json(),
        "notes": notes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, pod};

    fn count(code: &str) -> Value {
        let mut fixture = Fixture::new();
        for number in 0..700 {
            fixture = fixture.with(pod("a", &format!("p{number}")));
        }
        let arguments = Query {
            kind: "pods".to_owned(),
            jq_expr: code.to_owned(),
            namespace: None,
            label_selector: None,
            field_selector: None,
        };
        kubernetes_count(&fixture.host(), arguments).unwrap().json().cloned().unwrap()
    }

    #[test]
    fn counts_are_exact_and_the_preview_is_short() {
        let answer = count(".items[]");
        assert_eq!(answer["matches_found"], json!(700));
        let preview = answer["preview"].as_array().unwrap();
        assert_eq!(preview.len(), 10);
        assert!(preview.iter().all(|it| it.as_str().unwrap().len() <= 204));
    }

    #[test]
    fn a_single_number_is_explained_and_zero_is_an_answer() {
        assert!(count(".items | length")["notes"][0].as_str().unwrap().contains("the number 700"));
        assert_eq!(count(".items[] | select(.nope)")["matches_found"], json!(0));
    }
}
