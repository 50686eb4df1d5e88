//! Row 19 and its neighbours for Azure: what a guest sees of the credential, of keys, and of other hosts.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};

use holmes_protocol::{ToolErrorKind, ToolOutcome};
use holmes_sandbox::{
    Cache, CacheKey, Compiler, Declared, Grant, PluginToolset, Settings,
    upstream::{Backend, Cassette, Kind, Recorder},
};
use serde_json::{Value, json};

use crate::world::{
    CANARY,
    arm::{Arm, Tokens},
    call, fails, hostile, house, recording, says,
};

fn bound(name: &str, backend: Backend) -> Settings {
    Settings {
        grants: BTreeMap::from([(name.to_owned(), Grant::All(Declared::Declared))]),
        upstreams: BTreeMap::from([(name.to_owned(), backend)]),
        ..Settings::default()
    }
}

async fn guest(arm: &Arm) -> PluginToolset {
    hostile(bound("azure-arm", arm.backend(Kind::AzureArm, Tokens::default(), None))).await
}

fn group(name: &str) -> Value {
    ask("GET", &format!("/subscriptions/s/resourceGroups/{name}"))
}

fn ask(method: &str, path: &str) -> Value {
    json!({"upstream": "azure-arm", "method": method, "path": path, "query": [["api-version", "2024-01-01"]]})
}

#[tokio::test]
async fn a_guest_never_sees_the_token() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = guest(&arm).await;
    let seen = says(&hostile, "request", group("echo")).await;
    assert!(seen.contains("[redacted]") && !seen.contains(CANARY), "{seen}");
    assert!(!seen.contains("cookie") && !seen.contains("www-authenticate"), "{seen}");
    let requests = arm.requests();
    assert!(requests[0].contains(&format!("authorization: Bearer {CANARY}-0")), "{requests:?}");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_a_missing_role_is_an_answer() {
    let _house = house().await;
    for (name, status, requests) in [("expired", "200", 2), ("locked", "401", 2), ("not-permitted", "401", 1)]
    {
        let arm = Arm::start().await;
        let seen = says(&guest(&arm).await, "request", group(name)).await;
        assert!(seen.starts_with(status), "{name}: {seen}");
        assert_eq!(arm.requests().len(), requests, "{name}");
    }
}

#[tokio::test]
async fn query_body_and_prefer_reach_the_service_and_nothing_else_does() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = guest(&arm).await;
    let mut graph = ask("POST", "/providers/Microsoft.ResourceGraph/resources");
    graph["body"] = json!(r#"{"query":"resources"}"#);
    graph["headers"] = json!([["prefer", "wait=60"], ["if-match", "x"]]);
    graph["query"] = json!([["api-version", "2021-03-01"], ["$skiptoken", "a&b=c"]]);
    says(&hostile, "request", graph).await;
    let sent = &arm.requests()[0];
    let line = "POST /providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01&%24skiptoken=a%26b%3Dc HTTP/1.1";
    assert_eq!(sent.lines().next(), Some(line));
    assert!(sent.ends_with("\r\n\r\n{\"query\":\"resources\"}"), "{sent}");
    assert!(sent.contains("prefer: wait=60") && sent.contains("content-type: application/json"), "{sent}");
    assert!(!sent.contains("if-match"), "{sent}");
    let mut get = group("shop");
    get["body"] = json!("{}");
    fails(&hostile, "request", get, ToolErrorKind::InvalidArguments).await;
    for header in ["X-HTTP-Method-Override", "x-ms-authorization-auxiliary", "Authorization", "host"] {
        let mut overridden = group("shop");
        overridden["headers"] = json!([[header, "DELETE"]]);
        fails(&hostile, "request", overridden, ToolErrorKind::InvalidArguments).await;
    }
    assert_eq!(arm.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_and_a_budget_that_is_spent_are_answers() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = guest(&arm).await;
    assert_eq!(says(&hostile, "request", group("redirect")).await.trim(), "302");
    let seen = says(&hostile, "request", group("busy")).await;
    for line in ["429", "retry-after: 7", "x-ms-ratelimit-remaining-subscription-reads: 0"] {
        assert!(seen.lines().any(|seen| seen == line), "{seen}");
    }
    assert_eq!(arm.requests().len(), 2);
}

#[tokio::test]
async fn keys_in_an_answer_are_masked_and_what_can_not_be_masked_is_withheld() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = guest(&arm).await;
    let seen = says(&hostile, "request", group("secrets")).await;
    assert!(!seen.contains("PLANTED") && seen.contains("<redacted:azure:"), "{seen}");
    let error = fails(&hostile, "request", group("garbage"), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("withheld") && !error.message.contains("PLANTED"), "{error:?}");
    let error = fails(&hostile, "request", group("large"), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("ask for less"), "{error:?}");
}

#[tokio::test]
async fn what_is_never_allowed_is_refused_before_anybody_is_dialled() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = guest(&arm).await;
    let cluster = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
    for (method, path) in [
        ("POST", format!("{cluster}/listClusterAdminCredential")),
        ("POST", format!("{cluster}/LISTclusterUSERcredential")),
        ("GET", format!("{cluster}/listKeys")),
        ("POST", format!("{cluster}/runCommand")),
        ("POST", format!("{cluster}/stop")),
        ("DELETE", cluster.to_owned()),
        ("PATCH", cluster.to_owned()),
    ] {
        let error = fails(&hostile, "request", ask(method, &path), ToolErrorKind::PolicyDenied).await;
        assert!(error.message.contains("never:"), "{error:?}");
    }
    for path in [
        "https://evil.example/subscriptions/s",
        "//evil.example/subscriptions/s",
        "/subscriptions/s/../../batch",
        "/subscriptions/s%2f..%2fbatch",
        "/batch",
    ] {
        fails(&hostile, "request", ask("GET", path), ToolErrorKind::InvalidArguments).await;
    }
    assert!(arm.requests().is_empty(), "{:?}", arm.requests());
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent_and_the_reason_is_told() {
    let _house = house().await;
    let arm = Arm::start().await;
    let hostile = hostile(bound("azure-arm", arm.backend(Kind::AzureArm, Tokens::none(), None))).await;
    let error = fails(&hostile, "request", group("shop"), ToolErrorKind::Unauthorized).await;
    assert!(error.message.contains("no link of the chain has a credential"), "{error:?}");
    assert!(arm.requests().is_empty());
}

#[tokio::test]
async fn what_was_recorded_is_played_back_and_holds_no_secret() {
    let _house = house().await;
    let arm = Arm::start().await;
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), Kind::AzureArm).unwrap();
    let live = arm.backend(Kind::AzureArm, Tokens::default(), Some(recorder));
    let live = hostile(bound("azure-arm", live)).await;
    let mut graph = ask("POST", "/providers/Microsoft.ResourceGraph/resources");
    graph["body"] = json!(r#"{"query":"resources","options":{"$top":1}}"#);
    let asked = [group("echo"), group("secrets"), group("busy"), group("redirect"), graph.clone()];
    let mut answers = Vec::new();
    for ask in &asked {
        answers.push(says(&live, "request", ask.clone()).await);
    }
    drop(arm);
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), asked.len() + 1, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for secret in [CANARY, "PLANTED"] {
            assert!(!text.contains(secret), "{secret} in {file:?}: {text}");
        }
    }
    let (mut cassettes, warnings) = Cassette::open(folder.path()).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let played = hostile(bound("azure-arm", Backend::Cassette(Arc::new(cassettes.remove(0))))).await;
    for (ask, live) in asked.iter().zip(&answers) {
        let played = says(&played, "request", ask.clone()).await;
        let status = |seen: &str| seen.lines().next().map(str::to_owned);
        assert_eq!(status(&played), status(live), "{ask}");
        assert!(!played.contains("PLANTED"), "{played}");
    }
    // The order of a query and of a body's keys says nothing; its values do.
    graph["body"] = json!(r#"{"options":{"$top":1},"query":"resources"}"#);
    says(&played, "request", graph.clone()).await;
    graph["body"] = json!(r#"{"options":{"$top":2},"query":"resources"}"#);
    let error = fails(&played, "request", graph, ToolErrorKind::Unavailable).await;
    assert!(
        error.message.contains("no answer to `POST /providers/microsoft.resourcegraph/resources"),
        "{error:?}"
    );
    assert!(!error.retryable);
    // The same policy stands before it.
    fails(&played, "request", ask("POST", "/subscriptions/s/x/listKeys"), ToolErrorKind::PolicyDenied).await;
}

#[tokio::test]
async fn a_name_bound_to_another_kind_or_granted_in_its_words_is_refused_at_load() {
    let _house = house().await;
    let wrong = |settings: Settings| async move {
        crate::world::load_hostile(settings).await.map(drop).expect_err("it loaded").to_string()
    };
    let error = wrong(bound("azure-arm", recording())).await;
    assert!(error.contains("`azure-arm`") && error.contains("kind `kubernetes`"), "{error}");
    let rules = serde_json::from_value(json!([{"methods": ["GET"], "paths": ["/a"]}])).unwrap();
    let grants = BTreeMap::from([("kubernetes".to_owned(), rules)]);
    let error = wrong(Settings { grants, ..Settings::default() }).await;
    assert!(error.contains("verbs"), "{error}");
}

/// What the audit trail wrote.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_audit_trail_names_operation_and_path_and_no_token() {
    let _house = house().await;
    let arm = Arm::start().await;
    let lines = Lines::default();
    let cache = Cache { folder: crate::world::cache_folder(), key: CacheKey::from_secret(b"only for tests") };
    let audit = holmes_telemetry::audit::Audit::to_writer(lines.clone());
    let sandbox = crate::world::audited(Compiler::InProcess, Some(cache), audit);
    let settings = bound("azure-arm", arm.backend(Kind::AzureArm, Tokens::default(), None));
    let hostile = sandbox.load(crate::world::scanned_hostile(), settings).await.unwrap();
    let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/detectors/d";
    says(&hostile, "request", ask("GET", path)).await;
    let denied = call(&hostile, "request", ask("POST", &format!("{path}/listKeys"))).await;
    assert!(matches!(denied, ToolOutcome::Failure(_)));
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let records: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let operation = "Microsoft.ContainerService/managedClusters/detectors";
    assert_eq!(records[0]["request"], format!("GET {operation}/read {path}"));
    assert_eq!(records[0]["status"], 200);
    assert_eq!(records[1]["request"], format!("POST {operation}/listKeys/action {path}/listKeys"));
    assert_eq!(records[1]["decision"], "denied");
    assert!(!written.contains(CANARY), "{written}");
}
