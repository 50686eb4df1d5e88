use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use futures::StreamExt;
use holmes_agent::LlmErrorKind;
use serde_json::json;

use super::fakes::{Script, Turn, chat, events, open, post, send, server, state};
use crate::{Config, router};

#[tokio::test(start_paused = true)]
async fn events_come_in_the_order_that_clients_know() {
    let turns = vec![
        Turn::Calls("I look.", vec![("look", "{\"s\":2}"), ("fail", "{}")]),
        Turn::Calls("", vec![("look", "{}")]),
        Turn::Says("It is\nfine."),
    ];
    let (_, router) = server(turns);
    let events = events(&router, json!({"ask": "why?"})).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let expected = "text_delta token_count ai_message start_tool_calling start_tool_calling \
                    tool_calling_result tool_calling_result token_count \
                    token_count start_tool_calling tool_calling_result token_count \
                    text_delta text_delta token_count ai_answer_end";
    let merged = names.join(" ").replace("text_delta text_delta", "text_delta");
    assert_eq!(merged, expected.replace("text_delta text_delta", "text_delta"));

    let data = |name: &str| events.iter().filter(|(found, _)| found == name).map(|(_, data)| data).collect();
    let results: Vec<_> = data("tool_calling_result");
    assert_eq!(results[0]["tool_call_id"], "call_1_1", "as each finishes");
    assert_eq!((&results[0]["role"], &results[0]["name"]), (&json!("tool"), &json!("fail")));
    assert_eq!(results[0]["result"]["data"], "");
    assert_eq!(results[1]["result"]["data"], "{\"s\":2}");
    assert_eq!(results[1]["toolset_name"], "fake");
    let starts: Vec<_> = data("start_tool_calling");
    assert_eq!(*starts[0], json!({"tool_name": "look", "id": "call_1_0"}));
    let counts: Vec<_> = data("token_count");
    assert_eq!(counts[0]["metadata"]["usage"]["total_tokens"], 110);
    assert_eq!(counts[0]["metadata"]["max_tokens"], 100_000);
    let messages: Vec<_> = data("ai_message");
    assert_eq!(messages[0]["content"], "I look.");
    let ends: Vec<_> = data("ai_answer_end");
    assert_eq!(ends[0]["analysis"], "It is\nfine.");
    assert_eq!(ends[0]["metadata"]["usage"]["total_tokens"], 330);
    assert_eq!(ends[0]["conversation_history"][0]["role"], "system");
    let pieces: Vec<_> = data("text_delta");
    let last: String = pieces
        .iter()
        .filter(|piece| piece["step"] == 3)
        .map(|piece| piece["content"].as_str().unwrap())
        .collect();
    assert_eq!(last, "It is\nfine.");
}

#[tokio::test]
async fn pieces_of_text_can_be_turned_off() {
    let (_, router) = server(vec![Turn::Says("fine")]);
    let events = events(&router, json!({"ask": "a", "behavior_controls": {"text_delta": false}})).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["token_count", "ai_answer_end"]);
}

#[tokio::test]
async fn a_failure_after_the_stream_began_is_the_last_event() {
    for (kind, code) in [(LlmErrorKind::RateLimited { retry_after: None }, 5204), (LlmErrorKind::Rejected, 1)]
    {
        let turns = vec![Turn::Calls("", vec![("leak", "{}")]), Turn::Fails(kind, Some(429))];
        let (_, router) = server(turns);
        let events = events(&router, json!({"ask": "a"})).await;
        let (name, data) = events.last().unwrap();
        assert_eq!((name.as_str(), &data["error_code"]), ("error", &json!(code)));
        assert_eq!((&data["success"], &data["description"]), (&json!(false), &data["msg"]));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_and_a_client_that_leaves_cancels() {
    let script = Script::new(vec![Turn::Hangs, Turn::Hangs]);
    let router = router(state(&script, open()));
    let idle = Arc::strong_count(&script);
    let response = send(&router, post("/api/chat", json!({"ask": "a", "stream": true}).to_string())).await;
    let started = tokio::time::Instant::now();
    let mut body = response.into_body().into_data_stream();
    let comment = body.next().await.unwrap().unwrap();
    assert_eq!((comment.as_ref(), started.elapsed().as_secs()), (b": keep-alive\n\n".as_slice(), 15));
    assert!(Arc::strong_count(&script) > idle);
    drop(body);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&script), idle, "the investigation is gone");

    let body = json!({"ask": "a"});
    let waiting = tokio::time::timeout(Duration::from_secs(1), chat(&router, &body)).await;
    assert!(waiting.is_err(), "the model hangs");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&script), idle, "the investigation is gone");
}

#[tokio::test(start_paused = true)]
async fn one_investigation_too_many_is_told_when_to_come_back() {
    let script = Script::new(vec![Turn::Hangs, Turn::Says("fine")]);
    let router = router(state(&script, Config { concurrent_investigations: 1, ..open() }));
    let ask = json!({"ask": "a", "stream": true}).to_string();
    let first = send(&router, post("/api/chat", ask.clone())).await;
    let second = send(&router, post("/api/chat", ask)).await;
    assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(second.headers()["retry-after"], "10");
    while script.requests.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(first);
    assert_eq!(chat(&router, &json!({"ask": "a"})).await.0, StatusCode::OK);
}
