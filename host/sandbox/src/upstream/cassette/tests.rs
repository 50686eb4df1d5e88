//! What a folder or an archive of exchanges answers, and what is said when it does not.

use std::fs;

use serde_json::json;

use super::*;
use crate::upstream::target::{Target, Verdict};

const HEAD_ARM: &str = r#"{"version": 1, "kind": "azure-arm", "recordedAt": "2026-01-02T03:04:05Z"}"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn exchange(query: &Value, body: &Value) -> String {
    json!({
        "request": {"method": "GET", "path": "/Subscriptions/S", "query": query},
        "response": {"status": 200, "headers": {"Content-Type": "application/json", "Set-Cookie": "x"}, "body": body},
    })
    .to_string()
}

fn ask(cassette: &Cassette, path: &str, query: &[(&str, &str)]) -> Result<Answer, SendError> {
    let query: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let Ok(Target::Service(request)) = Target::read("azure-arm", &http::Method::GET, path, &query) else {
        panic!("{path} is not read")
    };
    let placeholder = |kind: &str, _: &[u8]| format!("<redacted:{kind}:00000000>");
    let allowed = Allowed {
        path,
        query: &query,
        headers: &[],
        body: None,
        placeholder: &placeholder,
        largest: 1 << 20,
    };
    cassette.answer(&request, &allowed)
}

async fn text(answer: Answer) -> String {
    use futures::TryStreamExt as _;
    let bytes: Vec<Bytes> = answer.body.try_collect().await.unwrap();
    String::from_utf8(bytes.concat()).unwrap()
}

#[tokio::test]
async fn a_recorded_request_is_found_whatever_the_order_of_its_query_and_its_case() {
    let recorded = exchange(&json!({"b": "2", "a": "1"}), &json!({"adminPassword": "PLANTED", "x": 1}));
    let folder = folder(&[("cassette.json", HEAD_ARM), ("one.json", &recorded)]);
    let (cassettes, warnings) = Cassette::open(folder.path()).unwrap();
    let cassette = &cassettes[0];
    assert_eq!((warnings.len(), cassette.exchanges(), cassette.kind()), (0, 1, Kind::AzureArm));
    assert_eq!(cassette.recorded_at(), "2026-01-02T03:04:05Z");
    let answer = ask(cassette, "/subscriptions/s", &[("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(answer.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    assert_eq!(text(answer).await, r#"{"adminPassword":"<redacted:azure:00000000>","x":1}"#);
}

#[test]
fn an_unknown_request_is_named_and_a_near_one_is_told() {
    let recorded = exchange(&json!([["a", "1"], ["a", "2"]]), &json!({}));
    let folder = folder(&[("cassette.json", HEAD_ARM), ("one.json", &recorded)]);
    let (cassettes, _) = Cassette::open(folder.path()).unwrap();
    assert!(ask(&cassettes[0], "/subscriptions/s", &[("a", "2"), ("a", "1")]).is_ok());
    let text = |path, query: &[(&str, &str)]| match ask(&cassettes[0], path, query) {
        Err(error @ SendError::NotRecorded(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was answered"),
    };
    assert_eq!(
        text("/subscriptions/s", &[("a", "1")]),
        "the cassette has no answer to `GET /subscriptions/s?a=1`; it has this path with another query or body"
    );
    assert_eq!(text("/subscriptions/t", &[]), "the cassette has no answer to `GET /subscriptions/t`");
}

#[test]
fn cassettes_of_several_kinds_may_lie_in_one_folder() {
    let logs = HEAD_ARM.replace("azure-arm", "azure-logs");
    let one = exchange(&json!({}), &json!({}));
    let folder = folder(&[
        ("azure-arm/cassette.json", HEAD_ARM),
        ("azure-arm/one.json", &one),
        ("azure-logs/cassette.json", &logs),
        ("azure-logs/readme.md", "not an exchange"),
        ("notes.json", "{}"),
    ]);
    let (cassettes, warnings) = Cassette::open(folder.path()).unwrap();
    let kinds: Vec<Kind> = cassettes.iter().map(Cassette::kind).collect();
    assert_eq!(kinds, [Kind::AzureArm, Kind::AzureLogs]);
    assert_eq!((cassettes[0].exchanges(), cassettes[1].exchanges(), warnings.len()), (1, 0, 0));
}

#[test]
fn what_is_no_cassette_is_refused_in_one_sentence() {
    for (head, words) in [
        (HEAD_ARM.replace("azure-arm", "kubernetes"), "`kind` is `kubernetes`"),
        (HEAD_ARM.replace(": 1", ": 2"), "`version` is 2"),
        (HEAD_ARM.replace("2026-01-02T03:04:05Z", "yesterday"), "cassette.json"),
        ("{".to_owned(), "cassette.json"),
    ] {
        let folder = folder(&[("cassette.json", head.as_str())]);
        let error = Cassette::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let empty = folder(&[("other.json", "{}")]);
    assert!(Cassette::open(empty.path()).unwrap_err().to_string().contains("no `cassette.json`"));
    let twice = folder(&[("a/cassette.json", HEAD_ARM), ("b/cassette.json", HEAD_ARM)]);
    assert!(Cassette::open(twice.path()).unwrap_err().to_string().contains("another cassette"));
    let broken = folder(&[("cassette.json", HEAD_ARM), ("one.json", "{\"request\": 1}")]);
    let (_, warnings) = Cassette::open(broken.path()).unwrap();
    assert!(warnings[0].to_string().contains("`one.json`: is no exchange"), "{warnings:?}");
}

#[test]
fn an_exchange_may_name_its_own_kind() {
    let head = HEAD_ARM.replace(r#""kind": "azure-arm", "#, "");
    let bare = exchange(&json!({}), &json!({}));
    let kind = |name: &str| bare.replacen('{', &format!(r#"{{"kind": "{name}","#), 1);
    let (arm, logs, other) = (kind("azure-arm"), kind("azure-logs"), kind("kubernetes"));
    let folder = folder(&[
        ("cassette.json", &head),
        ("1.json", &arm),
        ("2.json", &logs),
        ("3.json", &other),
        ("4.json", &bare),
    ]);
    let (cassettes, warnings) = Cassette::open(folder.path()).unwrap();
    let kinds: Vec<(Kind, usize)> =
        cassettes.iter().map(|cassette| (cassette.kind(), cassette.exchanges())).collect();
    assert_eq!(kinds, [(Kind::AzureArm, 1), (Kind::AzureLogs, 1)]);
    assert!(warnings[0].to_string().contains("`kind` is `kubernetes`"), "{warnings:?}");
    assert!(warnings[1].to_string().contains("it names no `kind`"), "{warnings:?}");
}

#[test]
fn a_recording_goes_on_at_its_own_moment() {
    let going = folder(&[("cassette.json", HEAD_ARM)]);
    assert_eq!(Recorder::open(going.path(), Kind::AzureArm).unwrap().now_unix_ms(), 1_767_323_045_000);
    let begun = tempfile::tempdir().unwrap();
    let first = Recorder::open(begun.path(), Kind::AzureArm).unwrap().now_unix_ms();
    assert_eq!(Recorder::open(begun.path(), Kind::AzureLogs).unwrap().now_unix_ms(), first);
    assert!(Cassette::open(begun.path()).unwrap().0.is_empty());
    let other = folder(&[("cassette.json", "{}")]);
    assert!(Recorder::open(other.path(), Kind::AzureArm).is_err());
}

#[test]
fn the_cassettes_of_the_repository_open_without_a_warning_and_hold_nothing_but_reads() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/azure");
    let (cassettes, warnings) = Cassette::open(&examples).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(cassettes.iter().any(|cassette| cassette.kind() == Kind::AzureArm && cassette.exchanges() > 10));
    for cassette in &cassettes {
        for key in cassette.exchanges.keys().map(ToString::to_string) {
            let (method, path) = key.split_once(' ').unwrap();
            let method = http::Method::from_bytes(method.as_bytes()).unwrap();
            let path = path.split('?').next().unwrap();
            match Target::read(cassette.kind().as_str(), &method, path, &[]) {
                Ok(Target::Service(request)) => assert_eq!(request.verdict, Verdict::Read, "{key}"),
                other => panic!("{key}: {other:?}"),
            }
        }
    }
}
