use axum::http::StatusCode;
use holmes_protocol::Message;
use serde_json::json;

use super::fakes::{Turn, chat, json as read_json, post, send, server};

#[tokio::test]
async fn a_json_answer_has_every_field_of_holmesgpt() {
    let turns =
        vec![Turn::Calls("", vec![("look", "{\"pod\":\"web\"}"), ("fail", "{}")]), Turn::Says("fine")];
    let (_, router) = server(turns);
    let (status, body) = chat(&router, &json!({"ask": "why?"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&body["analysis"], &body["follow_up_actions"]), (&json!("fine"), &json!([])));
    assert!(body["pending_approvals"].is_null());
    let call = &body["tool_calls"][0];
    let result = &call["result"];
    assert_eq!(call["tool_call_id"], "call_1_0");
    assert_eq!((&call["tool_name"], &call["toolset_name"]), (&json!("look"), &json!("fake")));
    assert_eq!(call["description"], "look {\"pod\":\"web\"}");
    assert_eq!(call["size"], 13);
    assert_eq!((&result["schema_version"], &result["status"]), (&json!("robusta:v1.0.0"), &json!("success")));
    assert_eq!(result["data"], "{\"pod\":\"web\"}");
    assert_eq!((&result["params"], &result["error"]), (&json!({"pod": "web"}), &json!(null)));
    assert!(result["elapsed_seconds"].is_number() && result["invocation"].is_string());
    let failed = &body["tool_calls"][1]["result"];
    assert_eq!((&failed["status"], &failed["data"]), (&json!("error"), &json!(null)));
    assert!(failed["error"].as_str().unwrap().contains("there is no such pod"));
    let metadata = &body["metadata"];
    assert_eq!(metadata["usage"]["total_tokens"], 220);
    assert_eq!((&metadata["model"], &metadata["finish_reason"]), (&json!("fast"), &json!("stop")));
    assert!(metadata["findings"].is_null());
}

#[tokio::test]
async fn a_body_without_a_content_type_and_with_every_ignored_field_is_accepted() {
    let (script, router) = server(vec![Turn::Says("fine")]);
    let body = json!({
        "ask": "why?", "images": [], "tool_decisions": null, "frontend_tools": [], "response_format": null,
        "behavior_controls": {"fast_mode": true, "text_delta": false}, "enable_tool_approval": true,
        "user_id": "u", "user_email": "u@example.org", "request_type": "chat", "request_source": "ui",
        "source_ref": "r", "conversation_id": "c", "conversation_source": "s", "meta": {"a": 1},
        "is_internal": false, "trace_span": {}, "additional_system_prompt": "Answer in Latin.",
        "conversation_link": "https://example.org/c/1", "conversation_history": null, "model": null,
    });
    assert_eq!(chat(&router, &body).await.0, StatusCode::OK);
    let requests = script.requests.lock().unwrap();
    let Message::System { text } = &requests[0].messages[0] else { panic!("no system message") };
    assert!(text.contains("Answer in Latin.") && text.contains("https://example.org/c/1"));
}

#[tokio::test]
async fn what_would_change_the_meaning_is_refused_with_a_sentence() {
    let (_, router) = server(Vec::new());
    let refused = [
        (json!({"ask": "a", "images": ["data:image/png;base64,"]}), 400, "`images`"),
        (json!({"ask": "a", "response_format": {"type": "json_schema"}}), 400, "`response_format`"),
        (json!({"ask": "a", "tool_decisions": [{"tool_call_id": "x"}]}), 400, "`tool_decisions`"),
        (json!({"ask": "a", "frontend_tools": [{"name": "x"}]}), 400, "`frontend_tools`"),
        (json!({"ask": "a", "frontend_tool_results": [{}]}), 400, "`frontend_tool_results`"),
        (json!({"ask": " "}), 422, "`ask`"),
        (json!({}), 422, "`ask`"),
        (json!({"ask": 5}), 422, "line 1 column"),
        (json!([]), 422, "not a chat request"),
        (json!({"ask": "a", "model": "x", "stream": true}), 400, "known models: `fast`, `off`"),
        (json!({"ask": "a", "model": "off"}), 400, "`OFF_KEY` is not set"),
    ];
    for (body, expected, words) in refused {
        let (status, answer) = chat(&router, &body).await;
        assert_eq!(status.as_u16(), expected, "{body}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{answer}");
    }
    let (status, answer) = read_json(send(&router, post("/api/chat", "{\"ask\": \"a\",\n oh")).await).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["detail"].as_str().unwrap().contains("line 2 column 2"), "{answer}");
}

#[tokio::test]
async fn secrets_of_tools_questions_and_the_server_are_in_no_answer() {
    use super::fakes::{KEY, SECRET};
    let turns = vec![Turn::Calls("", vec![("leak", "{}")]), Turn::Says("the password=hunter2x9Q\n")];
    let (_, router) = server(turns);
    // `chat` searches every body for the canaries.
    let ask = format!("is {KEY} or password={SECRET} right?");
    let (status, body) = chat(&router, &json!({ "ask": ask })).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body["tool_calls"][0]["result"]["data"].as_str().unwrap().contains("<redacted:"));
}
