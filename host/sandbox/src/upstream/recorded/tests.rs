//! A recording answers as an API server would, and hostile ones do no harm.

mod answers;
mod examples;
mod hostile;
mod kubectl;
mod large;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::upstream::kubernetes::resolve;

const CANARY: &str = "FAKE-SECRET-DO-NOT-LEAK";

fn placeholder(kind: &str, value: &[u8]) -> String {
    format!("<redacted:{kind}:{:08x}>", value.len())
}

/// Asks as a guest would: a path with its query behind `?`.
fn ask(recording: &Recording, path: &str) -> Answer {
    send(recording, "GET", path)
}

fn send(recording: &Recording, method: &str, path: &str) -> Answer {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let method = http::Method::from_bytes(method.as_bytes()).unwrap();
    recording.answer(&resolve(&method, path, &query).unwrap(), &query, &placeholder)
}

fn parsed(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {:?}", answer.body))
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

/// `namespace/name` of every item.
fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let list = parsed(answer);
    let metadata = list["items"].as_array().unwrap().iter().map(|item| &item["metadata"]);
    metadata
        .map(|metadata| match metadata["namespace"].as_str() {
            Some(namespace) => format!("{namespace}/{}", metadata["name"].as_str().unwrap()),
            None => metadata["name"].as_str().unwrap().to_owned(),
        })
        .collect()
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn pod(namespace: &str, name: &str, node: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name},
            "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {"nodeName": node, "containers": [{"name": "app"}], "initContainers": [{"name": "setup"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}})
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn shop() -> (TempDir, Recording) {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = pod("shop", "pair", "n1");
    pair["spec"]["containers"] = json!([{"name": "a"}, {"name": "b"}]);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
        "stringData": {"password": CANARY}, "type": "Opaque"});
    let pods = [pod("shop", "web", "n1"), pod("shop-b", "api", "n2"), pair, pod("shop", "idle", "")];
    let log = "2026-01-02T03:00:00Z one\n  more\n2026-01-02T03:59:00Z two\n2026-01-02T03:59:30Z three\n";
    write(
        folder.path(),
        &[
            ("snapshot.json", r#"{"recordedAt": "2026-01-02T04:00:00Z", "cluster": "test"}"#),
            ("version.json", r#"{"major": "1", "minor": "36"}"#),
            ("forbidden.json", r#"[{"group": "", "resource": "nodes"}]"#),
            (
                "unavailable.json",
                r#"[{"group": "metrics.k8s.io", "status": 503, "message": "the server is currently unable to handle the request"}]"#,
            ),
            ("resources/pods.core.json", &list(&pods)),
            ("resources/secrets.core.json", &list(&[secret])),
            (
                "resources/namespaces.core.json",
                &list(&[json!({"kind": "Namespace", "metadata": {"name": "shop"}})]),
            ),
            ("logs/shop/web/app.log", log),
        ],
    );
    let (recording, warnings) = Recording::open(folder.path()).unwrap();
    assert_eq!(warnings, []);
    (folder, recording)
}
