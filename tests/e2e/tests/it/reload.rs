//! The model list of a running server: a file that changes is read again, and a broken one breaks nothing.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use holmes_fakes::azure_openai::Credential;
use serde_json::{Value, json};

use crate::{
    cloud::{ANSWER, Cloud},
    served::Served,
};

/// As a ConfigMap is swapped: a new file in the old one's place.
fn swap(cloud: &Cloud, list: &Path, content: &str) {
    let fresh = cloud.world.write("fresh.yaml", content);
    std::fs::rename(fresh, list).unwrap();
}

async fn has_models(server: &Served, expected: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let names: Vec<String> = serde_json::from_str(&server.models().await).unwrap();
        if names.iter().filter(|name| *name != "builtin/triage").eq(expected) {
            return;
        }
        assert!(Instant::now() < deadline, "{names:?} instead of {expected:?}: {}", server.said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_and_a_key_are_exchanged_without_a_restart_and_a_broken_file_changes_nothing() {
    let cloud = Cloud::start().await;
    let entry = |key: &str| -> Value {
        json!({"model": "azure/prod", "api_base": cloud.azure.base(), "api_version": "v1", "api_key": key})
    };
    let before = json!({"prod": entry("canary-of-a-key-that-was-exchanged")}).to_string();
    let list = cloud.world.write("model_list.yaml", before);
    let mut server = cloud
        .serve(|command| {
            command.env("MODEL_LIST_FILE_LOCATION", &list);
        })
        .await;
    has_models(&server, &["prod"]).await;
    assert_eq!(server.chat("prod").await.0, 502, "the key is wrong");

    let key = cloud.azure.api_key();
    swap(&cloud, &list, &json!({"prod": entry(key), "second": entry(key)}).to_string());
    has_models(&server, &["prod", "second"]).await;
    server.answers("prod", ANSWER).await;
    server.answers("second", ANSWER).await;
    assert_eq!(cloud.azure.requests().last().unwrap().credential, Credential::Key(key.to_owned()));
    assert!(server.said().contains("the models were read again"), "{}", server.said());

    swap(&cloud, &list, "prod: [unclosed\n");
    server.hears("the models stay as they are").await;
    assert!(server.said().contains("model_list.yaml"), "{}", server.said());
    has_models(&server, &["prod", "second"]).await;
    server.answers("second", ANSWER).await;

    swap(&cloud, &list, &json!({"third": entry(key)}).to_string());
    has_models(&server, &["third"]).await;
    server.answers("third", ANSWER).await;
    let said = server.end();
    cloud.hunt(&said);
    assert!(!said.contains("canary-of-a-key-that-was-exchanged"), "{said}");
}
