//! The tools over lists of many pages, over lists that break off, and as HolmesGPT names them.

use std::collections::BTreeMap;

use holmes_plugin::{
    ErrorKind, Output, ToolError, Toolset,
    serde_json::{Value, json},
};

use crate::{
    Component,
    fixture::{Fixture, is_truncated, pod},
};

const CRASHED: usize = 33;

/// Forty pods in two namespaces, one of them in trouble, and their metrics.
fn cluster() -> Fixture {
    (0..40).fold(Fixture::new(), |cluster, number| {
        let namespace = if number % 2 == 0 { "even" } else { "odd" };
        let mut pod = pod(namespace, &format!("p{number:02}"));
        if number == CRASHED {
            pod["status"]["containerStatuses"][0]["state"] =
                json!({"waiting": {"reason": "CrashLoopBackOff"}});
        }
        let metrics = json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": pod["metadata"],
            "containers": [{"usage": {"cpu": format!("{number}m"), "memory": format!("{number}Mi")}}],
        });
        let name = format!("p{number:02}");
        let log = format!("2026-11-16T15:10:{number:02}Z I am {number}\n");
        cluster.with(pod).with(metrics).log(namespace, &name, "app", false, log)
    })
}

/// A call of each tool that reads lists.
fn calls() -> Vec<(&'static str, Value)> {
    let names = ".items[] | select(.metadata.namespace == \"odd\") | .metadata.name";
    vec![
        ("kubectl_get_by_kind_in_namespace", json!({"kind": "pods", "namespace": "odd"})),
        ("kubectl_get_by_kind_in_cluster", json!({"kind": "pods"})),
        ("kubectl_get_by_name", json!({"kind": "pods", "name": "p33"})),
        ("kubectl_describe", json!({"kind": "pods", "name": "p33"})),
        ("kubectl_find_resource", json!({"kind": "pods", "keyword": "P3"})),
        ("kubectl_get_yaml", json!({"kind": "pods", "name": "p33"})),
        ("kubectl_events", json!({"resource_type": "pods", "resource_name": "p33"})),
        ("kubernetes_jq_query", json!({"kind": "pods", "jq_expr": names})),
        (
            "kubernetes_jq_query",
            json!({"kind": "pods", "jq_expr": ".items | map(.metadata.name) | sort | last"}),
        ),
        ("kubernetes_jq_query", json!({"kind": "pods", "jq_expr": "[.items[].spec.nodeName] | unique"})),
        ("kubernetes_count", json!({"kind": "pods", "jq_expr": names})),
        (
            "kubernetes_tabular_query",
            json!({"kind": "pods", "columns": "N:.metadata.name", "filter_pattern": "7$"}),
        ),
        ("fetch_pod_logs", json!({"pod_name": "p3*", "namespace": "odd"})),
        ("kubectl_top_pods", json!({"namespace": "odd"})),
    ]
}

fn call(cluster: Fixture, tool: &str, arguments: &Value) -> Result<Output, ToolError> {
    Component::invoke(&cluster.host(), tool, &arguments.to_string())
}

#[test]
fn every_tool_answers_the_same_whatever_the_size_of_a_page() {
    for (tool, arguments) in calls() {
        let [one, seven, all] = [1, 7, 500].map(|size| call(cluster().paged(size), tool, &arguments));
        assert_eq!(one, all, "{tool}");
        assert_eq!(seven, all, "{tool}");
        assert!(all.is_ok_and(|output| !output.to_text().is_empty()), "{tool}");
    }
}

#[test]
fn every_tool_answers_the_same_when_a_page_expires_under_it() {
    for (tool, arguments) in calls() {
        let whole = call(cluster(), tool, &arguments).unwrap();
        let expired = call(cluster().paged(7).expires_at(3), tool, &arguments).unwrap();
        assert_eq!(expired, whole, "{tool}");
    }
}

#[test]
fn half_a_list_is_an_error_or_says_that_it_is_half() {
    for (tool, arguments) in calls() {
        let whole = call(cluster(), tool, &arguments).unwrap();
        match call(cluster().paged(7).breaks_off(), tool, &arguments) {
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{tool}");
                assert!(error.message.contains("only the first 7 of "), "{tool}: {error}");
                assert!(error.message.contains("Narrow it by namespace or selector"), "{tool}: {error}");
            }
            // A single object needs no second page.
            Ok(output) if output == whole => (),
            Ok(output) => {
                let text = output.to_text();
                assert!(text.contains("INCOMPLETE: only the first 7 of "), "{tool}: {text}");
                assert!(is_truncated(&output), "{tool}: {text}");
            }
        }
    }
}

#[test]
fn what_is_forbidden_is_never_said_to_be_absent() {
    for (tool, arguments) in calls() {
        let error = call(cluster().forbid("pods").forbid("pods/log"), tool, &arguments).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PolicyDenied, "{tool}: {error}");
        assert!(error.message.starts_with("not permitted to "), "{tool}: {error}");
        for lie in ["not found", "does not exist", "there are no", "serves no"] {
            assert!(!error.message.contains(lie), "{tool}: {error}");
        }
    }
}

#[test]
fn tools_and_parameters_are_named_as_holmesgpts() {
    let expected = BTreeMap::from([
        ("kubectl_describe", "kind* name* namespace"),
        ("kubectl_get_by_name", "kind* name* namespace"),
        ("kubectl_get_by_kind_in_namespace", "kind* namespace*"),
        ("kubectl_get_by_kind_in_cluster", "kind*"),
        ("kubectl_find_resource", "keyword* kind*"),
        ("kubectl_get_yaml", "kind* name* namespace"),
        ("kubectl_events", "namespace resource_name* resource_type*"),
        ("kubernetes_jq_query", "field_selector jq_expr* kind* label_selector namespace"),
        ("kubernetes_count", "field_selector jq_expr* kind* label_selector namespace"),
        ("kubernetes_tabular_query", "columns* field_selector filter_pattern kind* label_selector namespace"),
        // `pod_name` is optional here, because a label selector names pods as well.
        (
            "fetch_pod_logs",
            "end_time exclude_filter filter label_selector limit namespace* pod_name start_time",
        ),
        ("kubectl_top_pods", "namespace"),
        ("kubectl_top_nodes", ""),
        ("get_prometheus_target", "prometheus_namespace* prometheus_service_name* target_name*"),
    ]);
    let tools = Component::describe().tools;
    let described: BTreeMap<&str, String> =
        tools.iter().map(|tool| (tool.name, parameters(&tool.input_schema))).collect();
    let described: BTreeMap<&str, &str> =
        described.iter().map(|(name, told)| (*name, told.as_str())).collect();
    assert_eq!(described, expected);
    for tool in tools {
        assert!((60..400).contains(&tool.description.len()), "{}: {}", tool.name, tool.description);
        let fields = tool.input_schema["properties"].as_object().unwrap();
        assert!(fields.values().all(|field| field["description"].is_string()), "{}", tool.name);
    }
}

/// Names in order, required ones with a star.
fn parameters(schema: &Value) -> String {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("{name}{}", if required.contains(&json!(name)) { "*" } else { "" }))
        .collect();
    names.sort_unstable();
    names.join(" ")
}
