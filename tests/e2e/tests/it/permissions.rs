//! What an account may read decides what is said: with the printed roles as much as before, with a rule less
//! nothing that is false.

mod honest;

use std::{collections::BTreeSet, sync::Arc};

use holmes_fakes::{Decision, FakeKubernetes, FakeLlm, Turn, kubernetes::Asked};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    rbac::documents,
    world::{Ran, World, cluster, finish},
};

/// Runs of the program side by side.
const SIDE_BY_SIDE: usize = 2;

/// The roles and bindings that `rbac` prints for an account of the namespace `holmes`.
fn roles(account: &str, more: &[&str]) -> Vec<Value> {
    let subject = format!("holmes/{account}");
    let arguments = ["rbac", "--name", account, "--service-account", &subject];
    documents(&World::new().run(arguments.iter().chain(more)).succeeded().stdout)
}

async fn triage(fake: &FakeKubernetes, token: &str) -> Ran {
    let world = World::new();
    let file = world.write("kubeconfig", fake.kubeconfig_of(token));
    let mut command = world.command(["triage", "--output", "json", "--quiet", "--kubeconfig"]);
    command.arg(file);
    finish(command).await
}

/// Resources that were refused to somebody.
fn refused(fake: &FakeKubernetes, user: &str) -> BTreeSet<String> {
    let asked = fake.asked().into_iter();
    let refused = asked.filter(|one| one.decision == Decision::Forbidden && one.user.ends_with(user));
    refused.map(|one| one.resource).collect()
}

/// Resources that a report calls not permitted, as RBAC names them.
fn unknown(report: &Value) -> BTreeSet<String> {
    let reads = report["unknown_because_forbidden"].as_array().unwrap().iter();
    reads.map(|read| qualified(read["gvr"].as_str().unwrap())).collect()
}

/// `apps/v1/deployments` is `deployments.apps`; `v1/pods/log` is `pods/log`.
fn qualified(gvr: &str) -> String {
    if let Some(core) = gvr.strip_prefix("v1/") {
        return core.to_owned();
    }
    let parts: Vec<&str> = gvr.splitn(3, '/').collect();
    format!("{}.{}", parts[2], parts[0])
}

fn reads_only(asked: &[Asked]) {
    for one in asked {
        let review = one.verb == "create" && one.resource.starts_with("selfsubject");
        assert!(["get", "list"].contains(&one.verb.as_str()) || review, "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_printed_role_triage_finds_what_it_finds_with_every_right() {
    for (name, more) in [("missing-configmap", &["--with-secrets"][..]), ("oom-crashloop", &[])] {
        let fake = FakeKubernetes::recorded(&cluster(name)).with_roles(&roles("reader", more)).start().await;
        let all = FakeKubernetes::recorded(&cluster(name)).start().await;
        let limited = triage(&fake, fake.token()).await;
        let unlimited = triage(&all, all.token()).await;
        let fingerprints = |ran: &Ran| -> Vec<Value> {
            ran.json()["findings"].as_array().unwrap().iter().map(|one| one["fingerprint"].clone()).collect()
        };
        assert_eq!(fingerprints(&limited), fingerprints(&unlimited), "{name}");
        assert_eq!((limited.code, unlimited.code), (Some(1), Some(1)), "{name}");
        let secrets: &[&str] = if more.is_empty() { &["secrets"] } else { &[] };
        let secrets: BTreeSet<String> = secrets.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(refused(&fake, ":reader"), secrets, "{name}: nothing else is read than what is printed");
        assert_eq!(unknown(&limited.json()), secrets, "{name}");
        reads_only(&fake.asked());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespaced_role_serves_its_namespace() {
    let roles = roles("reader", &["--with-secrets", "-n", "billing"]);
    let fake = FakeKubernetes::recorded(&cluster("oom-crashloop")).with_roles(&roles).start().await;
    let world = World::new();
    let file = world.write("kubeconfig", fake.kubeconfig());
    let mut command = world.command(["triage", "-n", "billing", "-o", "json", "-q", "--kubeconfig"]);
    command.arg(file);
    let ran = finish(command).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.json()["findings"][0]["rule"], "oom-killed");
    assert_eq!(refused(&fake, ":reader"), BTreeSet::new());
    let elsewhere = triage(&fake, fake.token()).await;
    let refused = refused(&fake, ":reader");
    assert!(refused.contains("pods") && refused.contains("deployments.apps"), "{refused:?}");
    assert!(!refused.contains("nodes"), "{refused:?}");
    assert_eq!(elsewhere.code, Some(3), "no core read is permitted in all namespaces: {elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_printed_role_every_kubernetes_tool_answers() {
    let calls: Vec<(String, String, Value)> = [
        ("kubectl_get_by_name", json!({"kind": "service", "name": "postgres", "namespace": "billing"})),
        ("kubectl_get_by_kind_in_namespace", json!({"kind": "pods", "namespace": "billing"})),
        ("kubectl_get_by_kind_in_cluster", json!({"kind": "nodes"})),
        ("kubectl_describe", json!({"kind": "deployment", "name": "worker", "namespace": "billing"})),
        (
            "kubectl_events",
            json!({"resource_type": "deployment", "resource_name": "worker", "namespace": "billing"}),
        ),
        ("kubectl_find_resource", json!({"kind": "configmap", "keyword": "toggles"})),
        ("kubectl_get_yaml", json!({"kind": "statefulset", "name": "postgres", "namespace": "billing"})),
        ("kubectl_top_pods", json!({})),
        ("kubectl_top_nodes", json!({})),
        ("fetch_pod_logs", json!({"pod_name": "postgres-0", "namespace": "billing"})),
        ("kubernetes_count", json!({"kind": "pods", "jq_expr": ".items[].metadata.name"})),
        ("kubernetes_jq_query", json!({"kind": "deployments", "jq_expr": ".items[].metadata.name"})),
        ("kubernetes_tabular_query", json!({"kind": "pods", "columns": "NAME:.metadata.name"})),
    ]
    .into_iter()
    .enumerate()
    .map(|(number, (name, arguments))| (number.to_string(), name.to_owned(), arguments))
    .collect();
    let count = calls.len();
    let roles = roles("reader", &[]);
    let fake = FakeKubernetes::recorded(&cluster("oom-crashloop")).with_roles(&roles).start().await;
    let model = FakeLlm::start([Turn::Calls(calls), Turn::text(".")]).await;
    let world = World::new();
    let file = world.write("kubeconfig", fake.kubeconfig());
    let mut command =
        world.command(["ask", "why?", "--no-triage", "-o", "json", "--model", "openai/fake", "--kubeconfig"]);
    command.arg(file);
    command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
    let document = finish(command).await.succeeded().json();
    let answers = document["tool_calls"].as_array().unwrap();
    assert_eq!(answers.len(), count);
    for answer in answers {
        assert_ne!(answer["outcome"], "error", "{answer:#}");
    }
    assert_eq!(refused(&fake, ":reader"), BTreeSet::new());
    reads_only(&fake.asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_any_rule_removed_nothing_false_is_said() {
    let whole = roles("reader", &["--toolset", "triage", "--with-secrets"]);
    for name in ["healthy-steady-state", "missing-configmap", "ingress-missing-service"] {
        let fake = Arc::new(FakeKubernetes::recorded(&cluster(name)).with_roles(&whole).start().await);
        let all = Arc::new(triage(&fake, fake.token()).await.json());
        let read: BTreeSet<String> = fake.asked().into_iter().map(|one| one.resource).collect();
        let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
        let mut runs = Vec::new();
        for (number, rule) in whole[0]["rules"].as_array().unwrap().iter().enumerate() {
            // What is installed beside Kubernetes is not read where the cluster does not serve it.
            if !named(rule).iter().any(|resource| read.contains(resource)) {
                continue;
            }
            let (rule, whole) = (rule.clone(), whole.clone());
            let (fake, all, places) = (Arc::clone(&fake), Arc::clone(&all), Arc::clone(&places));
            runs.push(tokio::spawn(async move {
                let _place = places.acquire().await.unwrap();
                let account = format!("without-{number}");
                apply_without(&fake, whole, number, &account);
                let ran = triage(&fake, &fake.account("holmes", &account)).await;
                judge(&format!("{name} without {rule}"), &refused(&fake, &format!(":{account}")), &all, &ran);
            }));
        }
        assert!(runs.len() > 20, "{name}: {} rules", runs.len());
        for run in runs {
            run.await.unwrap();
        }
    }
}

/// A rule's resources, as requests name them.
fn named(rule: &Value) -> Vec<String> {
    let group = rule["apiGroups"][0].as_str().unwrap();
    let suffix = if group.is_empty() { String::new() } else { format!(".{group}") };
    let resources = rule["resources"].as_array().unwrap().iter();
    resources.map(|resource| format!("{}{suffix}", resource.as_str().unwrap())).collect()
}

/// Applies the roles without one rule, for an account of its own.
fn apply_without(fake: &FakeKubernetes, mut roles: Vec<Value>, number: usize, account: &str) {
    roles[0]["rules"].as_array_mut().unwrap().remove(number);
    for object in &mut roles {
        object["metadata"]["name"] = json!(account);
    }
    roles[1]["roleRef"]["name"] = json!(account);
    roles[1]["subjects"][0]["name"] = json!(account);
    for object in &roles {
        fake.apply(object);
    }
}

fn judge(about: &str, refused: &BTreeSet<String>, all: &Value, ran: &Ran) {
    let report = ran.json();
    assert_eq!(unknown(&report), *refused, "{about}: what was refused is told, and nothing else");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{about}: {ran:?}");
    if findings.is_empty() && !refused.is_empty() {
        assert_eq!(report["verdict"], "incomplete", "{about}");
    }
    for finding in findings {
        honest::is_no_invention(finding, all, about);
        honest::claims_no_absence(finding, refused, about);
    }
}
