use axum::http::StatusCode;
use holmes_agent::LlmErrorKind;
use serde_json::json;

use super::fakes::{Script, Turn, chat, events, open, with_tools};
use crate::router;

#[tokio::test]
async fn findings_stand_beside_the_first_answer_and_survive_a_failure_of_the_model() {
    let fails = || Turn::Fails(LlmErrorKind::KeyInvalid, Some(401));
    let script = Script::new(vec![Turn::Says("fine"), Turn::Says("still"), fails(), fails()]);
    let router = router(with_tools(&script, open(), &["triage"]));
    let (_, first) = chat(&router, &json!({"ask": "why?"})).await;
    assert_eq!(first["metadata"]["findings"][0]["rule"], "crash-loop");
    assert_eq!(first["metadata"]["verdict"], "findings");
    assert_eq!(first["tool_calls"][0]["tool_name"], "triage");

    let history = &first["conversation_history"];
    let (_, second) = chat(&router, &json!({"ask": "sure?", "conversation_history": history})).await;
    assert_eq!((&second["tool_calls"], &second["metadata"]["findings"]), (&json!([]), &json!(null)));

    let (status, third) = chat(&router, &json!({"ask": "why?"})).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(third["metadata"]["findings"][0]["rule"], "crash-loop");
    let streamed = events(&router, json!({"ask": "why?"})).await;
    let names: Vec<&str> = streamed.iter().map(|(name, _)| name.as_str()).collect();
    let order = ["start_tool_calling", "tool_calling_result", "token_count", "token_count", "error"];
    assert_eq!(names, order);
    assert_eq!(streamed[4].1["metadata"]["findings"][0]["rule"], "crash-loop");
}
