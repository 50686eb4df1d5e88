//! What a deployment teaches: parameters, the other protocol, how long to wait, and who answers in its place.

use std::time::{Duration, Instant};

use holmes_fakes::{
    FakeAzureOpenAi,
    azure_openai::{AzureRequest, Hint, Quirk, Refusal},
};
use serde_json::json;

use crate::{
    cloud::{ANSWER, Cloud, investigation},
    served::together,
};

fn refused(requests: &[AzureRequest]) -> usize {
    requests.iter().filter(|request| request.status == 400).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn learns_max_completion_tokens_once_for_the_whole_server() {
    let cloud = Cloud::start().await;
    cloud.azure.set_quirks([Quirk::ReasoningModel]);
    let server = cloud
        .serve(|command| {
            command.env("AZURE_API_BASE", cloud.azure.base()).env("AZURE_API_KEY", cloud.azure.api_key());
            command.env("AZURE_API_VERSION", "2025-04-01-preview").args(["--model", "azure/prod"]);
        })
        .await;
    server.answers("", ANSWER).await;
    let learnt = cloud.azure.requests();
    assert!((1..=4).contains(&refused(&learnt)), "{} refusals", refused(&learnt));
    let last = learnt.last().unwrap();
    assert!(last.body.get("max_completion_tokens").is_some() && last.body.get("max_tokens").is_none());
    assert!(last.body.get("temperature").is_none_or(|value| value == 1));
    server.answers("", ANSWER).await;
    let requests = cloud.azure.requests();
    assert_eq!(refused(&requests[learnt.len()..]), 0, "what was learnt is kept");
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_protocol_is_spoken_from_the_refusal_on() {
    for (quirk, version, refused_at, spoken_at) in [
        (Quirk::ToolsNeedResponses, "v1", "/openai/v1/chat/completions", "/openai/v1/responses"),
        (
            Quirk::NoChat,
            "2025-04-01-preview",
            "/openai/deployments/prod/chat",
            "/openai/responses?api-version",
        ),
    ] {
        let cloud = Cloud::start().await;
        cloud.azure.set_quirks([quirk]);
        let server = cloud
            .serve(|command| {
                command.env("AZURE_API_BASE", cloud.azure.base()).env("AZURE_API_KEY", cloud.azure.api_key());
                command.env("AZURE_API_VERSION", version).args(["--model", "azure/prod"]);
            })
            .await;
        server.answers("", ANSWER).await;
        server.answers("", ANSWER).await;
        let requests = cloud.azure.requests();
        assert_eq!((refused(&requests), requests.len()), (1, 5), "{quirk:?}");
        assert!(requests[0].target.starts_with(refused_at), "{}", requests[0].target);
        for request in &requests[1..] {
            assert!(request.target.starts_with(spoken_at), "{quirk:?}: {}", request.target);
        }
        cloud.end(server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_investigations_that_run_together_learn_together() {
    for quirk in [Quirk::ReasoningModel, Quirk::ToolsNeedResponses] {
        let cloud = Cloud::start().await;
        cloud.azure.set_quirks([quirk]);
        // All are on their way before the first refusal comes back.
        cloud.azure.set_delay(Duration::from_millis(500));
        let server = cloud
            .serve(|command| {
                command.env("AZURE_API_BASE", cloud.azure.base()).env("AZURE_API_KEY", cloud.azure.api_key());
                command.env("AZURE_API_VERSION", "v1").args(["--model", "azure/prod"]);
            })
            .await;
        together((0..6).map(|_| server.answers("", ANSWER))).await;
        cloud.end(server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fallback_named_in_metadata() {
    let cloud = Cloud::start().await;
    let spare = FakeAzureOpenAi::start(&cloud.authority, cloud.entra.tokens()).await;
    spare.set_endless(Some(investigation()));
    cloud.azure.refuse_always(Some(Refusal::QuotaExhausted));
    let list = json!({
        "first": {"model": "azure/prod", "api_base": cloud.azure.base(), "api_version": "v1",
            "api_key": cloud.azure.api_key(), "fallback": ["second"]},
        "second": {"model": "azure/spare", "api_base": spare.base(), "api_version": "v1",
            "api_key": "{{ env.SPARE_KEY }}"},
    });
    let list = cloud.world.write("model_list.yaml", list.to_string());
    let mut command = cloud.ask("first", &["--output", "json"]);
    command.env("MODEL_LIST_FILE_LOCATION", &list).env("SPARE_KEY", spare.api_key());
    let ran = cloud.finish(command).await;
    let document = ran.succeeded().json();
    assert_eq!((&document["model"], &document["answer_markdown"]), (&json!("second"), &json!(ANSWER)));
    assert!(ran.stderr.contains("model `second` answers instead") && ran.stderr.contains("quota"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(spare.api_key()));

    let asked = cloud.azure.asked();
    let server = cloud
        .serve(|command| {
            command.env("MODEL_LIST_FILE_LOCATION", &list).env("SPARE_KEY", spare.api_key());
        })
        .await;
    let body = server.answers("first", ANSWER).await;
    assert_eq!(body["metadata"]["model"], "second", "{body}");
    assert!(cloud.azure.asked() > asked, "the first is asked first");
    // A missing role is for people to mend: nobody else answers.
    cloud.azure.refuse_always(Some(Refusal::KeyInvalid));
    let before = spare.asked();
    assert_eq!(server.chat("first").await.0, 502);
    assert_eq!(spare.asked(), before);
    cloud.end(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_ms_is_a_floor() {
    let cloud = Cloud::start().await;
    cloud.azure.play([Refusal::RateLimited(Hint::Milliseconds(1500))]);
    let mut command = cloud.ask_azure(&[]);
    command.env("AZURE_API_KEY", cloud.azure.api_key());
    let began = Instant::now();
    let ran = cloud.finish(command).await;
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?}", began.elapsed());
    ran.succeeded();
    let line = ran.stderr.lines().find_map(|line| line.strip_prefix("retry in ")).unwrap();
    let wait: f32 = line.split('s').next().unwrap().parse().unwrap();
    assert!((1.5..10.0).contains(&wait), "{line}");
    assert!(line.contains("limits the rate"), "{line}");
    assert_eq!(cloud.azure.asked(), 3);
}
