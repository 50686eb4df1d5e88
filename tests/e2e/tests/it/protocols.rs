//! One investigation over every protocol of Azure, and everything that a deployment may answer instead.

mod adapting;
mod refusals;
mod streams;

use holmes_fakes::azure_openai::Credential;
use serde_json::{Value, json};

use crate::cloud::{ANSWER, Cloud};

/// A model list with one entry for each way to a deployment.
fn every_protocol(cloud: &Cloud) -> Value {
    let (base, key) = (cloud.azure.base(), "{{ env.AZURE_API_KEY }}");
    let entry = |version: &str| json!({"model": "azure/prod", "api_base": base, "api_version": version, "api_key": key});
    let responses = |version: &str| {
        let mut entry = entry(version);
        entry["api"] = "responses".into();
        entry
    };
    json!({
        "chat-classic": entry("2024-10-21"),
        "chat-v1": entry("v1"),
        "chat-old": entry("2023-07-01-preview"),
        "responses-classic": responses("2025-04-01-preview"),
        "responses-v1": responses("v1"),
        "claude": {"model": "azure_ai/claude-prod", "api_base": cloud.azure.anthropic_base(), "api_key": key},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_investigation_is_the_same_over_every_protocol() {
    let cloud = Cloud::start().await;
    let list = cloud.world.write("model_list.yaml", every_protocol(&cloud).to_string());
    let mut first = None;
    for (name, target) in [
        ("chat-classic", "/openai/deployments/prod/chat/completions?api-version=2024-10-21"),
        ("chat-v1", "/openai/v1/chat/completions"),
        ("chat-old", "/openai/deployments/prod/chat/completions?api-version=2023-07-01-preview"),
        ("responses-classic", "/openai/responses?api-version=2025-04-01-preview"),
        ("responses-v1", "/openai/v1/responses"),
        ("claude", "/anthropic/v1/messages"),
    ] {
        let before = cloud.azure.asked();
        let mut command = cloud.ask(name, &["--output", "json"]);
        command.env("MODEL_LIST_FILE_LOCATION", &list).env("AZURE_API_KEY", cloud.azure.api_key());
        let ran = cloud.finish(command).await;
        let document = ran.succeeded().json();
        assert_eq!(document["answer_markdown"], ANSWER, "{name}");
        assert_eq!(document["model"], name);
        let calls = document["tool_calls"].as_array().unwrap();
        let seen: Vec<Value> =
            calls.iter().map(|call| json!([call["tool"], call["arguments"], call["text"]])).collect();
        assert_eq!(seen.len(), 1, "{name}");
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{name}");
        assert!(
            document["usage"]["completion_tokens"].as_u64() > Some(0) || name == "chat-old",
            "{document:#}"
        );
        let requests = cloud.azure.requests();
        assert_eq!(requests.len(), before + 2, "{name}: a call, and an answer");
        for request in &requests[before..] {
            assert_eq!((request.target.as_str(), request.status), (target, 200), "{name}");
            assert_eq!(request.credential, Credential::Key(cloud.azure.api_key().to_owned()));
        }
    }
}
