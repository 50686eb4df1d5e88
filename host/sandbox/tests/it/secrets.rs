//! Row 18: whatever way a guest asks for Secrets, no value of one reaches it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use holmes_protocol::{ToolErrorKind, ToolOutcome};
use holmes_sandbox::PluginToolset;
use serde_json::{Value, json};

use crate::world::{CANARY, api::Api, bound, call, hostile, house, recording, text};

/// Asserts that a text holds the canary in no form that a Secret may have.
fn clean(seen: &str) {
    let once = STANDARD.encode(CANARY);
    let twice = STANDARD.encode(&once);
    // Base64 of a part of it, too: the canary may stand anywhere in a longer value.
    let shifted = ["", "x", "xx"].map(|front| STANDARD.encode(format!("{front}{CANARY}"))[4..24].to_owned());
    for form in [CANARY, &once, &twice].into_iter().chain(shifted.iter().map(String::as_str)) {
        assert!(!seen.contains(form), "{form} in {seen}");
    }
}

fn ask(path: &str, query: &Value, headers: &Value) -> Value {
    json!({"upstream": "kubernetes", "method": "GET", "path": path, "query": query, "headers": headers})
}

async fn seen(hostile: &PluginToolset, path: &str, query: &Value, headers: &Value) -> String {
    let seen = text(call(hostile, "request", ask(path, query, headers)).await);
    clean(&seen);
    seen
}

#[tokio::test]
async fn no_value_of_a_live_secret_reaches_a_guest() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let table = json!([["accept", "application/json;as=Table;v=v1;g=meta.k8s.io"]]);
    for (path, query, headers) in [
        ("/api/v1/namespaces/secret/secrets/db", json!([]), json!([])),
        ("/api/v1/namespaces/secret/secrets", json!([]), json!([])),
        ("/api/v1/namespaces/watch/secrets", json!([["watch", "1"]]), json!([])),
        ("/api/v1/namespaces/table/secrets", json!([["includeObject", "Object"]]), table),
    ] {
        let seen = seen(&hostile, path, &query, &headers).await;
        assert!(seen.contains("<redacted:secret:"), "{path}: {seen}");
    }
}

#[tokio::test]
async fn an_answer_about_secrets_that_can_not_be_masked_is_withheld() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let protobuf = json!([["accept", "application/vnd.kubernetes.protobuf"]]);
    let ask = ask("/api/v1/namespaces/garbage/secrets", &json!([]), &protobuf);
    let ToolOutcome::Failure(error) = call(&hostile, "request", ask).await else { panic!("it was shown") };
    assert_eq!(error.kind, ToolErrorKind::TooLarge);
    assert!(error.message.contains("withheld"), "{error:?}");
    clean(&format!("{error:?}"));
}

#[tokio::test]
async fn no_value_of_a_recorded_secret_reaches_a_guest() {
    let _house = house().await;
    let hostile = hostile(bound(recording())).await;
    let list = seen(&hostile, "/api/v1/secrets", &json!([]), &json!([])).await;
    assert!(list.contains("<redacted:secret:"), "{list}");
    let body = list.split_once("\n{").map(|(_, rest)| format!("{{{rest}")).expect("a body");
    let list: Value = serde_json::from_str(&body).expect("JSON");
    let secrets = list["items"].as_array().expect("items");
    assert!(!secrets.is_empty());
    for secret in secrets {
        let of = |field: &str| secret["metadata"][field].as_str().expect("a name").to_owned();
        let path = format!("/api/v1/namespaces/{}/secrets/{}", of("namespace"), of("name"));
        seen(&hostile, &path, &json!([]), &json!([])).await;
    }
    let table = json!([["accept", "application/json;as=Table;v=v1;g=meta.k8s.io"]]);
    for query in [json!([["includeObject", "Object"]]), json!([["watch", "true"]])] {
        let ask = ask("/api/v1/secrets", &query, &table);
        clean(&format!("{:?}", call(&hostile, "request", ask).await));
    }
}
