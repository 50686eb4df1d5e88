//! Row 5: results that are too large, too deep, no JSON, or no text for people.

use holmes_protocol::{ToolErrorKind, ToolOutcome};
use holmes_sandbox::{Settings, Wishes};
use serde_json::json;

use crate::world::{call, empty_house, fails, hostile, house, resident, says, still_works};

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_too_large() {
    let _house = empty_house().await;
    let limits = Wishes { memory_mib: Some(256), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..Settings::default() }).await;
    let before = resident();
    let error = fails(&hostile, "huge_text", json!({"size": 100_000_000}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("too many bytes at once"), "{error:?}");
    let error = fails(&hostile, "huge_table", json!({"size": 2_000_000}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("too many bytes at once"), "{error:?}");
    assert!(resident() < before + 300, "{} MiB, {before} before", resident());
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_result_of_more_than_a_megabyte_is_cut_and_says_so() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    for (tool, size) in [("huge_text", 2_000_000), ("huge_table", 100_000)] {
        let ToolOutcome::Success(output) = call(&hostile, tool, json!({"size": size})).await else {
            panic!("{tool} failed")
        };
        assert!(output.text.len() <= 1 << 20, "{tool}: {} bytes", output.text.len());
        assert_eq!(output.truncated, tool == "huge_text", "{tool}");
    }
}

#[tokio::test]
async fn json_that_is_none_or_has_no_end_is_the_plugins_fault() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    for (piece, times) in [("[", 1_000_000), ("{\"a\":", 100_000), ("nonsense", 1), ("\u{0}", 1), ("", 1)] {
        let error =
            fails(&hostile, "raw_json", json!({"piece": piece, "times": times}), ToolErrorKind::Internal)
                .await;
        assert_eq!(error.message, "the toolset returned a broken result");
    }
    // Complete, but deeper than anybody reads.
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let error =
        fails(&hostile, "raw_json", json!({"piece": deep, "times": 1}), ToolErrorKind::Internal).await;
    assert!(error.detail.is_some_and(|detail| detail.contains("64 deep")));
    // A report with holes is no report.
    let schema = holmes_protocol::Report::SCHEMA;
    let report = json!({"schema": schema, "findings": 7}).to_string();
    fails(&hostile, "raw_json", json!({"piece": report, "times": 1}), ToolErrorKind::Internal).await;
    still_works(&hostile).await;
}

#[tokio::test]
async fn duplicate_keys_and_nul_pass_as_data_and_decide_nothing() {
    let _house = house().await;
    let hostile = hostile(Settings::default()).await;
    let twice = json!({"piece": "{\"a\":1,\"a\":2}", "times": 1});
    assert_eq!(says(&hostile, "raw_json", twice).await, "{\"a\":1,\"a\":2}\ntaken: true");
    // What reaches the model is for the door to clean; the sandbox does not stumble.
    let text = says(&hostile, "raw_text", json!({"piece": "a\u{0}\u{1b}[31mb\u{202e}", "times": 1})).await;
    assert_eq!(text, "a\u{0}\u{1b}[31mb\u{202e}");
}
