//! `--since`: only what is different, and nothing is over that nobody could look for.

use holmes_fakes::{FakeKubernetes, Mood};
use serde_json::{Value, json};

use super::{live, recorded};
use crate::world::{World, cluster, finish};

fn numbers(changes: &Value) -> [usize; 4] {
    ["new", "changed", "resolved", "not_determined"].map(|list| changes[list].as_array().unwrap().len())
}

#[test]
fn the_same_cluster_again_has_no_news() {
    let world = World::new();
    let oom = cluster("oom-crashloop");
    let former = recorded(&world, &oom, &["-o", "json"]);
    let found = former.json()["findings"].as_array().unwrap().len();
    let file = world.write("former.json", &former.stdout);
    let ran = recorded(&world, &oom, &["-o", "json", "--since", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let changes = ran.json();
    assert_eq!(changes["schema"], "triage-changes/v1");
    assert_eq!((numbers(&changes), &changes["unchanged"]), ([0, 0, 0, 0], &json!(found)));
}

#[test]
fn another_state_shows_what_is_new_and_what_is_over() {
    let world = World::new();
    let healthy = recorded(&world, &cluster("healthy-steady-state"), &["-o", "json"]);
    let healthy = world.write("healthy.json", &healthy.stdout);
    let broken = recorded(&world, &cluster("oom-crashloop"), &["-o", "json"]);
    let found = broken.json()["findings"].as_array().unwrap().len();
    let broken = world.write("broken.json", &broken.stdout);
    let ran =
        recorded(&world, &cluster("oom-crashloop"), &["-o", "json", "--since", healthy.to_str().unwrap()]);
    assert_eq!((ran.code, numbers(&ran.json())), (Some(1), [found, 0, 0, 0]), "{ran:?}");
    let over = ["--since", broken.to_str().unwrap(), "-o"];
    let ran = recorded(&world, &cluster("healthy-steady-state"), &[&over[..], &["json"]].concat());
    assert_eq!((ran.code, numbers(&ran.json())), (Some(0), [0, 0, found, 0]), "{ran:?}");
    for (format, word) in [("text", "Resolved"), ("md", "## Resolved"), ("yaml", "resolved:")] {
        let ran = recorded(&world, &cluster("healthy-steady-state"), &[&over[..], &[format]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains(word), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_finding_is_not_over_because_it_may_not_be_read_any_more() {
    let world = World::new();
    let archive = cluster("oom-crashloop");
    let fake = FakeKubernetes::start(&archive, &[], Mood::Serves).await;
    let former = finish(live(&world, &fake, &["-o", "json"])).await;
    assert_eq!(former.code, Some(1), "{former:?}");
    let file = world.write("former.json", &former.stdout);
    let since = ["-o", "json", "--since", file.to_str().unwrap()];
    let blind = FakeKubernetes::start(&archive, &[("", "pods")], Mood::Serves).await;
    let ran = finish(live(&world, &blind, &since)).await;
    let changes = ran.json();
    assert_eq!(changes["resolved"], json!([]), "{changes:#}");
    assert!(!changes["not_determined"].as_array().unwrap().is_empty(), "{changes:#}");
    let text = finish(live(&world, &blind, &["--since", file.to_str().unwrap()])).await;
    assert!(text.stdout.contains("not permitted to read pods"), "{text:?}");
    let elsewhere = ["-o", "json", "--since", file.to_str().unwrap(), "-n", "default"];
    let changes = finish(live(&world, &fake, &elsewhere)).await.json();
    assert_eq!(changes["resolved"], json!([]), "another namespace says nothing: {changes:#}");
}

#[test]
fn a_file_that_is_no_report_is_refused_before_anything_is_read() {
    let world = World::new();
    let ask =
        world.run(["ask", "why?", "--snapshot", cluster("oom-crashloop").to_str().unwrap(), "-o", "json"]);
    for (content, words) in [
        ("", &["no JSON"][..]),
        ("pods: fine", &["no JSON"]),
        ("[]", &["no triage report"]),
        ("{}", &["no triage report"]),
        (r#"{"schema": "triage/v9"}"#, &["triage/v9", "triage/v1"]),
        (r#"{"schema": "triage/v1"}"#, &["can not be read"]),
        (&ask.stdout, &["holmes-host/ask/v1"]),
    ] {
        let file = world.write("former.json", content);
        // Without any cluster: the file is looked at first.
        let ran = world.run(["triage", "--since", file.to_str().unwrap()]);
        ran.refused(2, words);
        ran.refused(2, &["former.json"]);
        assert_eq!(ran.stdout, "");
        ran.error();
    }
    let folder = world.path("");
    world.run(["triage", "--since", folder.to_str().unwrap()]).refused(2, &["can not read"]);
    world.run(["triage", "--since", "/nowhere/former.json"]).refused(2, &["/nowhere/former.json"]);
}
