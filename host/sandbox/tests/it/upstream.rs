//! Rows 11, 15, 20 and 30: upstreams that do not behave, and what a guest sees of their headers.

use std::time::Duration;

use holmes_protocol::ToolErrorKind;
use holmes_sandbox::{Settings, Wishes};
use serde_json::{Value, json};

use crate::world::{
    CANARY, api::Api, bound, call, empty_house, fails, hostile, house, resident, says, still_works,
};

fn get(path: &str) -> Value {
    json!({"upstream": "kubernetes", "method": "GET", "path": path})
}

fn pods(namespace: &str) -> Value {
    json!({"path": format!("/api/v1/namespaces/{namespace}/pods"), "chunk": 1 << 20})
}

#[tokio::test]
async fn a_body_without_end_and_a_gzip_bomb_end_at_the_cap_on_unpacked_bytes() {
    let _house = empty_house().await;
    let api = Api::start().await;
    let limits = Wishes { host_calls: Some(20_000), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(api.backend().await) }).await;
    let before = resident();
    for namespace in ["endless", "bomb"] {
        let said = says(&hostile, "read_slowly", pods(namespace)).await;
        let (bytes, end) = said.split_once(" bytes, then ").unwrap();
        let bytes: u64 = bytes.parse().unwrap();
        assert!((8 << 20..=16 << 20).contains(&bytes), "{namespace}: {said}");
        assert_eq!(end, "TooLarge", "{namespace}");
    }
    assert!(resident() < before + 200, "{} MiB, {before} before", resident());
    still_works(&hostile).await;
}

#[tokio::test]
async fn all_answers_of_a_call_have_a_cap_together() {
    let _house = house().await;
    let api = Api::start().await;
    let limits = Wishes { response_mib: Some(2), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(api.backend().await) }).await;
    let said = says(&hostile, "read_slowly", pods("endless")).await;
    let bytes: u64 = said.split(' ').next().unwrap().parse().unwrap();
    assert!(bytes <= 2 << 20 && said.ends_with("TooLarge"), "{said}");
}

#[tokio::test]
async fn a_server_that_dribbles_or_hangs_is_left_at_the_deadline() {
    let _house = house().await;
    let api = Api::start().await;
    let limits = Wishes { wall_seconds: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(api.backend().await) }).await;
    let watch = json!({
        "upstream": "kubernetes", "method": "GET", "path": "/api/v1/namespaces/slow/pods",
        "query": [["watch", "true"]],
    });
    fails(&hostile, "request", watch, ToolErrorKind::Timeout).await;
    fails(&hostile, "request", get("/api/v1/namespaces/hang/pods"), ToolErrorKind::Timeout).await;
    // An answer about Secrets is read whole before anybody sees it, and that has the same deadline.
    fails(&hostile, "request", get("/api/v1/namespaces/slow/secrets"), ToolErrorKind::Timeout).await;
    still_works(&hostile).await;
}

#[tokio::test]
async fn an_endless_answer_about_secrets_is_withheld() {
    let _house = empty_house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let before = resident();
    for namespace in ["endless", "bomb"] {
        let request = get(&format!("/api/v1/namespaces/{namespace}/secrets"));
        let error = fails(&hostile, "request", request, ToolErrorKind::TooLarge).await;
        assert!(error.message.contains("withheld"), "{error:?}");
    }
    assert!(resident() < before + 200, "{} MiB, {before} before", resident());
}

#[tokio::test]
async fn requests_in_flight_have_a_limit_and_end_with_the_call() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let dropped = call(&hostile, "wait_in_a_batch", json!({}));
    let waiting = async {
        while api.waiting() < 16 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Time for a seventeenth, if there were to be one.
        tokio::time::sleep(Duration::from_millis(100)).await;
        api.waiting()
    };
    tokio::select! {
        outcome = dropped => panic!("{outcome:?}"),
        waiting = waiting => assert_eq!(waiting, 16),
    }
    // The call's future is gone, and so must be its requests.
    let gone = async {
        while api.waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("every connection is closed");
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_redirect_is_an_answer_without_its_target() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let seen = says(&hostile, "request", get("/api/v1/namespaces/redirect/pods")).await;
    assert_eq!(seen.trim(), "302");
    assert_eq!(api.requests().len(), 1);
}

#[tokio::test]
async fn headers_that_echo_the_credential_do_not_pass() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let seen = says(&hostile, "request", get("/api/v1/namespaces/echo/pods")).await;
    assert_eq!(seen, "200\ncontent-type: application/json\n{}");
    assert!(!seen.contains(CANARY));
}
