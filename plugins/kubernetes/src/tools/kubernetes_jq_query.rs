//! Tool `kubernetes_jq_query`.

use holmes_plugin::prelude::*;

use crate::{
    budget, missing,
    query::{self, Query},
};

/// Evaluates a jq expression over all objects of a kind (all pages). Begin the expression with `.items[]`.
#[tool(read_only)]
pub fn kubernetes_jq_query(host: &Host, arguments: Query) -> Result<Output, ToolError> {
    let scope = arguments.scope(host)?;
    let limit = budget::bytes(host);
    let (mut results, mut bytes, mut left_out) = (Vec::new(), 0, 0);
    let done = query::run(host, &scope, &arguments.jq_expr, |result| {
        bytes += result.to_string().len() + 1;
        if bytes <= limit {
            results.push(result);
        } else {
            left_out += 1;
        }
    })?;
    let read = done.items.objects;
    if read == 0 {
        return Ok(Output::no_data(missing::list(host, &scope)));
    }
    let mut notes: Vec<String> =
        done.items.rest.iter().map(|rest| format!("INCOMPLETE: {}", rest.told(read))).collect();
    notes.extend(scope.notes.iter().cloned());
    if done.matches == 0 {
        notes.push(format!("of {read} objects that were processed none matched"));
    }
    if left_out > 0 {
        notes.push(format!(
            "{left_out} of {} results are left out for size: select fewer fields or narrow the scope; \
             kubernetes_count counts exactly",
            done.matches
        ));
    }
    let output = Output::data(json!({
        "total_items_processed": read,
        "matches_found": done.matches,
        "results": results,
        "stderr": "",
        "scope": scope.json(),
        "notes": notes,
    }))?;
    Ok(if left_out > 0 || done.items.rest.is_some() { output.truncated() } else { output })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, is_truncated, pod};

    fn query(host: &Host, code: &str) -> Result<Output, ToolError> {
        kubernetes_jq_query(
            host,
            Query {
                kind: "pods".to_owned(),
                jq_expr: code.to_owned(),
                namespace: Some("a".to_owned()),
                label_selector: None,
                field_selector: None,
            },
        )
    }

    #[test]
    fn results_come_with_totals_and_scope() {
        let host = Fixture::new().with(pod("a", "x")).with(pod("a", "y")).with(pod("b", "z")).host();
        let output = query(&host, r#".items[] | select(.metadata.name == "y") | .metadata.name"#).unwrap();
        let expected = json!({
            "total_items_processed": 2, "matches_found": 1, "results": ["y"], "stderr": "", "notes": [],
            "scope": {
                "resource": "pods", "api_version": "v1", "namespace": "a", "label_selector": null, "field_selector": null,
            },
        });
        assert_eq!(output.json(), Some(&expected));
    }

    #[test]
    fn aggregates_see_every_page() {
        let mut fixture = Fixture::new();
        for number in 0..1_234 {
            fixture = fixture.with(pod("a", &format!("p{number}")));
        }
        let host = fixture.host();
        for code in [
            ".items | length",
            "[.items[] | .metadata.name] | unique | length",
            "reduce .items[] as $pod (0; . + 1)",
        ] {
            let output = query(&host, code).unwrap();
            assert_eq!(output.json().unwrap()["results"], json!([1_234]), "{code}");
        }
        let all = query(&host, ".items[]").unwrap();
        assert!(is_truncated(&all) && all.to_text().len() < 62_000);
        assert_eq!(all.json().unwrap()["matches_found"], json!(1_234));
    }

    #[test]
    fn failures_are_errors_and_never_an_empty_success() {
        let host = Fixture::new().with(pod("a", "x")).host();
        assert!(
            query(&host, ".items[] | .metadata.name.first")
                .unwrap_err()
                .message
                .contains("jq expression failed")
        );
        assert!(query(&Fixture::new().forbid("pods").host(), ".items[]").is_err());
        assert!(query(&Fixture::new().host(), ".items[]").unwrap().is_no_data());
    }
}
