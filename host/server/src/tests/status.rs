use axum::http::StatusCode;
use serde_json::json;

use super::fakes::{Script, get, json as read_json, open, send, server, state};
use crate::{Config, Models, State, router};

#[tokio::test]
async fn models_are_a_string_and_a_list() {
    let (_, router) = server(Vec::new());
    let (status, body) = read_json(send(&router, get("/api/model")).await).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({"model_name": "[\"fast\",\"off\"]", "models": ["fast", "off"]}));
}

#[tokio::test]
async fn probes_say_whether_and_why_not() {
    let (_, healthy) = server(Vec::new());
    assert_eq!(
        read_json(send(&healthy, get("/healthz")).await).await,
        (StatusCode::OK, json!({"status": "healthy"}))
    );
    assert_eq!(
        read_json(send(&healthy, get("/readyz")).await).await,
        (StatusCode::OK, json!({"status": "ready", "models": ["fast"]}))
    );
    let script = Script::new(Vec::new());
    let required = vec!["fake".to_owned(), "kubernetes".to_owned()];
    let working = state(&script, Config { required_toolsets: required.clone(), ..open() });
    let none = Models::new(vec!["off".to_owned()], "off", |_| Err("no key".to_owned()));
    let config = Config { required_toolsets: required, ..open() };
    let agent = working.agent().clone();
    let broken = State::new(config, agent, none, move || working.redactor());
    broken.begin_draining();
    let (status, body) = read_json(send(&router(broken), get("/readyz")).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let reasons = json!([
        "the server is shutting down",
        "no model can be used",
        "the toolset `kubernetes` is required and not loaded",
    ]);
    assert_eq!(body["reasons"], reasons);
}
