//! Configuration: the examples load, and a mistake is told with file, line, key and what was meant.

use std::fs;

use crate::world::{Ran, World, cluster, root};

#[test]
fn every_example_is_loaded() {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("examples/config")).unwrap() {
        let path = entry.unwrap().path();
        let world = World::new();
        let mut command = world.command(["model", "list"]);
        command.env("AZURE_API_KEY", "key-of-a-test").current_dir(root());
        if path.file_name().unwrap() == "models.yaml" {
            command.env("MODEL_LIST_FILE_LOCATION", &path);
        } else {
            command.arg("--config").arg(&path);
        }
        let ran = Ran::of(command.output().unwrap());
        assert!(!ran.succeeded().stdout.contains("disabled"), "{}: {ran:?}", path.display());
        assert_eq!(ran.stderr, "", "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    assert!(names.len() >= 3, "{names:?}");
}

#[test]
fn the_recorded_example_answers() {
    let world = World::new();
    let mut command = world.command(["ask", "why?", "--config", "examples/config/recorded.yaml"]);
    let ran = Ran::of(command.current_dir(root()).output().unwrap());
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
}

#[test]
fn a_wrong_key_is_told_with_file_line_key_and_what_was_meant() {
    for (text, line, key, meant) in [
        ("model: a\nmax_stesp: 4\n", 2, "max_stesp", "max_steps"),
        ("toolsets:\n  triage:\n    grants: {}\n", 3, "grants", "grant"),
        ("upstreams:\n  kubernetes:\n    kind: kubernetes\n    sorce: in-cluster\n", 4, "sorce", "source"),
        ("toolsets:\n  triage:\n    limits:\n      wall-second: 4\n", 4, "wall-second", "wall-seconds"),
    ] {
        let world = World::new();
        let file = world.write("holmes.yaml", text);
        let ran = Ran::of(
            world.ask(&cluster("oom-crashloop"), &["--config", file.to_str().unwrap()]).output().unwrap(),
        );
        ran.refused(2, &[&format!("holmes.yaml:{line}"), key, &format!("did you mean `{meant}`")]);
        ran.error();
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_told_with_its_line_and_never_quoted() {
    let world = World::new();
    let file = world.write("holmes.yaml", "api_key: [canary-llm-key-quoted]\n");
    let ran = world.run(["model", "list", "--config", file.to_str().unwrap()]);
    ran.refused(2, &["holmes.yaml:1", "api_key"]);
    let file = world.write("holmes.yaml", "max_steps: many\n");
    let ran = world.run(["model", "list", "--config", file.to_str().unwrap()]);
    ran.refused(2, &["holmes.yaml:1", "max_steps"]);
}

#[test]
fn a_file_that_is_no_yaml_or_not_there_is_named() {
    let world = World::new();
    let file = world.write("holmes.yaml", "model: [unclosed\n");
    let ran = world.run(["model", "list", "--config", file.to_str().unwrap()]);
    ran.refused(2, &["holmes.yaml"]);
    ran.error();
    let ran = world.run(["model", "list", "--config", "/nowhere/holmes.yaml"]);
    ran.refused(2, &["/nowhere/holmes.yaml"]);
    let mut command = world.command(["model", "list"]);
    let ran = Ran::of(command.env("MODEL_LIST_FILE_LOCATION", "/nowhere/models.yaml").output().unwrap());
    ran.refused(2, &["/nowhere/models.yaml"]);
}

#[test]
fn keys_that_only_holmesgpt_knows_are_accepted_with_a_warning() {
    let world = World::new();
    world.write(".holmes/config.yaml", "model: builtin/triage\nslack_token: canary-llm-key-of-slack\n");
    let ran = world.run(["model", "list"]);
    assert!(ran.succeeded().stderr.contains("slack_token"), "{ran:?}");
}

#[test]
fn a_variable_with_a_wrong_value_is_named() {
    let world = World::new();
    let mut command = world.ask(&cluster("oom-crashloop"), &[]);
    let ran = Ran::of(command.env("MAX_STEPS", "many").output().unwrap());
    ran.refused(2, &["MAX_STEPS"]);
    ran.error();
}

#[test]
fn a_pinned_digest_and_a_grant_of_nothing_are_kept() {
    let world = World::new();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let file = world.write("holmes.yaml", format!("toolsets:\n  triage:\n    digest: {wrong}\n"));
    let run = |file: &std::path::Path| {
        Ran::of(world.ask(&cluster("oom-crashloop"), &["--config", file.to_str().unwrap()]).output().unwrap())
    };
    let ran = run(&file);
    assert!(ran.stderr.contains("triage") && ran.stderr.contains("digest"), "{ran:?}");
    assert!(!ran.stdout.contains("OOM"), "{ran:?}");
    let file = world.write("holmes.yaml", "toolsets:\n  triage:\n    grant: {}\n");
    let ran = run(&file);
    assert!(ran.stderr.contains("toolsets.triage.grant"), "{ran:?}");
    assert!(!ran.stdout.contains("OOM"), "{ran:?}");
}
