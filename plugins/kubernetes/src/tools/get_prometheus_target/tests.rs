use super::*;
use crate::fixture::{Fixture, is_truncated};

fn ask(host: &Host, target: &str) -> Result<Output, ToolError> {
    let arguments = PrometheusTarget {
        prometheus_namespace: "monitoring".to_owned(),
        prometheus_service_name: "prometheus-operated".to_owned(),
        target_name: target.to_owned(),
    };
    get_prometheus_target(host, arguments)
}

fn prometheus(targets: usize) -> Fixture {
    let target = |number: usize| {
        json!({
            "labels": {"job": "api", "instance": format!("10.0.0.{number}:80")}, "health": "down",
            "lastError": "connection refused", "discoveredLabels": {"__meta": "x".repeat(1_000)},
        })
    };
    let targets: Vec<Value> = (0..targets).map(target).collect();
    Fixture::new().proxied(
        "/api/v1/namespaces/monitoring/services/prometheus-operated:9090/proxy/api/v1/targets",
        json!({"status": "success", "data": {"activeTargets": targets}}),
    )
}

fn monitor() -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
        "metadata": {"name": "api-metrics", "namespace": "shop"}, "spec": {"endpoints": [{"port": "http"}]},
    })
}

#[test]
fn a_target_is_told_by_prometheus_without_what_repeats_the_pod() {
    let host = prometheus(1).host();
    let expected = json!({"found": 1, "left_out_for_size": 0, "notes": [], "targets": [{
        "labels": {"job": "api", "instance": "10.0.0.0:80"}, "health": "down", "lastError": "connection refused",
    }]});
    assert_eq!(ask(&host, "api").unwrap().json(), Some(&expected));
    let output = ask(&host, "apy").unwrap();
    assert!(output.is_no_data() && output.to_text().contains("Nearest jobs: api."), "{}", output.to_text());
    let many = ask(&prometheus(2_000).host(), "api").unwrap();
    assert!(is_truncated(&many) && many.to_text().len() < 61_500);
    assert_eq!(many.json().unwrap()["found"], json!(2_000));
}

#[test]
fn without_the_proxy_the_definition_is_told_and_that_the_rest_is_unknown() {
    let host = Fixture::new().with(monitor()).host();
    let answer = ask(&host, "api").unwrap().json().cloned().unwrap();
    assert_eq!(answer["definitions"][0]["object"], json!("ServiceMonitor shop/api-metrics"));
    let note = answer["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("not permitted to ask Prometheus") && note.ends_with("remains unknown"),
        "{note}"
    );
}

#[test]
fn neither_proxy_nor_definition_is_not_permitted_and_never_absent() {
    let error = ask(&Fixture::new().host(), "api").unwrap_err();
    assert_eq!(error.kind, ErrorKind::PolicyDenied);
    assert!(error.message.contains("remains unknown"), "{error}");
    let error = ask(&Fixture::new().with(monitor()).forbid("servicemonitors").host(), "api").unwrap_err();
    assert!(error.message.contains("not permitted to list servicemonitors"), "{error}");
    assert!(ask(&Fixture::new().host(), "api").is_err());
    let arguments = PrometheusTarget {
        prometheus_namespace: "../x".to_owned(),
        prometheus_service_name: "p".to_owned(),
        target_name: "api".to_owned(),
    };
    let error = get_prometheus_target(&Fixture::new().host(), arguments).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArguments);
}
