//! A live cluster: the same answers as from a recording of it, by reads alone, and every way not to reach one.

use std::process::Command;

use holmes_fakes::{FakeKubernetes, FakeLlm, Mood, Turn, kubernetes::kubeconfig};
use regex::Regex;
use serde_json::{Value, json};

use crate::world::{Ran, World, cluster, finish};

/// `ask` of the fake cluster.
fn ask(world: &World, kubeconfig: &str, more: &[&str]) -> Command {
    let file = world.write("kubeconfig", kubeconfig);
    let mut command = world.command(["ask", "why?", "--kubeconfig"]);
    command.arg(file).args(more);
    command
}

/// What a report says. Left out is what differs because the fake is looked at some seconds after it was moved to
/// now: the moment, times and ages in sentences, and what the run cost.
fn said(report: &str) -> Value {
    let ages = Regex::new(r"\b\d+ ?(s|m|h|d|min|seconds?|minutes?|hours?|days?)\b").unwrap();
    let moments = Regex::new(r#"([^"])\d{4}-\d\d-\d\dT[\d:.]+Z"#).unwrap();
    let report = moments.replace_all(report, "${1}some time");
    let mut report: Value = serde_json::from_str(&ages.replace_all(&report, "some time")).unwrap();
    let fields = report.as_object_mut().unwrap();
    for field in ["now", "cluster", "stats", "limits"] {
        fields.remove(field);
    }
    report
}

/// Of every class of faults one, a healthy cluster, and accounts that may not read everything.
const COMPARED: [&str; 8] = [
    "oom-crashloop",
    "missing-configmap",
    "unschedulable-cpu",
    "ingress-missing-service",
    "node-notready",
    "healthy-steady-state",
    "forbidden-parts-missing-secret",
    "healthy-forbidden-parts",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_cluster_gives_the_report_of_its_recording_by_reads_alone() {
    for name in COMPARED {
        let world = World::new();
        let fake = FakeKubernetes::start(&cluster(name), &[], Mood::Serves).await;
        let file = world.write("kubeconfig", fake.kubeconfig());
        let triage = ["triage", "--notes", "--quiet", "-o", "json"];
        let mut live = world.command(triage);
        live.arg("--kubeconfig").arg(file);
        let mut recorded = world.command(triage);
        recorded.arg("--snapshot").arg(cluster(name));
        let (live, recorded) = (finish(live).await, finish(recorded).await);
        assert_eq!(said(&fake.as_recorded(&live.stdout)), said(&recorded.stdout), "{name}");
        assert_eq!(live.code, recorded.code, "{name}");
        let asked = fake.asked();
        assert!(asked.iter().all(|one| one.verb == "get" || one.verb == "list"), "{asked:#?}");
        let pods =
            asked.iter().filter(|one| one.verb == "list" && one.resource == "pods").collect::<Vec<_>>();
        assert!(pods.len() > 1 && pods.iter().all(|one| one.query.contains("limit=")), "in pages: {pods:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_of_pages_does_not_change_the_report() {
    let world = World::new();
    let mut reports = Vec::new();
    for size in [7, 500] {
        let fake = FakeKubernetes::recorded(&cluster("oom-crashloop")).page_size(size).start().await;
        let file = world.write("kubeconfig", fake.kubeconfig());
        let mut command = world.command(["triage", "--quiet", "-o", "json", "--kubeconfig"]);
        command.arg(file);
        let ran = finish(command).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        reports.push(said(&fake.as_recorded(&ran.stdout)));
    }
    assert_eq!(reports[0], reports[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tools_read_a_live_cluster_as_they_read_its_recording() {
    let calls = || {
        let call = |id: &str, name: &str, arguments| (id.to_owned(), name.to_owned(), arguments);
        vec![
            call(
                "1",
                "kubectl_get_by_name",
                json!({"kind": "service", "name": "postgres", "namespace": "billing"}),
            ),
            call(
                "2",
                "kubernetes_count",
                json!({"kind": "pods", "jq_expr": ".items[].metadata.name", "namespace": "billing"}),
            ),
            call("3", "kubectl_find_resource", json!({"kind": "configmap", "keyword": "toggles"})),
            call("4", "fetch_pod_logs", json!({"pod_name": "no-such-pod", "namespace": "billing"})),
            call("5", "kubectl_get_yaml", json!({"kind": "hoax", "name": "none"})),
            call(
                "6",
                "kubernetes_jq_query",
                json!({"kind": "deployments", "label_selector": "app.kubernetes.io/name=worker", "jq_expr": ".items[].metadata.name"}),
            ),
        ]
    };
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let model =
        FakeLlm::start([Turn::Calls(calls()), Turn::text("."), Turn::Calls(calls()), Turn::text(".")]).await;
    let mut live =
        ask(&world, &fake.kubeconfig(), &["--no-triage", "--output", "json", "--model", "openai/fake"]);
    live.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
    let live = finish(live).await.succeeded().json();
    let recorded = world.ask_model(&cluster("oom-crashloop"), &model, &["--no-triage", "--output", "json"]);
    let recorded = finish(recorded).await.succeeded().json();
    for number in 0..calls().len() {
        let (live, recorded) = (&live["tool_calls"][number], &recorded["tool_calls"][number]);
        assert_eq!(live["outcome"], recorded["outcome"], "{live:#} {recorded:#}");
        // Names and numbers; ages are as old as the recording was.
        assert_eq!(live["text"], recorded["text"], "{}", live["tool"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_forbidden_is_not_permitted_and_never_absent() {
    let world = World::new();
    let archive = cluster("failedmount-secret-missing");
    let fake = FakeKubernetes::start(&archive, &[("", "secrets"), ("", "configmaps")], Mood::Serves).await;
    let ran = finish(ask(&world, &fake.kubeconfig(), &["--output", "json"])).await;
    let document = ran.succeeded().json();
    let not_checked = document["not_checked"].to_string();
    assert!(not_checked.contains("secrets") && not_checked.contains("configmaps"), "{document:#}");
    let model = FakeLlm::start([
        Turn::call("1", "kubectl_get_yaml", json!({"kind": "secret", "name": "any", "namespace": "billing"})),
        Turn::text("."),
    ])
    .await;
    let mut command =
        ask(&world, &fake.kubeconfig(), &["--no-triage", "--output", "json", "--model", "openai/fake"]);
    command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
    let document = finish(command).await.succeeded().json();
    let call = &document["tool_calls"][0];
    let text = call["text"].as_str().unwrap().to_lowercase();
    assert!(text.contains("not permitted") || text.contains("forbidden"), "{call}");
    assert!(!text.contains("not found") && !text.contains("does not exist"), "{call}");
    assert_eq!(call["outcome"], "error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_cluster_that_permits_nothing_ends_with_its_own_exit_code() {
    let world = World::new();
    let archive = cluster("oom-crashloop");
    let everything = [
        ("", "pods"),
        ("", "events"),
        ("", "nodes"),
        ("", "namespaces"),
        ("", "services"),
        ("", "configmaps"),
        ("", "secrets"),
        ("", "serviceaccounts"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("", "resourcequotas"),
        ("", "limitranges"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
        ("networking.k8s.io", "ingresses"),
        ("networking.k8s.io", "ingressclasses"),
        ("networking.k8s.io", "networkpolicies"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("storage.k8s.io", "storageclasses"),
        ("discovery.k8s.io", "endpointslices"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("apiregistration.k8s.io", "apiservices"),
        ("policy", "poddisruptionbudgets"),
    ];
    let fake = FakeKubernetes::start(&archive, &everything, Mood::Serves).await;
    let ran = finish(ask(&world, &fake.kubeconfig(), &["--output", "json"])).await;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let document = ran.json();
    assert_eq!((&document["exit_code"], &document["verdict"]), (&json!(3), &json!("not_permitted")));
    assert_eq!(document["findings"], json!([]));
}

/// One sentence, its fix, and nothing else.
fn unreachable(ran: &Ran, words: &[&str]) {
    ran.refused(2, words);
    ran.refused(2, &["--snapshot"]);
    assert_eq!(ran.stdout, "");
    let error = ran.error();
    assert!(error.len() < 400, "one sentence: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_cluster_that_can_not_be_used_is_one_sentence_with_the_fix() {
    for (status, words) in [(401, &["fake", "401"][..]), (500, &["fake", "500"])] {
        let world = World::new();
        let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Refuses(status)).await;
        unreachable(&finish(ask(&world, &fake.kubeconfig(), &["-vv"])).await, words);
    }
    let world = World::new();
    let closed = kubeconfig("http://127.0.0.1:9", "canary-kubernetes-token-of-nobody");
    unreachable(&finish(ask(&world, &closed, &["-vv"])).await, &["fake", "not reachable"]);
}

#[test]
fn no_cluster_at_all_is_one_sentence_with_the_fix() {
    let world = World::new();
    let ran = world.run(["ask", "why?"]);
    unreachable(&ran, &["no cluster is configured"]);
    let ran = world.run(["ask", "why?", "--context", "absent"]);
    unreachable(&ran, &[]);
    let ran = Ran::of(ask(&world, "this: [is no kubeconfig", &[]).output().unwrap());
    unreachable(&ran, &[]);
    let absent = world.path("absent");
    let ran = world.run(["ask", "why?", "--kubeconfig", absent.to_str().unwrap()]);
    unreachable(&ran, &["absent"]);
}

#[test]
fn a_context_that_the_kubeconfig_lacks_is_named() {
    let world = World::new();
    let ran = Ran::of(
        ask(&world, &kubeconfig("http://127.0.0.1:9", "canary-kubernetes-token-x"), &["--context", "prod"])
            .output()
            .unwrap(),
    );
    unreachable(&ran, &["prod"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_usual_places_of_a_kubeconfig_are_looked_at() {
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let world = World::new();
    world.write(".kube/config", fake.kubeconfig());
    let ran = finish(world.command(["ask", "why?", "-n", "billing"])).await;
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
    let world = World::new();
    let mut command = world.command(["ask", "why?", "-n", "billing", "--context", "fake"]);
    command.env("KUBECONFIG", world.write("elsewhere", fake.kubeconfig()));
    let ran = finish(command).await;
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
}
