//! Investigations with a scripted model: the whole way, and every way a model can fail.

use std::{path::PathBuf, process::Command};

use holmes_fakes::{FakeLlm, Turn};
use serde_json::{Value, json};

use crate::world::{Ran, World, cluster, finish};

const METADATA: &str = "tool_call_metadata=";

fn broken() -> PathBuf {
    cluster("oom-crashloop")
}

/// The messages of a request that have this role.
fn messages(model: &FakeLlm, request: usize, role: &str) -> Vec<Value> {
    let requests = model.requests();
    let messages = requests[request].body["messages"].as_array().unwrap().clone();
    messages.into_iter().filter(|message| message["role"] == role).collect()
}

/// What the tool said, without the lines about the call.
fn data(message: &Value) -> String {
    let text = message["content"].as_str().unwrap();
    let at = text.find(METADATA).expect("the metadata line");
    text[at..].split_once('\n').expect("the data follow the metadata").1.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_investigation_with_tools_runs_from_question_to_answer() {
    let world = World::new();
    let model = FakeLlm::start([
        Turn::call("a", "kubectl_find_resource", json!({"kind": "pods", "keyword": "worker"})),
        Turn::call(
            "b",
            "fetch_pod_logs",
            json!({"pod_name": "worker-598d75d5d9-69pzv", "namespace": "billing"}),
        ),
        Turn::text("The **worker** of billing exceeds its 256Mi."),
    ])
    .await;
    let ran = finish(world.ask_model(&broken(), &model, &["--no-triage", "--output", "json"])).await;
    let document = ran.succeeded().json();
    assert_eq!(document["answer_markdown"], "The **worker** of billing exceeds its 256Mi.");
    assert_eq!(document["model"], "openai/fake");
    assert_eq!(
        document["usage"]["prompt_tokens"].as_u64().or(document["usage"]["input_tokens"].as_u64()),
        Some(30)
    );
    let tools: Vec<&str> = document["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["tool"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["kubectl_find_resource", "fetch_pod_logs"]);
    let results = messages(&model, 2, "tool");
    assert!(data(&results[0]).contains("worker-598d75d5d9-69pzv"), "{}", results[0]);
    assert!(data(&results[1]).contains("loading ledger partition"), "{}", results[1]);
    let head = results[1]["content"].as_str().unwrap().lines().nth(1).unwrap().to_owned();
    let metadata: Value = serde_json::from_str(head.strip_prefix(METADATA).unwrap()).unwrap();
    assert_eq!(metadata, json!({"tool_name": "fetch_pod_logs", "tool_call_id": "b"}));
    assert_eq!(model.turns_left(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_scripted_model_gets_the_bytes_that_builtin_triage_gets() {
    for name in
        ["oom-crashloop", "unschedulable-cpu", "healthy-steady-state", "forbidden-parts-missing-secret"]
    {
        let builtin = World::new().ask(&cluster(name), &["--output", "json"]).output().unwrap();
        let builtin = Ran::of(builtin).json();
        let world = World::new();
        let call = &builtin["tool_calls"][0];
        let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
        let model = FakeLlm::start([
            Turn::call("call_triage", call["tool"].as_str().unwrap(), arguments),
            Turn::text("That is all."),
        ])
        .await;
        finish(world.ask_model(&cluster(name), &model, &["--no-triage"])).await.succeeded();
        let result = &messages(&model, 1, "tool")[0];
        assert_eq!(data(result), call["text"].as_str().unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn parallel_calls_are_answered_in_the_order_of_the_calls() {
    let world = World::new();
    let call = |id: &str, name: &str, arguments: Value| (id.to_owned(), name.to_owned(), arguments);
    let model = FakeLlm::start([
        Turn::Calls(vec![
            call("slow", "triage", json!({})),
            call("quick", "kubernetes_count", json!({"kind": "nodes", "jq_expr": ".items[]"})),
            call("unknown", "no_such_tool", json!({})),
            call("wrong", "kubectl_get_yaml", json!({"kind": 7})),
            call("events", "kubectl_events", json!({"resource_type": "pod", "resource_name": "worker-598d75d5d9-69pzv", "namespace": "billing"})),
        ]),
        Turn::text("Done."),
    ])
    .await;
    let ran = finish(world.ask_model(&broken(), &model, &["--no-triage"])).await;
    assert_eq!(ran.succeeded().stdout.lines().next(), Some("Done."));
    let results = messages(&model, 1, "tool");
    let ids: Vec<&str> = results.iter().map(|result| result["tool_call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["slow", "quick", "unknown", "wrong", "events"]);
    assert!(data(&results[2]).contains("no_such_tool"), "{}", results[2]);
    assert!(data(&results[3]).contains("kind"), "the wrong argument is named: {}", results[3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_last_step_offers_no_tools_and_the_answer_says_so() {
    let world = World::new();
    let model = FakeLlm::start([Turn::call("a", "triage", json!({})), Turn::text("As far as I got.")]).await;
    let ran = finish(world.ask_model(&broken(), &model, &["--no-triage", "--max-steps", "2"])).await;
    assert!(ran.succeeded().stderr.contains("step limit"), "{ran:?}");
    assert!(model.requests()[1].body.get("tools").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn azure_deployments_are_spoken_to_on_both_kinds_of_url() {
    for (version, path) in [
        ("2024-10-21", "/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21"),
        ("v1", "/openai/v1/chat/completions"),
    ] {
        let world = World::new();
        let model = FakeLlm::start([Turn::text("Hello from Azure.")]).await;
        let mut command = world.ask(&broken(), &["--no-triage", "--model", "azure/prod-4o"]);
        command.env("AZURE_API_BASE", model.azure_base()).env("AZURE_API_KEY", model.api_key());
        let ran = finish({
            command.env("AZURE_API_VERSION", version);
            command
        })
        .await;
        assert_eq!(ran.succeeded().stdout.trim(), "Hello from Azure.");
        let request = &model.requests()[0];
        assert_eq!(request.target, path);
        assert_eq!(request.headers["api-key"], model.api_key());
        assert_eq!(request.body["stream"], true);
    }
}

/// A model list whose first entry can not be used.
fn with_list(world: &World, model: &FakeLlm, arguments: &[&str]) -> Command {
    let list = world.write(
        "model_list.yaml",
        format!(
            "broken:\n  model: azure/gpt-prod\n  api_key: \"{{{{ env.NOT_SET_ANYWHERE }}}}\"\n  api_base: {}\n\
             works:\n  model: openai/fake\n  api_key: \"{{{{ env.MY_MODEL_KEY }}}}\"\n  api_base: {}\n  temperature: 0.5\n",
            model.azure_base(),
            model.openai_base()
        ),
    );
    let mut command = world.command(arguments);
    command.env("MODEL_LIST_FILE_LOCATION", list).env("MY_MODEL_KEY", model.api_key());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_entry_of_the_model_list_answers_and_a_broken_one_is_off_and_says_why() {
    let world = World::new();
    let model = FakeLlm::start([Turn::text("From the list.")]).await;
    let broken = broken();
    let arguments = ["ask", "why?", "--no-triage", "--snapshot", broken.to_str().unwrap(), "--model"];
    let ran = finish(with_list(&world, &model, &[&arguments[..], &["works"]].concat())).await;
    assert_eq!(ran.succeeded().stdout.trim(), "From the list.");
    assert_eq!(model.requests()[0].body["temperature"], 0.5);

    let ran = finish(with_list(&world, &model, &[&arguments[..], &["broken"]].concat())).await;
    ran.refused(2, &["broken", "NOT_SET_ANYWHERE", "api_key"]);
    ran.error();

    let ran = finish(with_list(&world, &model, &["model", "list"])).await;
    let listed = &ran.succeeded().stdout;
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("broken").contains("NOT_SET_ANYWHERE") && line("broken").contains("disabled"), "{listed}");
    assert!(line("works").contains("usable") && line("builtin/triage").contains("usable"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_model_lists_the_known_ones() {
    let world = World::new();
    let model = FakeLlm::start([]).await;
    let broken = broken();
    let arguments = ["ask", "why?", "--snapshot", broken.to_str().unwrap(), "--model", "wroks"];
    let ran = finish(with_list(&world, &model, &arguments)).await;
    ran.refused(2, &["wroks", "did you mean `works`", "builtin/triage", "`broken`"]);
    ran.error();
    assert_eq!(ran.stdout, "");
}

/// Runs an investigation whose model fails, and asserts what holds for every failure.
async fn fails(turns: Vec<Turn>, words: &[&str]) -> FakeLlm {
    let world = World::new();
    let twice: Vec<Turn> = turns.iter().cloned().chain(turns.clone()).collect();
    let model = FakeLlm::start(twice).await;
    let mut command = world.ask_model(&broken(), &model, &["-vv"]);
    command.env("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "0");
    let ran = finish(command).await;
    ran.refused(2, words);
    let error = ran.error().to_owned();
    assert!(error.len() < 500, "one sentence: {error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is missing: {error}");
    }
    assert!(ran.stdout.contains("OOM"), "the findings are still printed: {ran:?}");

    let mut command = world.ask_model(&broken(), &model, &["--output", "json"]);
    command.env("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "0");
    let ran = finish(command).await;
    let document = ran.json();
    assert_eq!((ran.code, &document["exit_code"]), (Some(2), &json!(2)));
    assert!(document["error"]["message"].as_str().unwrap().contains(words[0]), "{document}");
    assert!(!document["findings"].as_array().unwrap().is_empty());
    assert_eq!(document["verdict"], "findings");
    model
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_key_is_one_sentence() {
    let world = World::new();
    let model = FakeLlm::start([]).await;
    let mut command = world.ask_model(&broken(), &model, &[]);
    command.env("OPENAI_API_KEY", "canary-of-a-wrong-key");
    let ran = finish(command).await;
    ran.refused(2, &["refused the key", "api_key"]);
    assert!(ran.error().contains("127.0.0.1"));
    assert!(ran.stdout.contains("OOM"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("canary-of-a-wrong-key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_missing_deployment_is_one_sentence() {
    let body =
        json!({"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}});
    fails(vec![Turn::status(404, body)], &["the model gave no answer", "127.0.0.1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_rate_limit_beyond_the_budget_is_one_sentence() {
    let body = json!({"error": {"code": "429", "message": "Too many requests."}});
    let turn = Turn::Status { status: 429, headers: vec![("retry-after", "37".to_owned())], body };
    fails(vec![turn], &["limits the rate", "37 s"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_rate_limit_within_the_budget_is_waited_for_and_told() {
    let world = World::new();
    let body = json!({"error": {"code": "429", "message": "Too many requests."}});
    let turn = Turn::Status { status: 429, headers: vec![("retry-after-ms", "10".to_owned())], body };
    let model = FakeLlm::start([turn, Turn::text("Patience.")]).await;
    let ran = finish(world.ask_model(&broken(), &model, &["--no-triage"])).await;
    assert_eq!(ran.succeeded().stdout.trim(), "Patience.");
    assert!(ran.stderr.contains("retry in"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_broken_server_is_one_sentence() {
    fails(vec![Turn::status(500, json!({"error": {"message": "boom"}}))], &["answered 500", "boom"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_is_cut_before_a_word_is_one_sentence() {
    fails(vec![Turn::Cut(vec![": ping\n\n".into()])], &["the connection broke"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_that_is_cut_within_the_answer_leaves_the_part_and_says_so() {
    let world = World::new();
    let begun = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Half of\"}}]}\n\n";
    let model = FakeLlm::start([Turn::Cut(vec![begun.into()])]).await;
    let ran = finish(world.ask_model(&broken(), &model, &[])).await;
    assert!(ran.stdout.contains("Half of") && ran.stdout.contains("OOM"), "{ran:?}");
    assert!(ran.stderr.contains("the answer is cut") && ran.stderr.contains("connection"), "{ran:?}");
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nonsense_from_a_server_is_one_sentence() {
    fails(vec![Turn::raw("data: <html>\n\n")], &["api_base"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_is_not_there_is_one_sentence() {
    let world = World::new();
    let mut command = world.ask(&broken(), &["--model", "openai/fake"]);
    command.env("OPENAI_API_BASE", "http://127.0.0.1:9/v1").env("OPENAI_API_KEY", "key");
    command.env("LLM_RATE_LIMIT_MAX_WAIT_SECONDS", "0");
    let ran = finish(command).await;
    ran.refused(2, &["127.0.0.1"]);
    ran.error();
    assert!(ran.stdout.contains("OOM"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_a_gateway_quotes_is_masked_everywhere() {
    let world = World::new();
    let model = FakeLlm::start([Turn::EchoKey, Turn::EchoKey, Turn::text("Your key is KEY")]).await;
    for more in [&["-vv"][..], &["--output", "json"]] {
        let ran = finish(world.ask_model(&broken(), &model, more)).await;
        assert_eq!(ran.code, Some(2));
        assert!(!ran.stderr.contains('\u{1b}'), "a gateway's escape codes reach no terminal: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_a_model_says_is_masked_wherever_it_was_configured() {
    let world = World::new();
    let broken = broken();
    let source = ["ask", "why?", "--no-triage", "--snapshot", broken.to_str().unwrap(), "-vv"];
    // `finish` asserts that the key is in no output.
    let model = FakeLlm::start(vec![Turn::SayKey; 4]).await;
    let from_list = with_list(&world, &model, &[&source[..], &["--model", "works"]].concat());
    let from_environment = world.ask_model(&broken, &model, &["--no-triage", "--output", "json"]);
    let mut from_flag = world.command(source);
    from_flag
        .args(["--model", "openai/fake", "--api-key", model.api_key()])
        .env("OPENAI_API_BASE", model.openai_base());
    let config =
        format!("model: openai/fake\napi_key: {}\napi_base: {}\n", model.api_key(), model.openai_base());
    let mut from_file = world.command(source);
    from_file.arg("--config").arg(world.write("holmes.yaml", config));
    for command in [from_list, from_environment, from_flag, from_file] {
        let ran = finish(command).await;
        assert!(ran.succeeded().stdout.contains("Your key is"), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_model_writes_reaches_a_terminal_without_its_tricks_and_without_credentials() {
    let world = World::new();
    let said = "\u{1b}[2J\u{1b}]8;;http://evil\u{7}click\u{202e} Server=db;Password=FAKE-SECRET-DO-NOT-LEAK-x;Port=1 done";
    let model = FakeLlm::start([Turn::text(said), Turn::text(said)]).await;
    for more in [&["--no-triage"][..], &["--no-triage", "--output", "json"]] {
        let ran = finish(world.ask_model(&broken(), &model, more)).await;
        let stdout = &ran.succeeded().stdout;
        assert!(stdout.contains("done") && !stdout.contains('\u{202e}'), "{ran:?}");
        assert!(!stdout.chars().any(|letter| letter.is_control() && letter != '\n'), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_model_that_talks_nonsense_is_answered_and_then_given_up() {
    let world = World::new();
    let wild = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[\
        {\"index\":0,\"id\":\"x\",\"function\":{\"name\":\"kubectl_describe\",\"arguments\":\"{not json\"}},\
        {\"index\":1,\"id\":\"x\",\"function\":{\"name\":\"rm -rf /\",\"arguments\":\"\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    let model = FakeLlm::start([Turn::raw(wild), Turn::text(""), Turn::text("")]).await;
    let ran = finish(world.ask_model(&broken(), &model, &[])).await;
    ran.refused(2, &["neither answered nor called a tool"]);
    ran.error();
    assert!(ran.stdout.contains("OOM"), "{ran:?}");
    assert_eq!(model.turns_left(), 0);
}

#[test]
fn a_model_without_a_key_says_what_to_set() {
    let world = World::new();
    let mut command = world.ask(&broken(), &["--model", "azure/prod"]);
    command.env("AZURE_API_BASE", "https://contoso.openai.azure.com");
    let ran = Ran::of(command.output().unwrap());
    ran.refused(2, &["azure/prod", "AZURE_API_KEY"]);
    ran.error();
}
