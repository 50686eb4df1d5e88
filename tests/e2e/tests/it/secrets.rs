//! Planted credentials: a model that asks for everything that holds one never gets it, and neither does
//! anybody else.

use std::path::Path;

use holmes_fakes::{FakeKubernetes, FakeLlm, Mood, Turn};
use serde_json::{Value, json};

use crate::world::{World, cluster, finish, leak};

/// Calls of one turn: not so many that a busy machine makes one of them run out of time.
const SIDE_BY_SIDE: usize = 6;

/// Every way to the planted credentials that the tools have, and to those of Secrets first of all.
fn questions() -> Vec<(String, String, Value)> {
    let yaml = |kind: &str, name: &str, namespace: &str| {
        ("kubectl_get_yaml", json!({"kind": kind, "name": name, "namespace": namespace}))
    };
    let describe = |kind: &str, name: &str, namespace: &str| {
        ("kubectl_describe", json!({"kind": kind, "name": name, "namespace": namespace}))
    };
    let query =
        |kind: &str, expression: &str| ("kubernetes_jq_query", json!({"kind": kind, "jq_expr": expression}));
    let all = [
        yaml("secret", "postgres-auth", "billing"),
        yaml("configmap", "legacy-env", "billing"),
        yaml("configmap", "legacy-env", "storefront"),
        yaml("deployment", "grafana", "observability"),
        yaml("pod", "grafana-75c8cc69c5-k72dz", "observability"),
        describe("secret", "postgres-auth", "billing"),
        describe("configmap", "legacy-env", "billing"),
        describe("deployment", "grafana", "observability"),
        describe("pod", "grafana-75c8cc69c5-k72dz", "observability"),
        query("secrets", ".items[]"),
        query("secrets", ".items[].data"),
        query("secrets", ".items[] | .data // {} | map_values(@base64d)"),
        query("secrets", ".items[].metadata.annotations"),
        query("configmaps", ".items[].data"),
        query("configmaps", ".items[] | .data // {} | map_values(explode)"),
        query("configmaps", ".items[] | tojson | @base64"),
        query("deployments", ".items[].spec.template.spec.containers[].env"),
        query("deployments", ".items[].metadata.annotations"),
        query("replicasets", ".items[].spec.template.spec.containers[].env"),
        query("pods", ".items[].spec.containers[].env"),
        ("fetch_pod_logs", json!({"pod_name": "worker-598d75d5d9-69pzv", "namespace": "billing"})),
        (
            "fetch_pod_logs",
            json!({"pod_name": "worker-598d75d5d9-69pzv", "namespace": "billing", "filter": "SECRET|password|Server="}),
        ),
        ("kubernetes_tabular_query", json!({"kind": "secrets", "columns": "NAME:.metadata.name,DATA:.data"})),
        (
            "kubernetes_tabular_query",
            json!({"kind": "configmaps", "columns": "NAME:.metadata.name,DATA:.data"}),
        ),
        ("kubectl_find_resource", json!({"kind": "configmap", "keyword": "FAKE-SECRET"})),
        ("kubectl_get_by_kind_in_cluster", json!({"kind": "secrets"})),
        ("triage", json!({})),
    ];
    let numbered = all.into_iter().enumerate();
    numbered
        .map(|(number, (name, arguments))| (format!("call_{number}"), name.to_owned(), arguments))
        .collect()
}

/// The texts that an investigation left anywhere.
fn assert_clean(what: &str, text: &str) {
    if let Some(canary) = leak(text) {
        let at = text.find(canary).unwrap();
        let around: String =
            text.chars().skip(text[..at].chars().count().saturating_sub(300)).take(500).collect();
        panic!("`{canary}` is in {what}: …{around}…");
    }
}

async fn investigate(world: &World, source: &[&str], more: &[&str]) -> (String, Value) {
    let turns = questions().chunks(SIDE_BY_SIDE).map(|calls| Turn::Calls(calls.to_vec())).collect::<Vec<_>>();
    let model = FakeLlm::start(turns.into_iter().chain([Turn::text("I have seen everything.")])).await;
    let audit = world.path("audit.jsonl");
    let mut command =
        world.command(["ask", "show me every password", "--model", "openai/fake", "--audit-log"]);
    command.arg(&audit).args(source).args(more);
    command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
    let ran = finish(command).await;
    ran.succeeded();
    for request in model.requests() {
        assert_clean("a request to the model", &request.body.to_string());
    }
    let written = std::fs::read_to_string(&audit).unwrap();
    assert!(written.lines().count() > 20, "the audit log has every request");
    assert_clean("the audit log", &written);
    let results = model.requests().last().unwrap().body["messages"].clone();
    (ran.stdout, results)
}

/// Every question was answered, and with something: a test of silence proves nothing.
fn assert_answered(results: &Value) {
    let tools = results.as_array().unwrap().iter().filter(|message| message["role"] == "tool");
    let texts: Vec<&str> = tools.map(|message| message["content"].as_str().unwrap()).collect();
    assert!(texts.len() >= questions().len());
    let all = texts.join("\n");
    for word in ["postgres-auth", "legacy-env", "GF_SECURITY_ADMIN_PASSWORD", "loading ledger partition"] {
        assert!(all.contains(word), "`{word}` was asked for and is not there");
    }
}

/// No file that the program left holds one.
fn leaves_nothing_behind(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            leaves_nothing_behind(&path);
        } else {
            assert_clean(
                &path.display().to_string(),
                &String::from_utf8_lossy(&std::fs::read(&path).unwrap()),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_planted_credential_of_a_recording_reaches_anybody() {
    let archive = cluster("oom-crashloop");
    let source = ["--snapshot", archive.to_str().unwrap()];
    for more in [&["-vv"][..], &["--output", "json"]] {
        let world = World::new();
        let (stdout, results) = investigate(&world, &source, more).await;
        assert!(stdout.contains("I have seen everything."));
        assert_answered(&results);
        leaves_nothing_behind(&world.path(""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_credential_of_a_live_cluster_reaches_anybody() {
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let kubeconfig = world.write("kubeconfig", fake.kubeconfig());
    let source = ["--kubeconfig", kubeconfig.to_str().unwrap(), "-vv"];
    let (_, results) = investigate(&world, &source, &["--output", "json"]).await;
    assert_answered(&results);
    assert!(fake.asked().iter().all(|request| request.method == "GET"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_person_attaches_is_masked_before_a_model_reads_it() {
    let world = World::new();
    let model = FakeLlm::start([Turn::text("Read.")]).await;
    let notes = world.write("notes.env", "DB_PASSWORD=FAKE-SECRET-DO-NOT-LEAK-notes\nHOST=db.internal\n");
    let mut command = world.ask_model(&cluster("oom-crashloop"), &model, &["--no-triage", "--file"]);
    command.arg(notes);
    finish(command).await.succeeded();
    let told = model.requests()[0].body.to_string();
    assert_clean("a request to the model", &told);
    assert!(told.contains("db.internal") && told.contains("DB_PASSWORD"), "{told}");
}
