//! `ask` as people and scripts meet it: streams, exit codes, the JSON document, interruption.

use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use holmes_fakes::{FakeLlm, Turn};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::world::{Ran, World, cluster, finish};

/// What people wait for a silent pipe at most.
const SOON: Duration = Duration::from_secs(45);

fn broken() -> std::path::PathBuf {
    cluster("oom-crashloop")
}

fn healthy() -> std::path::PathBuf {
    cluster("healthy-steady-state")
}

/// The text of the only question that the model was asked.
fn asked(model: &FakeLlm) -> String {
    let requests = model.requests();
    let messages = requests[0].body["messages"].as_array().unwrap().clone();
    let user = messages.iter().find(|message| message["role"] == "user").unwrap();
    user["content"].as_str().map_or_else(|| user["content"].to_string(), str::to_owned)
}

#[test]
fn the_answer_is_on_stdout_and_everything_else_on_stderr() {
    let world = World::new();
    let ran = Ran::of(world.ask(&broken(), &[]).output().unwrap());
    ran.succeeded();
    assert!(ran.stdout.contains("OOM") && ran.stdout.contains("worker"), "{ran:?}");
    assert!(!ran.stdout.contains("#1 ") && !ran.stdout.contains("no model is configured"), "{ran:?}");
    assert!(ran.stderr.contains("#1 ") && ran.stderr.contains("triage"), "{ran:?}");
    assert!(ran.stderr.contains("no model is configured"), "the built-in model is told: {ran:?}");
}

#[test]
fn piped_output_has_no_escape_codes_and_no_colour_even_with_no_color() {
    let world = World::new();
    for (name, value) in [("TERM", "xterm-256color"), ("NO_COLOR", "1")] {
        let ran = Ran::of(world.ask(&broken(), &["-v"]).env(name, value).output().unwrap());
        ran.succeeded();
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{name}: {ran:?}");
    }
}

#[test]
fn quiet_leaves_stderr_empty_and_errors_are_still_told() {
    let world = World::new();
    let ran = Ran::of(world.ask(&broken(), &["--quiet"]).output().unwrap());
    ran.succeeded();
    assert_eq!(ran.stderr, "");
    let ran = Ran::of(world.ask(&world.path("nothing"), &["--quiet"]).output().unwrap());
    ran.refused(2, &["nothing"]);
    ran.error();
}

#[test]
fn plain_output_is_ascii_on_stderr() {
    let world = World::new();
    let ran = Ran::of(world.ask(&broken(), &["--plain"]).output().unwrap());
    ran.succeeded();
    assert!(ran.stderr.is_ascii(), "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'));
}

#[test]
fn a_healthy_cluster_is_called_healthy_and_a_verdict_makes_the_exit_code_when_asked_to() {
    let world = World::new();
    let ran = Ran::of(world.ask(&healthy(), &["--exit-verdict"]).output().unwrap());
    ran.succeeded();
    assert!(ran.stdout.starts_with("No problems found in all namespaces."), "{ran:?}");
    let ran = Ran::of(world.ask(&broken(), &["--exit-verdict"]).output().unwrap());
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

#[test]
fn the_json_document_has_its_documented_keys() {
    let world = World::new();
    let ran = Ran::of(world.ask(&broken(), &["--output", "json"]).output().unwrap());
    let document = ran.succeeded().json();
    for key in [
        "schema",
        "question",
        "verdict",
        "answer_markdown",
        "findings",
        "claims",
        "tool_calls",
        "not_checked",
        "next",
        "usage",
        "model",
        "exit_code",
    ] {
        assert!(document.get(key).is_some(), "`{key}` is missing");
    }
    assert_eq!(document["question"], "why?");
    assert_eq!(document["model"], "builtin/triage");
    assert_eq!(document["exit_code"], 0);
    assert!(document.get("error").is_none());
    assert_eq!(document["findings"][0]["rule"], "oom-killed");
    assert_eq!(document["findings"][0]["owner_chain"][1]["name"], "worker");
    assert_eq!(document["tool_calls"][0]["tool"], "triage");
    assert_eq!(document["tool_calls"][0]["number"], 1);
    assert_eq!(ran.stdout.trim_end().lines().next(), Some("{"), "exactly one document");
}

#[test]
fn the_json_document_is_valid_when_it_fails() {
    let world = World::new();
    let absent = world.path("no-such-recording");
    for arguments in [&["--output", "json"][..], &["--output", "json", "--model", "nonsense"]] {
        let ran = Ran::of(world.ask(&absent, arguments).output().unwrap());
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let document = ran.json();
        assert_eq!(document["exit_code"], 2);
        assert_eq!(document["question"], "why?");
        assert!(document["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{document}");
        assert_eq!(document["findings"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_verdict_is_in_the_json_documents_exit_code() {
    let world = World::new();
    let ran = Ran::of(world.ask(&broken(), &["--output", "json", "--exit-verdict"]).output().unwrap());
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["exit_code"], 1);
}

#[test]
fn a_namespace_narrows_the_question() {
    let world = World::new();
    let run = |namespace| {
        let ran = Ran::of(world.ask(&broken(), &["-n", namespace, "--output", "json"]).output().unwrap());
        ran.succeeded().json()["findings"].as_array().unwrap().len()
    };
    assert!(run("billing") > 0);
    assert_eq!(run("storefront"), 0);
}

#[test]
fn a_question_is_needed_and_the_sentence_says_how_to_ask() {
    let world = World::new();
    let ran = world.run(["ask"]);
    ran.refused(2, &["no question", "holmes-host ask"]);
    ran.error();
}

#[test]
fn a_pipe_that_nobody_reads_is_no_error() {
    let world = World::new();
    for output in ["text", "json"] {
        let mut command = world.ask(&broken(), &["--output", output, "--quiet"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap());
        ran.succeeded();
        assert_eq!(ran.stderr, "", "{output}");
    }
}

#[test]
fn help_and_version_survive_a_closed_pipe() {
    let world = World::new();
    for arguments in [&["--help"][..], &["ask", "--help"], &["completions", "bash"]] {
        let mut command = world.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_and_stdin_are_attached_as_data() {
    let world = World::new();
    let notes = world.write("notes.txt", "the deploy was at noon");
    let model = FakeLlm::start([Turn::text("Noted.")]).await;
    let mut command = world.ask_model(&healthy(), &model, &["--no-triage", "--file"]);
    command.arg(&notes).stdin(Stdio::from(std::fs::File::open(world.write("in", "stack trace 42")).unwrap()));
    finish(command).await.succeeded();
    let asked = asked(&model);
    assert!(asked.contains("the deploy was at noon") && asked.contains("notes.txt"), "{asked}");
    assert!(asked.contains("<attached-file name=\"stdin\">") && asked.contains("stack trace 42"), "{asked}");
    assert!(asked.trim_end().ends_with("why?"), "the question is last: {asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn piped_text_is_the_question_when_there_is_no_other() {
    let world = World::new();
    let model = FakeLlm::start([Turn::text("Because.")]).await;
    let mut command = world.command(["ask", "--model", "openai/fake", "--no-triage", "--snapshot"]);
    command.arg(healthy()).env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
    let question = world.write("question", "is anything wrong with checkout?");
    command.stdin(Stdio::from(std::fs::File::open(question).unwrap()));
    let ran = finish(command).await;
    assert_eq!(ran.succeeded().stdout.trim(), "Because.");
    assert!(asked(&model).contains("is anything wrong with checkout?"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_silent_stdin_does_not_hold_the_program() {
    let world = World::new();
    let mut command = tokio::process::Command::from(world.ask(&healthy(), &[]));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let never_written = child.stdin.take();
    let output =
        tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it does not wait for stdin");
    Ran::of(output.unwrap()).succeeded();
    drop(never_written);
}

#[test]
fn a_late_writer_to_stdin_is_read_to_the_end() {
    let world = World::new();
    let mut command = world.command(["ask", "--snapshot"]);
    command.arg(healthy()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"is all ").unwrap();
    stdin.write_all(b"well?").unwrap();
    drop(stdin);
    Ran::of(child.wait_with_output().unwrap()).succeeded();
}

#[test]
fn a_file_that_can_not_be_attached_is_named() {
    let world = World::new();
    let absent = world.path("absent.txt");
    let ran = Ran::of(world.ask(&healthy(), &["--file", absent.to_str().unwrap()]).output().unwrap());
    ran.refused(2, &["absent.txt"]);
    let large = world.write("large.log", vec![b'x'; (1 << 20) + 1]);
    let ran = Ran::of(world.ask(&healthy(), &["--file", large.to_str().unwrap()]).output().unwrap());
    ran.refused(2, &["large.log", "1024 KiB"]);
    ran.error();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn triage_comes_first_and_can_be_left_out() {
    let world = World::new();
    let model = FakeLlm::start([Turn::text("The worker runs out of memory.")]).await;
    let ran = finish(world.ask_model(&broken(), &model, &[])).await;
    ran.succeeded();
    assert!(ran.stdout.contains("The worker runs out of memory."), "{ran:?}");
    assert!(
        ran.stdout.contains("without a model") && ran.stdout.contains("OOM"),
        "findings stand beside: {ran:?}"
    );
    let told = model.requests()[0].body.to_string();
    assert!(told.contains("tool_call_metadata=") && told.contains("OOM"), "the model gets the findings");

    let model = FakeLlm::start([Turn::text("No idea.")]).await;
    let ran = finish(world.ask_model(&broken(), &model, &["--no-triage", "--output", "json"])).await;
    let document = ran.succeeded().json();
    assert_eq!((&document["verdict"], &document["tool_calls"]), (&Value::Null, &Value::Array(Vec::new())));
    assert!(!model.requests()[0].body["messages"].to_string().contains("tool_call_metadata="));
}

/// Waits until the model was asked, then interrupts the program as Ctrl-C does.
async fn interrupt(mut command: Command, model: &FakeLlm) -> Ran {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap();
    let waited = tokio::time::timeout(SOON, async {
        while model.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The first words may still be on their way.
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    waited.await.expect("the model is asked");
    let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap())).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let output =
        tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it ends when interrupted");
    Ran::of(output.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_interruption_ends_a_hanging_model_and_keeps_the_findings() {
    let world = World::new();
    let model = FakeLlm::start([Turn::Hang(Vec::new())]).await;
    let ran = interrupt(world.ask_model(&broken(), &model, &[]), &model).await;
    ran.refused(130, &["interrupted"]);
    assert!(ran.stdout.contains("OOM"), "what triage found is not lost: {ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_interruption_keeps_what_the_model_had_said() {
    let world = World::new();
    let begun = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"So far I know\"}}]}\n\n";
    let model = FakeLlm::start([Turn::Hang(vec![begun.into()])]).await;
    let ran = interrupt(world.ask_model(&broken(), &model, &["--output", "json"]), &model).await;
    assert_eq!(ran.code, Some(130), "{ran:?}");
    let document = ran.json();
    assert_eq!(document["answer_markdown"], "So far I know");
    assert_eq!((&document["ending"], &document["exit_code"]), (&"interrupted".into(), &130.into()));
}

#[test]
fn every_shell_gets_its_completions() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = world.run(["completions", shell]);
        assert!(ran.succeeded().stdout.contains("holmes-host") && ran.stdout.contains("snapshot"), "{shell}");
    }
}
