//! Rows 4, 28 and 31: strings, lines, lists and batches that pour into the host.

use holmes_protocol::ToolErrorKind;
use holmes_sandbox::Settings;
use serde_json::json;

use crate::world::{
    api::Api, bound, empty_house, fails, hostile, house, log, recording, resident, says, still_works,
};

#[tokio::test]
async fn a_huge_string_is_stopped_at_the_border_wherever_it_goes() {
    let _house = empty_house().await;
    let hostile = hostile(bound(recording())).await;
    let before = resident();
    for tool in ["huge_log", "huge_path", "huge_upstream_name"] {
        let error = fails(&hostile, tool, json!({"size": 20_000_000}), ToolErrorKind::TooLarge).await;
        assert!(error.message.contains("too many bytes at once"), "{tool}: {error:?}");
    }
    let error = fails(&hostile, "huge_path", json!({"size": 8_192}), ToolErrorKind::InvalidArguments).await;
    assert!(error.message.contains("4096 bytes"), "{error:?}");
    // The refusal of a name goes into the audit trail and back to the guest, so it may not hold the name.
    let refusal = says(&hostile, "huge_upstream_name", json!({"size": 1_000_000})).await;
    assert_eq!(refusal, "42 bytes of refusal");
    assert!(resident() < before + 200, "{} MiB, {before} before", resident());
    still_works(&hostile).await;
}

#[tokio::test]
async fn bytes_into_the_host_are_counted_over_the_whole_call() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    let error = fails(&hostile, "carry_in", json!({}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("more than 16777216 bytes into the host"), "{error:?}");
    still_works(&hostile).await;
}

#[tokio::test]
async fn parts_that_weigh_nothing_are_weighed() {
    let _house = empty_house().await;
    let hostile = hostile(Settings::default()).await;
    let before = resident();
    // 2.4 MB of empty rows each: the second does not fit any more.
    assert_eq!(says(&hostile, "emit_empty_rows", json!({})).await.trim(), "taken: 1");
    assert_eq!(says(&hostile, "emit_mime_types", json!({})).await.lines().last(), Some("taken: 3"));
    assert!(resident() < before + 200, "{} MiB, {before} before", resident());
}

#[tokio::test]
async fn log_lines_are_one_record_each_capped_and_escaped() {
    let _house = house().await;
    log::listen();
    let hostile = hostile(Settings::default()).await;
    let message = "mark-1\n\u{1b}[31m\",\"level\":\"ERROR\"}\r\n\u{202e}".to_owned() + &"x".repeat(8_000);
    let lines = json!({"message": message, "field": "mark-1\nfield", "count": 1_500});
    assert_eq!(says(&hostile, "log_lines", lines).await, "logged");
    let records = log::with("mark-1");
    assert_eq!(records.len(), 1_000);
    for value in records.iter().flatten() {
        assert!(!value.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{value:?}");
        assert!(value.len() <= 4_200, "{} bytes", value.len());
    }
    assert!(!log::with("logs too much").is_empty());
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_batch_of_ten_thousand_is_refused_and_one_of_sixty_four_is_not() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    let refused = says(&hostile, "batch", json!({"size": 10_000})).await;
    assert_eq!(refused, "{\"ErrorKind::InvalidArguments\": 10000}");
    assert!(api.requests().is_empty(), "{:?}", api.requests());
    assert_eq!(says(&hostile, "batch", json!({"size": 64})).await, "{\"200\": 64}");
    assert_eq!(api.requests().len(), 64);
    still_works(&hostile).await;
}
