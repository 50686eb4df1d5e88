use std::time::Duration;

use axum::http::{Request, StatusCode};
use holmes_agent::LlmErrorKind;
use serde_json::json;

use super::fakes::{Script, Turn, chat, get, json as read_json, open, post, send, server, state};
use crate::{Config, router};

#[tokio::test]
async fn a_failure_of_the_model_is_never_mistaken_for_one_of_the_client() {
    let limited = LlmErrorKind::RateLimited { retry_after: Some(Duration::from_millis(6500)) };
    let cases = [
        (LlmErrorKind::NoCredential, None, 502),
        (LlmErrorKind::TokenRejected, Some(401), 502),
        (LlmErrorKind::RoleMissing, Some(401), 502),
        (LlmErrorKind::DeploymentMissing, Some(404), 502),
        (LlmErrorKind::WrongPath, Some(404), 502),
        (limited, Some(429), 429),
        (LlmErrorKind::QuotaExhausted, Some(429), 429),
        (LlmErrorKind::ContextTooLong, Some(400), 400),
        (LlmErrorKind::ContentFiltered, Some(400), 400),
        (LlmErrorKind::Rejected, Some(400), 502),
        (LlmErrorKind::Unavailable, None, 504),
        (LlmErrorKind::Unavailable, Some(503), 502),
        (LlmErrorKind::Cut, None, 502),
        (LlmErrorKind::Malformed, None, 502),
    ];
    for (kind, provider, expected) in cases {
        let (_, router) = server(vec![Turn::Fails(kind, provider)]);
        // `chat` asserts that the provider's own words are not in the body.
        let (status, body) = chat(&router, &json!({"ask": "a"})).await;
        assert_eq!(status.as_u16(), expected, "{kind:?}");
        assert!(body["detail"].is_string() && body.as_object().unwrap().len() == 1, "{body}");
    }
    let (_, router) = server(vec![Turn::Fails(limited, Some(429))]);
    let response = send(&router, post("/api/chat", "{\"ask\": \"a\"}")).await;
    assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test]
async fn every_wrong_address_gets_a_detail() {
    let (_, router) = server(Vec::new());
    let cases = [
        (get("/nothing"), 404, "not found"),
        (get("/api/chat"), 405, "method not allowed"),
        (post("/api/model", ""), 405, "method not allowed"),
        (post("/api/investigate", "{}"), 410, "`POST /api/chat`"),
        (get("/api/stream/investigate"), 410, "`POST /api/chat`"),
        (post("/api/issue_chat", "{}"), 410, "`POST /api/chat`"),
        (post("/api/workload_health_check", "{}"), 410, "`POST /api/chat`"),
        (post("/api/workload_health_chat", "{}"), 410, "`POST /api/chat`"),
    ];
    for (request, expected, words) in cases {
        let path = request.uri().to_string();
        let (status, body) = read_json(send(&router, request).await).await;
        assert_eq!(status.as_u16(), expected, "{path}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let script = Script::new(vec![Turn::Says("fine")]);
    let router = router(state(&script, Config { body_bytes: 100, ..open() }));
    let long = json!({"ask": "a".repeat(200)}).to_string();
    let (status, body) = read_json(send(&router, post("/api/chat", long)).await).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(body["detail"].is_string());
    let announced = Request::post("/api/chat").header("content-length", "101").body("{}".into()).unwrap();
    assert_ne!(send(&router, announced).await.status(), StatusCode::OK);
    assert_eq!(chat(&router, &json!({"ask": "a"})).await.0, StatusCode::OK);
}
