//! What others write, and more of it than fits into memory.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

fn open(files: &[(&str, &str)]) -> (TempDir, Recording) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let (recording, warnings) = Recording::open(folder.path()).unwrap();
    assert_eq!(warnings, []);
    (folder, recording)
}

fn typed(kind: &str, items: &[Value]) -> String {
    let bare = items.iter().cloned().map(|mut item| {
        item.as_object_mut().unwrap().retain(|key, _| key != "kind" && key != "apiVersion");
        item
    });
    json!({"kind": kind, "apiVersion": "v1", "metadata": {}, "items": bare.collect::<Vec<_>>()}).to_string()
}

#[test]
fn a_must_gather_is_a_cluster() {
    let pods = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: web, namespace: shop}\n  spec: {nodeName: n1, containers: [{name: app}]}\n";
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n";
    let at = |path: &str| format!("must-gather.local.1/quay-io-x/{path}");
    let (_folder, recording) = open(&[
        (&at("namespaces/shop/core/pods.yaml"), pods),
        (&at("cluster-scoped-resources/core/nodes/n1.yaml"), node),
        (&at("namespaces/shop/pods/web/app/app/logs/current.log"), "one\ntwo\n"),
        (&at("namespaces/shop/pods/web/app/app/logs/previous.log"), "before\n"),
        (&at("host_service_logs/masters/kubelet_service.log"), "unrelated\n"),
        (&at("version"), "4.18"),
    ]);
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
    assert_eq!(names(&ask(&recording, "/api/v1/nodes")), ["n1"]);
    assert_eq!(text(&ask(&recording, "/api/v1/namespaces/shop/pods/web/log?tailLines=1")), "two\n");
    assert_eq!(text(&ask(&recording, "/api/v1/namespaces/shop/pods/web/log?previous=true")), "before\n");
    assert_eq!(parsed(&ask(&recording, "/api/v1/secrets"))["reason"], "NotRecorded");
}

#[test]
fn a_support_bundle_is_a_cluster() {
    let array = json!([{"metadata": {"name": "data", "namespace": "shop"}}]).to_string();
    let (_folder, recording) = open(&[
        ("b/cluster-resources/pods/shop.json", &typed("PodList", &[pod("shop", "web", "n1")])),
        ("b/cluster-resources/pvcs/shop.json", &array),
        ("b/cluster-resources/pods/logs/shop/web/app.log", "now\n"),
        ("b/cluster-resources/pods/logs/shop/web/app-previous.log", "before\n"),
        ("b/analysis.json", r#"[{"name": "a"}]"#),
        ("b/cluster-info/cluster_version.json", r#"{"info": {}, "string": "v1.30"}"#),
    ]);
    assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
    let claim = parsed(&ask(&recording, "/api/v1/namespaces/shop/persistentvolumeclaims/data"));
    assert_eq!(claim["kind"], "PersistentVolumeClaim");
    assert_eq!(text(&ask(&recording, "/api/v1/namespaces/shop/pods/web/log")), "now\n");
    assert_eq!(text(&ask(&recording, "/api/v1/namespaces/shop/pods/web/log?previous=true")), "before\n");
}

#[test]
fn a_cluster_info_dump_is_a_cluster_as_a_folder_and_as_text() {
    let pods = typed("PodList", &[pod("shop", "web", "n1")]);
    let nodes = typed("NodeList", &[json!({"metadata": {"name": "n1"}})]);
    let logs = "==== START logs for container app of pod shop/web ====\n{\"level\":1}\ntwo\n==== END logs for container app of pod shop/web ====\n";
    let (_folder, recording) =
        open(&[("nodes.json", &nodes), ("shop/pods.json", &pods), ("shop/web/logs.txt", logs)]);
    let (_other, as_text) =
        open(&[("dump", &format!("{nodes}\n{pods}\n{logs}{}\n", typed("EventList", &[])))]);
    for recording in [recording, as_text] {
        assert_eq!(names(&ask(&recording, "/api/v1/pods")), ["shop/web"]);
        assert_eq!(names(&ask(&recording, "/api/v1/nodes")), ["n1"]);
        let log = ask(&recording, "/api/v1/namespaces/shop/pods/web/log");
        assert_eq!(text(&log), "{\"level\":1}\ntwo\n");
    }
}

#[test]
fn secrets_of_a_list_that_tells_its_kind_last_are_masked() {
    let secret = json!({"metadata": {"name": "db", "namespace": "shop"}, "stringData": {"p": CANARY}});
    let (_folder, recording) = open(&[(
        "all.json",
        &format!("{{\"items\":[{secret}],\"kind\":\"SecretList\",\"apiVersion\":\"v1\"}}"),
    )]);
    for path in ["/api/v1/secrets", "/api/v1/namespaces/shop/secrets/db"] {
        let answer = ask(&recording, path);
        assert!(answer.status == 200 && !text(&answer).contains(CANARY), "{path}");
    }
    assert!(!format!("{recording:?}").contains(CANARY));
}

#[test]
fn a_kind_whose_file_is_damaged_is_unknown_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("resources/pods.core.json", "{\"items\":[{\"metadata\":"),
            ("resources/nodes.core.json", &list(&[])),
        ],
    );
    let (recording, warnings) = Recording::open(folder.path()).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(parsed(&ask(&recording, "/api/v1/pods"))["reason"], "NotRecorded");
    assert_eq!(names(&ask(&recording, "/api/v1/nodes")), Vec::<String>::new());
}

#[test]
fn only_recorded_namespaces_are_known_and_stamps_of_logs_are_taken_off() {
    let log = "2026-01-02T03:00:00Z one\n2026-01-02T03:59:00Z two\n";
    let (_folder, recording) = open(&[
        (
            "snapshot.json",
            r#"{"recordedAt":"2026-01-02T04:00:00Z","namespaces":["shop"],"logTimestamps":true}"#,
        ),
        ("resources/pods.core.json", &list(&[pod("shop", "web", "n1")])),
        ("logs/shop/web/app.log", log),
    ]);
    assert_eq!(names(&ask(&recording, "/api/v1/namespaces/shop/pods")), ["shop/web"]);
    assert_eq!(parsed(&ask(&recording, "/api/v1/namespaces/other/pods"))["reason"], "NotRecorded");
    let path = "/api/v1/namespaces/shop/pods/web/log";
    assert_eq!(text(&ask(&recording, path)), "one\ntwo\n");
    assert_eq!(text(&ask(&recording, &format!("{path}?timestamps=true"))), log);
    assert_eq!(text(&ask(&recording, &format!("{path}?sinceSeconds=120"))), "two\n");
}

#[test]
fn more_logs_than_memory_are_opened_and_read_from_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar.gz");
    let encoder = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
    let mut archive = Builder::new(encoder);
    let mut add = |name: &str, length: u64, reader: &mut dyn std::io::Read| {
        let mut header = Header::new_gnu();
        header.set_size(length);
        archive.append_data(&mut header, name, reader).unwrap();
    };
    let pods = list(&[pod("shop", "web", "n1")]);
    let end = b"\nlast line\n";
    let length = 80 << 20;
    add(
        "logs/shop/web/app.log",
        length + 11,
        &mut std::io::Read::chain(std::io::repeat(b'x').take(length), &end[..]),
    );
    add("resources/pods.core.json", pods.len() as u64, &mut pods.as_bytes());
    archive.into_inner().unwrap().finish().unwrap().flush().unwrap();

    let (recording, warnings) = Recording::open(&path).unwrap();
    assert_eq!(warnings, []);
    assert!(matches!(recording.store, Store::File(_)), "on disk");
    let path = "/api/v1/namespaces/shop/pods/web/log";
    assert_eq!(text(&ask(&recording, &format!("{path}?tailLines=1"))), "last line\n");
    assert_eq!(text(&ask(&recording, &format!("{path}?limitBytes=3"))), "xxx");
    let refused = ask(&recording, path);
    assert_eq!(refused.status, 400);
    assert!(text(&refused).contains("tailLines"), "{}", text(&refused));
}
