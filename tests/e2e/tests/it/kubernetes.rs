//! The toolset `kubernetes`: each tool once, asked for by a model, of a recording and of a live cluster.

use std::process::Command;

use holmes_fakes::{FakeKubernetes, FakeLlm, Mood, Turn};
use regex::Regex;
use serde_json::{Value, json};

use crate::world::{World, cluster, finish};

const RECORDING: &str = "oom-crashloop";
const POD: &str = "worker-598d75d5d9-69pzv";

type Call = (String, String, Value);

/// A call of each tool; kinds that every cluster serves.
fn calls() -> Vec<Call> {
    let pod = json!({"kind": "pod", "name": POD, "namespace": "billing"});
    let calls = [
        ("kubectl_describe", pod.clone()),
        ("kubectl_get_by_name", pod.clone()),
        ("kubectl_get_yaml", json!({"kind": "secret", "name": "postgres-auth", "namespace": "billing"})),
        ("kubectl_get_by_kind_in_namespace", json!({"kind": "pods", "namespace": "billing"})),
        ("kubectl_get_by_kind_in_cluster", json!({"kind": "deploy"})),
        ("kubectl_find_resource", json!({"kind": "pods", "keyword": "worker"})),
        ("kubectl_events", json!({"resource_type": "pod", "resource_name": POD, "namespace": "billing"})),
        ("kubernetes_jq_query", json!({"kind": "pods", "jq_expr": "[.items[].spec.nodeName] | unique"})),
        (
            "kubernetes_count",
            json!({"kind": "pods", "jq_expr": ".items[]|.metadata.name", "namespace": "billing"}),
        ),
        ("kubernetes_tabular_query", json!({"kind": "nodes", "columns": "N:.metadata.name"})),
        ("fetch_pod_logs", json!({"pod_name": "api-*", "namespace": "billing", "filter": "invoices"})),
        ("kubectl_top_pods", json!({"namespace": "billing"})),
        ("kubectl_top_nodes", json!({})),
        (
            "get_prometheus_target",
            json!({"prometheus_namespace": "observability", "prometheus_service_name": "prometheus", "target_name": "api"}),
        ),
    ];
    numbered(calls)
}

fn numbered(calls: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<Call> {
    let call = |(number, (tool, arguments)): (usize, (&str, Value))| {
        (number.to_string(), tool.to_owned(), arguments)
    };
    calls.into_iter().enumerate().map(call).collect()
}

/// The results of calls that a model makes in one turn.
async fn called(calls: Vec<Call>, command: impl FnOnce(&World, &FakeLlm) -> Command) -> Vec<Value> {
    let world = World::new();
    let model = FakeLlm::start([Turn::Calls(calls), Turn::text(".")]).await;
    let ran = finish(command(&world, &model)).await;
    ran.succeeded().json()["tool_calls"].as_array().unwrap().clone()
}

async fn of_recording(calls: Vec<Call>) -> Vec<Value> {
    called(calls, |world, model| {
        world.ask_model(&cluster(RECORDING), model, &["--no-triage", "--output", "json"])
    })
    .await
}

async fn of_live(fake: &FakeKubernetes, calls: Vec<Call>) -> Vec<Value> {
    let kubeconfig = fake.kubeconfig();
    called(calls, |world, model| {
        let file = world.write("kubeconfig", kubeconfig);
        let mut command = world.command(["ask", "why?", "--no-triage", "--output", "json", "--kubeconfig"]);
        command.arg(file).args(["--model", "openai/fake"]);
        command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
        command
    })
    .await
}

/// Without what differs between two runs: moments, ages, the room that ages take, and each run's own placeholders.
fn timeless(text: &str) -> String {
    let moments = Regex::new(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?Z?").unwrap();
    let ages = Regex::new(r"\b(\d+[ydhms])+\b").unwrap();
    let placeholders = Regex::new(r"<redacted:([a-z-]+):[0-9a-f]{8}>").unwrap();
    let room = Regex::new(" {2,}").unwrap();
    // Some of a placeholder's digits look like a value of their own, and are masked once more.
    let nested = Regex::new("<redacted:([a-z-]+):<redacted:[a-z-]+>").unwrap();
    let text = placeholders.replace_all(text, "<redacted:$1>");
    let text = nested.replace_all(&text, "<redacted:$1>");
    let text = moments.replace_all(&text, "MOMENT");
    let text = ages.replace_all(&text, "AGE");
    room.replace_all(&text, "  ").into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_tool_reads_a_live_cluster_in_small_pages_as_it_reads_its_recording() {
    let fake = FakeKubernetes::recorded(&cluster(RECORDING)).page_size(7).expiring(1).start().await;
    let (recorded, live) = (of_recording(calls()).await, of_live(&fake, calls()).await);
    assert_eq!(recorded.len(), calls().len());
    for (recorded, live) in recorded.iter().zip(&live) {
        let tool = recorded["tool"].as_str().unwrap();
        let (before, now) = (recorded["text"].as_str().unwrap(), live["text"].as_str().unwrap());
        assert_eq!(timeless(now), timeless(before), "{tool}");
        assert_eq!(live["outcome"], recorded["outcome"], "{tool}");
        // The one way that a host refuses to everybody.
        let refused = tool == "get_prometheus_target";
        assert_eq!(live["outcome"] == "success", !refused, "{live:#}");
    }
    let asked = fake.asked();
    assert!(asked.iter().all(|request| request.method == "GET"), "{asked:#?}");
    assert!(!asked.iter().any(|request| request.path.contains("proxy")), "{asked:#?}");
    let discovery = asked.iter().filter(|request| request.path == "/apis").count();
    assert_eq!(discovery, 0, "kinds that every cluster serves cost no discovery: {asked:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_tool_may_not_read_is_not_permitted_live_as_well() {
    let denied = [("", "pods"), ("", "pods/log"), ("metrics.k8s.io", "pods")];
    let fake = FakeKubernetes::start(&cluster(RECORDING), &denied, Mood::Serves).await;
    let of_pods = ["kubectl_describe", "kubectl_get_by_kind_in_namespace", "kubectl_find_resource"];
    let of_pods = [&of_pods[..], &["kubernetes_jq_query", "fetch_pod_logs", "kubectl_top_pods"]].concat();
    let wanted: Vec<Call> =
        calls().into_iter().filter(|(_, tool, _)| of_pods.contains(&tool.as_str())).collect();
    for result in of_live(&fake, wanted).await {
        let text = result["text"].as_str().unwrap();
        assert_eq!(result["outcome"], "error", "{result:#}");
        assert!(text.contains("not permitted to "), "{text}");
        for lie in ["does not exist", "not found", "there are no", "empty"] {
            assert!(!text.contains(lie), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_kind_name_or_namespace_is_answered_with_the_right_one() {
    let wrong = numbered([
        ("kubectl_get_yaml", json!({"kind": "deploymnet", "name": "worker", "namespace": "billing"})),
        ("kubectl_describe", json!({"kind": "deploy", "name": "wroker", "namespace": "billing"})),
        ("kubectl_describe", json!({"kind": "deploy", "name": "worker", "namespace": "storefront"})),
        ("kubectl_get_by_kind_in_namespace", json!({"kind": "pods", "namespace": "biling"})),
        ("kubectl_get_by_kind_in_cluster", json!({"kind": "featureflag"})),
    ]);
    let fake = FakeKubernetes::start(&cluster(RECORDING), &[], Mood::Serves).await;
    let words = [
        "nearest: deployment",
        "Nearest of 2 there: worker.",
        "The same name exists in namespace billing.",
        "Namespace `biling` does not exist; there are: billing.",
        "2 of 2 featureflags (platform.contoso.io/v1alpha1)",
    ];
    for results in [of_recording(wrong.clone()).await, of_live(&fake, wrong).await] {
        for (result, words) in results.iter().zip(words) {
            assert!(result["text"].as_str().unwrap().contains(words), "{words} in {result:#}");
        }
    }
}
