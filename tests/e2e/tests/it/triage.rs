//! `triage`: every exit code, every form, and the same bytes each time.

mod since;
mod watch;

use std::{path::Path, process::Command};

use holmes_fakes::{FakeKubernetes, Mood};
use serde_json::{Value, json};

use crate::world::{Ran, World, cluster, finish};

/// `triage` of a recording.
fn recorded(world: &World, recording: &Path, more: &[&str]) -> Ran {
    let mut command = world.command(["triage", "--snapshot"]);
    Ran::of(command.arg(recording).args(more).output().expect("the program starts"))
}

/// `triage` of a fake cluster.
fn live(world: &World, fake: &FakeKubernetes, more: &[&str]) -> Command {
    let mut command = world.command(["triage", "--kubeconfig"]);
    command.arg(world.write("kubeconfig", fake.kubeconfig())).args(more);
    command
}

/// Every key of an object, and of the objects in it, comes in order.
fn is_sorted(text: &str) -> bool {
    let value: Value = serde_json::from_str(text).expect("JSON");
    serde_json::to_string_pretty(&value).expect("JSON") == text.trim_end()
}

#[test]
fn findings_exit_with_one_and_only_from_the_wanted_severity_on() {
    let world = World::new();
    let oom = cluster("oom-crashloop");
    let ran = recorded(&world, &oom, &["-o", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let severity = ran.json()["findings"][0]["severity"].as_str().unwrap().to_owned();
    assert_eq!(recorded(&world, &oom, &["--fail-on", &severity]).code, Some(1));
    if severity != "critical" {
        assert_eq!(recorded(&world, &oom, &["--fail-on", "critical"]).code, Some(0));
    }
    let healthy = recorded(&world, &cluster("healthy-steady-state"), &[]);
    assert_eq!(healthy.code, Some(0), "{healthy:?}");
    assert!(healthy.stdout.starts_with("No finding"), "{healthy:?}");
}

#[test]
fn what_can_not_run_exits_with_two_and_says_why() {
    let world = World::new();
    let absent = world.path("absent.tar.gz");
    recorded(&world, &absent, &[]).refused(2, &["absent.tar.gz"]);
    let oom = cluster("oom-crashloop");
    recorded(&world, &oom, &["--plugins", "/nowhere"]).refused(2, &["/nowhere", "hint:"]);
    world.write("empty/README", "no plugin");
    let empty = world.path("empty");
    recorded(&world, &oom, &["--plugins", empty.to_str().unwrap()]).refused(2, &["cargo plugins"]);
    recorded(&world, &oom, &["--watch"]).refused(2, &["a recording does not change"]);
    recorded(&world, &oom, &["-n", "shop", "-A"]).refused(2, &["--namespace", "--all-namespaces"]);
    world.run(["triage"]).refused(2, &["--snapshot"]);
    recorded(&world, &oom, &["--watch", "--interval", "soon"]).refused(2, &["30s"]);
}

#[test]
fn what_is_forbidden_is_told_and_strict_makes_it_an_exit_code() {
    let world = World::new();
    let parts = cluster("healthy-forbidden-parts");
    let ran = recorded(&world, &parts, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("No finding in what could be read"), "{ran:?}");
    assert!(ran.stdout.contains("not permitted to read "), "{ran:?}");
    assert!(!ran.stdout.contains("healthy"), "{ran:?}");
    let strict = recorded(&world, &parts, &["--strict"]);
    assert_eq!((strict.code, &strict.stdout), (Some(3), &ran.stdout));
    let all_read = recorded(&world, &cluster("healthy-steady-state"), &["--strict"]);
    assert_eq!(all_read.code, Some(0), "{all_read:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_may_read_nothing_gets_three() {
    let fake = FakeKubernetes::recorded(&cluster("oom-crashloop")).with_roles(&[]).start().await;
    for format in ["text", "json", "yaml", "md"] {
        let world = World::new();
        let ran = finish(live(&world, &fake, &["-o", format])).await;
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.stdout.to_lowercase().contains("not permitted"), "{ran:?}");
        // Names of rules, such as `coredns-unhealthy`, stand beside what they could not decide.
        let told = ran.stdout.replace("unhealthy", "");
        let healthy = told.contains("healthy") || told.contains("No finding");
        assert!(!healthy, "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_live_cluster_is_read_and_named() {
    let fake = FakeKubernetes::start(&cluster("missing-configmap"), &[], Mood::Serves).await;
    let world = World::new();
    let ran = finish(live(&world, &fake, &["-o", "json"])).await;
    let recording = recorded(&world, &cluster("missing-configmap"), &["-o", "json"]);
    assert_eq!((ran.code, recording.code), (Some(1), Some(1)), "{ran:?}");
    let (live, recording) = (ran.json(), recording.json());
    assert_eq!(live["cluster"], "fake");
    for key in ["rule", "class", "severity", "objects", "fingerprint"] {
        assert_eq!(live["findings"][0][key], recording["findings"][0][key], "{key}");
    }
    assert!(fake.asked().iter().all(|request| request.method == "GET"));
}

#[test]
fn two_processes_write_the_same_bytes_in_every_form() {
    let world = World::new();
    for name in ["oom-crashloop", "healthy-forbidden-parts", "tls-certificate-expired"] {
        for format in ["text", "json", "yaml", "md"] {
            let run = || recorded(&World::new(), &cluster(name), &["-o", format]);
            let (first, second) = (run(), run());
            assert_eq!(first.stdout, second.stdout, "{name} {format}");
            assert!(!first.stdout.contains('\u{1b}'), "colours in a pipe: {first:?}");
        }
        let json = recorded(&world, &cluster(name), &["-o", "json"]);
        assert!(is_sorted(&json.stdout), "{name}");
        let yaml = recorded(&world, &cluster(name), &["-o", "yaml"]);
        let yaml: Value = serde_saphyr::from_str(&yaml.stdout).unwrap();
        assert_eq!(yaml, json.json(), "{name}");
        assert_eq!(yaml["schema"], "triage/v1");
    }
}

#[test]
fn text_and_markdown_name_the_fault_its_evidence_and_the_next_command() {
    let world = World::new();
    let json = recorded(&world, &cluster("oom-crashloop"), &["-o", "json"]).json();
    let finding = &json["findings"][0];
    for format in ["text", "md"] {
        let ran = recorded(&world, &cluster("oom-crashloop"), &["-o", format]);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = words(&ran.stdout);
        assert!(text.contains(&words(finding["summary"].as_str().unwrap())), "{ran:?}");
        assert!(text.contains(finding["objects"][0]["name"].as_str().unwrap()), "{ran:?}");
        assert!(text.contains("kubectl"), "{ran:?}");
        assert!(text.contains("Read: "), "{ran:?}");
    }
}

#[test]
fn a_scope_is_kept_and_a_namespace_that_does_not_exist_is_told() {
    let world = World::new();
    let oom = cluster("oom-crashloop");
    let ran = recorded(&world, &oom, &["-n", "billing", "-o", "json"]);
    assert_eq!((ran.code, &ran.json()["scope"]), (Some(1), &json!(["billing"])), "{ran:?}");
    let ran = recorded(&world, &oom, &["-n", "biling"]);
    ran.refused(2, &["biling", "billing"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_selector_narrows_and_a_broken_one_is_refused() {
    let world = World::new();
    let oom = cluster("oom-crashloop");
    let ran = recorded(&world, &oom, &["-l", "app=no-such-label", "-o", "json"]);
    assert_eq!((ran.code, &ran.json()["findings"]), (Some(0), &json!([])), "{ran:?}");
    recorded(&world, &oom, &["-l", "a b!=="]).refused(2, &["a b!=="]);
}
