//! The tools together, over recordings of a real API server.

use std::{io::Read, path::Path};

use holmes_plugin::{
    Host, Output, ToolError, Toolset,
    serde_json::{self, Value, json},
};

use crate::{Component, fixture::Fixture};

/// The host of a recording; none where the recordings are not checked out.
fn recording(name: &str) -> Option<Host> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clusters");
    let file = std::fs::File::open(folder.join(format!("{name}.tar.gz"))).ok()?;
    let mut fixture = Fixture::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_start_matches("./").to_owned();
        let mut text = String::new();
        if entry.read_to_string(&mut text).is_err() || text.is_empty() {
            continue;
        }
        fixture = add(fixture, &path, &text);
    }
    Some(fixture.host())
}

fn add(mut fixture: Fixture, path: &str, text: &str) -> Fixture {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["discovery", file] => {
            let url = format!("/{}", file.trim_end_matches(".json").replace("__", "/"));
            fixture.document(&url, serde_json::from_str(text).unwrap())
        }
        ["resources", file] => {
            let plural = file.split('.').next().unwrap();
            let list: Value = serde_json::from_str(text).unwrap();
            for object in list["items"].as_array().unwrap() {
                fixture = fixture.with_plural(plural, object.clone());
            }
            fixture
        }
        ["logs", namespace, pod, file] => {
            let container = file.trim_end_matches(".log");
            let (container, previous) =
                container.strip_suffix(".previous").map_or((container, false), |container| (container, true));
            fixture.log(namespace, pod, container, previous, text)
        }
        _ => fixture,
    }
}

fn call(host: &Host, tool: &str, arguments: &Value) -> Result<Output, ToolError> {
    Component::invoke(host, tool, &arguments.to_string())
}

fn text(host: &Host, tool: &str, arguments: Value) -> String {
    call(host, tool, &arguments).unwrap_or_else(|error| panic!("{tool} {arguments}: {error}")).to_text()
}

const POD: &str = "worker-598d75d5d9-69pzv";

#[test]
fn an_oom_killed_worker_is_seen_by_every_tool() {
    let Some(host) = recording("oom-crashloop") else { return };
    let pods =
        text(&host, "kubectl_get_by_kind_in_namespace", json!({"kind": "pods", "namespace": "billing"}));
    assert!(pods.contains("13 (5m25s ago, OOMKilled, exit 137)"), "{pods}");
    let described =
        text(&host, "kubectl_describe", json!({"kind": "pod", "name": POD, "namespace": "billing"}));
    for expected in [
        "Limits: memory=256Mi",
        "OOMKilled, exit code 137",
        "BackOff",
        "PGPASSWORD from Secret postgres-auth key password",
    ] {
        assert!(described.contains(expected), "{expected} in\n{described}");
    }
    let query = json!({
        "kind": "pods",
        "jq_expr": ".items[] | select(any(.status.containerStatuses[]?; .lastState.terminated.reason == \"OOMKilled\")) | .metadata.name",
    });
    let answer = call(&host, "kubernetes_jq_query", &query).unwrap();
    assert_eq!(answer.json().unwrap()["results"], json!([POD]));
    let logs = text(&host, "fetch_pod_logs", json!({"pod_name": POD, "namespace": "billing", "limit": 5}));
    assert!(
        logs.contains("[worker] 2026-11-16 15:29:16,000 INFO [worker] loading ledger partition"),
        "{logs}"
    );
    assert!(logs.contains("worker (previous), worker"), "{logs}");
    let events = text(
        &host,
        "kubectl_events",
        json!({"resource_type": "pod", "resource_name": POD, "namespace": "billing"}),
    );
    assert!(events.contains("Warning  BackOff"), "{events}");
    let top = text(&host, "kubectl_top_nodes", json!({}));
    assert!(top.contains("nodes with metrics"), "{top}");
}

#[test]
fn a_deployment_service_node_and_claim_can_be_described() {
    let Some(host) = recording("oom-crashloop") else { return };
    let worker =
        text(&host, "kubectl_describe", json!({"kind": "deploy", "name": "worker", "namespace": "billing"}));
    assert!(worker.contains("Pods (1): Running 1"), "{worker}");
    let service =
        text(&host, "kubectl_describe", json!({"kind": "svc", "name": "postgres", "namespace": "billing"}));
    assert!(service.contains("Endpoints: ready 10."), "{service}");
    let nodes =
        call(&host, "kubernetes_jq_query", &json!({"kind": "nodes", "jq_expr": ".items[].metadata.name"}))
            .unwrap();
    let node = nodes.json().unwrap()["results"][0].clone();
    let node = text(&host, "kubectl_describe", json!({"kind": "node", "name": node}));
    assert!(node.contains("of allocatable"), "{node}");
    let claims = text(&host, "kubectl_get_by_kind_in_cluster", json!({"kind": "pvc"}));
    assert!(claims.contains("Bound"), "{claims}");
}

#[test]
fn every_kind_can_be_listed_and_secrets_stay_hidden() {
    let Some(host) = recording("oom-crashloop") else { return };
    let kinds = [
        "pods",
        "nodes",
        "services",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
        "ingresses",
        "configmaps",
        "secrets",
        "events",
        "namespaces",
        "hpa",
        "pdb",
        "pv",
        "sc",
        "endpointslices",
        "endpoints",
        "netpol",
        "featureflags",
        "leases",
        "crd",
        "clusterroles",
    ];
    for kind in kinds {
        let output = call(&host, "kubectl_get_by_kind_in_cluster", &json!({"kind": kind})).unwrap();
        let text = output.to_text();
        assert!(!output.is_no_data() && text.len() < 61_500, "{kind}");
        assert!(kind == "configmaps" || !text.contains("DO-NOT-LEAK"), "{kind}");
    }
    let secrets =
        text(&host, "kubernetes_jq_query", json!({"kind": "secrets", "jq_expr": ".items[] | .data"}));
    assert!(!secrets.contains("RkFLR") && secrets.contains("<hidden>"), "{secrets}");
}
