//! Row 37: a guest that imports WASI finds nothing in it.

use holmes_protocol::ToolErrorKind;
use holmes_sandbox::Settings;
use serde_json::json;

use crate::world::{fails, house, log, probe, says};

#[tokio::test]
async fn there_is_no_environment_no_folder_no_network_and_no_name() {
    let _house = house().await;
    let probe = probe(Settings::default()).await;
    assert_eq!(says(&probe, "environment", json!({})).await, "[] [] None");
    assert_eq!(says(&probe, "folders", json!({})).await, "[]");
    let connected = says(&probe, "connect", json!({})).await;
    assert!(connected.contains("access-denied") || connected.contains("AccessDenied"), "{connected}");
    let resolved = says(&probe, "lookup", json!({})).await;
    assert!(
        ["AccessDenied", "PermanentResolverFailure", "access-denied", "permanent-resolver-failure"]
            .iter()
            .any(|word| resolved.contains(word)),
        "{resolved}"
    );
}

#[tokio::test]
async fn an_exit_even_a_successful_one_is_a_failure_of_that_call_alone() {
    let _house = house().await;
    let probe = probe(Settings::default()).await;
    let error = fails(&probe, "exit", json!({}), ToolErrorKind::Internal).await;
    assert!(error.message.contains("`wasi-probe` failed"), "{error:?}");
    assert_eq!(says(&probe, "folders", json!({})).await, "[]");
}

#[tokio::test]
async fn what_is_printed_is_one_capped_record_of_the_log() {
    let _house = house().await;
    log::listen();
    let probe = probe(Settings::default()).await;
    assert_eq!(says(&probe, "print", json!({"kib": 4_096})).await, "printed: 4096");
    let records = log::with("31mprinted");
    assert_eq!(records.len(), 1);
    for value in records.iter().flatten() {
        assert!(value.len() <= 4_200 && !value.contains(['\n', '\u{1b}']), "{value:?}");
    }
}
