//! Chat Completions against a scripted server: quirks of streams, refusals, retries, secrets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use holmes_config::Environment;
use holmes_fakes::{FakeLlm, Turn};
use holmes_identity::entra::Entra;
use holmes_llm::{
    ChatEvent, ChatModel, ChatReply, ChatRequest, Config, FinishReason, LlmError, LlmErrorKind, ModelList,
    Registry, RetryPolicy, Settings,
};
use holmes_protocol::Message;
use serde_json::{Value, json};

fn settings() -> Settings {
    let retry = RetryPolicy {
        base: Duration::from_millis(1),
        budget: Duration::from_secs(2),
        ..RetryPolicy::default()
    };
    Settings { retry, idle_timeout: Duration::from_millis(300), ..Settings::default() }
}

fn model(fake: &FakeLlm, id: &str) -> Arc<dyn ChatModel> {
    let base = if id.starts_with("azure/") { fake.azure_base() } else { fake.openai_base() };
    let entry = json!({"fake": {"model": id, "api_base": base, "api_key": "{{ env.K }}", "max_tokens": 9}});
    let list = ModelList::parse("models.yaml", &entry.to_string()).unwrap();
    let environment = Environment::from([("K", fake.api_key())]);
    let identities = Entra::new(holmes_identity::entra::Config::default()).unwrap();
    Registry::with_settings(list, Config::default(), environment, settings(), identities)
        .choose(None)
        .unwrap()
}

/// The pieces of text, the reasons of retries, and the end.
async fn ask(model: &Arc<dyn ChatModel>) -> (Vec<String>, Vec<String>, Result<ChatReply, LlmError>) {
    let request = ChatRequest { messages: vec![Message::User { text: "why?".into() }], tools: vec![] };
    let (mut pieces, mut retries) = (vec![], vec![]);
    let mut events = model.chat(request);
    while let Some(event) = events.next().await {
        match event {
            Ok(ChatEvent::TextDelta(piece)) => pieces.push(piece),
            Ok(ChatEvent::Retry { reason, .. } | ChatEvent::FellBack { reason, .. }) => retries.push(reason),
            Ok(ChatEvent::Finished(reply)) => return (pieces, retries, Ok(reply)),
            Err(error) => return (pieces, retries, Err(error)),
        }
    }
    panic!("the stream ended without an end");
}

async fn play(turns: Vec<Turn>) -> (Vec<String>, Vec<String>, Result<ChatReply, LlmError>) {
    let fake = FakeLlm::start(turns).await;
    let result = ask(&model(&fake, "azure/dep")).await;
    let shown = format!("{result:?}");
    assert!(!shown.contains(fake.api_key()), "{shown}");
    result
}

fn frame(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn delta(delta: &Value) -> String {
    frame(&json!({"model": "gpt", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
}

fn end(reason: &str) -> String {
    frame(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

#[tokio::test]
async fn azure_and_openai_are_asked_as_documented() {
    let fake = FakeLlm::start([Turn::text("hello"), Turn::text("hello")]).await;
    for (id, target, header) in [
        (
            "azure/my dep",
            "/openai/deployments/my%20dep/chat/completions?api-version=2025-02-01-preview",
            "api-key",
        ),
        ("openai/gpt-4o", "/v1/chat/completions", "authorization"),
    ] {
        let (pieces, retries, reply) = ask(&model(&fake, id)).await;
        let reply = reply.unwrap();
        assert_eq!((pieces.concat().as_str(), reply.text.as_str(), retries.len()), ("hello", "hello", 0));
        assert_eq!(
            (reply.finish, reply.usage.total(), reply.model.as_str()),
            (FinishReason::Stop, 15, "fake-model")
        );
        let asked = fake.requests().pop().unwrap();
        assert_eq!(asked.target, target);
        assert!(asked.headers.contains_key(header));
        assert_eq!(asked.body["stream"], true);
        assert_eq!((&asked.body["max_tokens"], &asked.body["temperature"]), (&json!(9), &json!(1e-8)));
    }
}

#[tokio::test]
async fn streamed_equals_not_streamed() {
    let calls = json!([
        {"id": "a", "type": "function", "function": {"name": "one", "arguments": "{\"x\":1}"}},
        {"id": "b", "type": "function", "function": {"name": "two", "arguments": ""}}]);
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 1}});
    let whole = json!({"model": "gpt", "usage": usage, "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"content": "größe", "tool_calls": calls}}]});
    let stream = frame(&json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []}))
        + ": comment\n\n"
        + &delta(&json!({"role": "assistant", "content": "", "tool_calls": null}))
        + &delta(&json!({"content": "grö"}))
        + &delta(&json!({"content": "ße"}))
        + &delta(
            &json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": ""}}]}),
        )
        + &delta(&json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "two"}}]}))
        + &delta(&json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\""}}]}))
        + &delta(&json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}))
        + &frame(&json!({"choices": [{"index": 0, "finish_reason": null, "content_filter_offsets": {}}]}))
        + &end("tool_calls")
        + &frame(&json!({"choices": [], "usage": usage}))
        + "data: [DONE]\n\n";
    let expected = play(vec![Turn::Json(whole)]).await.2.unwrap();
    assert_eq!((expected.text.as_str(), expected.tool_calls.len(), expected.usage.total()), ("größe", 2, 7));
    let bare = stream.replace("data: ", "data:");
    for text in [stream.replace('\n', "\r\n"), bare, stream.clone()] {
        assert_eq!(play(vec![Turn::raw(&text)]).await.2.unwrap(), expected);
    }
    let bytes = stream.as_bytes().chunks(5).map(|chunk| chunk.to_vec().into()).collect();
    assert_eq!(play(vec![Turn::Raw(bytes)]).await.2.unwrap(), expected);
}

#[tokio::test]
async fn parallel_calls_that_a_server_numbers_alike_stay_apart() {
    let call = |id: &str| {
        delta(&json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": id, "arguments": {}}}]}))
    };
    let reply = play(vec![Turn::raw(&(call("a") + &call("b") + &end("stop")))]).await.2.unwrap();
    let names: Vec<&str> = reply.tool_calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!((names, reply.finish), (vec!["a", "b"], FinishReason::ToolCalls));
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_an_error() {
    let half = delta(&json!({"content": "half"}));
    let bytes = || vec![half.clone().into_bytes().into()];
    for turn in [Turn::raw(&half), Turn::Cut(bytes()), Turn::Hang(bytes())] {
        let (pieces, retries, end) = play(vec![turn, Turn::text("never asked")]).await;
        assert_eq!((pieces.concat().as_str(), retries.len()), ("half", 0), "no retry after the first byte");
        assert_eq!(end.unwrap_err().kind, LlmErrorKind::Cut);
    }
    let whole = (half.clone() + &end("stop")).into_bytes();
    let reply = play(vec![Turn::Cut(vec![whole.into()])]).await.2.unwrap();
    assert_eq!(reply.text, "half");
    let (_, retries, reply) = play(vec![Turn::Cut(vec![]), Turn::text("second")]).await;
    assert_eq!((retries.len(), reply.unwrap().text.as_str()), (1, "second"));
}

#[tokio::test]
async fn finish_reasons_and_error_frames_are_told_apart() {
    for (reason, expected) in
        [("length", FinishReason::Length), ("content_filter", FinishReason::ContentFilter)]
    {
        let reply = play(vec![Turn::raw(&(delta(&json!({"content": "x"})) + &end(reason)))]).await.2.unwrap();
        assert_eq!(reply.finish, expected);
    }
    let failing = frame(&json!({"error": {"code": "content_filter", "message": "no"}}));
    let error = play(vec![Turn::raw(&(delta(&json!({"content": "x"})) + &failing))]).await.2.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ContentFiltered);
    let busy = frame(&json!({"error": {"code": "429", "message": "rate limit"}}));
    let (_, retries, reply) = play(vec![Turn::raw(&busy), Turn::text("later")]).await;
    assert_eq!((retries.len(), reply.unwrap().text.as_str()), (1, "later"));
    let html = play(vec![Turn::raw("data: <html>\n\n")]).await.2.unwrap_err();
    assert_eq!(html.kind, LlmErrorKind::Malformed);
}

#[tokio::test]
async fn refusals_are_explained_and_not_repeated() {
    let rate = LlmErrorKind::RateLimited { retry_after: Some(Duration::from_secs(99)) };
    for (status, code, message, kind, word) in [
        (401, "401", "invalid subscription key or wrong API endpoint", LlmErrorKind::KeyInvalid, "api_key"),
        (401, "PermissionDenied", "lacks the required data action", LlmErrorKind::RoleMissing, "role"),
        (403, "AuthenticationTypeDisabled", "x", LlmErrorKind::LocalAuthDisabled, "takes no keys"),
        (
            403,
            "403",
            "Access denied due to Virtual Network/Firewall rules.",
            LlmErrorKind::NetworkDenied,
            "network",
        ),
        (404, "DeploymentNotFound", "x", LlmErrorKind::DeploymentMissing, "`dep`"),
        (404, "404", "Resource not found", LlmErrorKind::WrongPath, "api_base"),
        (429, "insufficient_quota", "x", LlmErrorKind::QuotaExhausted, "quota"),
        (429, "429", "Please retry after 99 seconds", rate, "99 s"),
        (400, "content_filter", "x", LlmErrorKind::ContentFiltered, "content filter"),
        (400, "context_length_exceeded", "x", LlmErrorKind::ContextTooLong, "window"),
        (400, "other", "strange request", LlmErrorKind::Rejected, "strange request"),
        (302, "", "", LlmErrorKind::Rejected, "redirects"),
    ] {
        let body = json!({"error": {"code": code, "message": message}});
        let (_, retries, end) = play(vec![Turn::status(status, body), Turn::text("never asked")]).await;
        let error = end.unwrap_err();
        assert_eq!((error.kind, error.status, retries.len()), (kind, Some(status), 0), "{code}");
        assert!(error.message.contains(word), "{code}: {}", error.message);
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_within_the_hint() {
    let busy = |status| Turn::status(status, json!({"statusCode": status, "message": "busy"}));
    let hinted =
        Turn::Status { status: 429, headers: vec![("retry-after-ms", "30".into())], body: json!({}) };
    let turns = vec![busy(500), busy(503), busy(408), busy(409), hinted, Turn::text("at last")];
    let started = std::time::Instant::now();
    let (_, retries, reply) = play(turns).await;
    assert_eq!((retries.len(), reply.unwrap().text.as_str()), (5, "at last"));
    assert!(started.elapsed() >= Duration::from_millis(30));
    assert!(retries[0].contains("busy"), "{retries:?}");
}

#[tokio::test]
async fn a_refused_parameter_is_learnt_for_good() {
    let refuse = |code: &str, param: &str| {
        Turn::status(
            400,
            json!({"error": {"code": code, "param": param, "message": "Use 'max_completion_tokens' instead."}}),
        )
    };
    let turns = [
        refuse("unsupported_parameter", "max_tokens"),
        refuse("unsupported_value", "temperature"),
        Turn::text("one"),
        Turn::text("two"),
    ];
    let fake = FakeLlm::start(turns).await;
    let model = model(&fake, "azure/dep");
    assert_eq!(ask(&model).await.2.unwrap().text, "one");
    assert_eq!(ask(&model).await.2.unwrap().text, "two");
    let requests = fake.requests();
    assert_eq!(requests.len(), 4);
    for body in requests[2..].iter().map(|request| &request.body) {
        assert!(
            body["max_tokens"].is_null()
                && body["temperature"].is_null()
                && body["max_completion_tokens"] == 9
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_the_key_is_not() {
    let fake = FakeLlm::start([]).await;
    let (model, key, base) = (model(&fake, "azure/dep"), fake.api_key().to_owned(), fake.azure_base());
    drop(fake);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (_, retries, end) = ask(&model).await;
    let error = end.unwrap_err();
    assert_eq!((error.kind, retries.len()), (LlmErrorKind::Unavailable, 5));
    assert!(base.ends_with(error.message.split('`').nth(1).unwrap()), "{}", error.message);
    assert!(!format!("{error:?} {retries:?}").contains(&key));
}

#[tokio::test]
async fn a_key_that_a_server_echoes_is_taken_out() {
    let fake = FakeLlm::start([Turn::EchoKey]).await;
    let error = ask(&model(&fake, "azure/dep")).await.2.unwrap_err();
    assert!(error.message.contains("[redacted]"), "{}", error.message);
    assert!(!format!("{error:?}").contains(fake.api_key()) && !error.message.contains('\u{1b}'));
}
