//! Rows 3, 4 and 7: memory, tables, pointers and handles.

use holmes_protocol::ToolErrorKind;
use holmes_sandbox::{Settings, Wishes};
use serde_json::json;

use crate::{
    wat::{self, Core, TOOLS},
    world::{
        TOOL, api::Api, bound, empty_house, fails, hostile, house, load, recording, resident, says,
        still_works,
    },
};

#[tokio::test]
async fn memory_ends_at_the_limit_and_the_error_names_it() {
    let _house = house().await;
    let limits = Wishes { memory_mib: Some(32), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..Settings::default() }).await;
    let error = fails(&hostile, "grow", json!({}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("32 MiB of memory"), "{error:?}");
    let got: u64 = says(&hostile, "grow_politely", json!({})).await.parse().unwrap();
    assert!((8..32).contains(&got), "{got} MiB");
    still_works(&hostile).await;
}

#[tokio::test]
async fn a_table_ends_at_the_limit() {
    let _house = house().await;
    let grow = "(drop (table.grow $table (ref.null func) (i32.const 99000)))
        (if (i32.ne (table.grow $table (ref.null func) (i32.const 99000)) (i32.const -1)) (then (unreachable)))
        (i32.const 1024)";
    let core = Core { more: "(table $table 1 funcref)", invoke: grow, ..Core::default() };
    let guest = load(core.packed(), Settings::default()).await.unwrap();
    assert_eq!(says(&guest, TOOL, json!({})).await, "fine");
}

#[tokio::test]
async fn a_component_that_needs_too_much_from_the_start_is_refused_or_stopped() {
    let _house = empty_house().await;
    let memories = "(core instance (instantiate $memory))".repeat(32);
    let memories = wat::text(&format!("(component (core module $memory (memory 1)) {memories} {TOOLS})"));
    let error = load(memories, Settings::default()).await.unwrap_err();
    assert!(error.to_string().contains("32 Wasm linear memories"), "{error}");

    let table = "(core module $table (table 1000000 funcref)) (core instance (instantiate $table))";
    let table = wat::text(&format!("(component {table} {TOOLS})"));
    let error = load(table, Settings::default()).await.unwrap_err();
    assert!(error.to_string().contains("100000"), "{error}");

    // Four GiB do not even fit a slot of the pool; 400 MiB do, and are above this toolset's own limit.
    let error =
        load(Core { memory: "65536", ..Core::default() }.packed(), Settings::default()).await.unwrap_err();
    assert!(error.to_string().contains("memory"), "{error}");
    let before = resident();
    let guest = load(Core { memory: "6400", ..Core::default() }.packed(), Settings::default()).await.unwrap();
    let error = fails(&guest, TOOL, json!({}), ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("128 MiB of memory"), "{error:?}");
    assert!(resident() < before + 300, "{} MiB, {before} before", resident());
}

#[tokio::test]
async fn pointers_into_nowhere_and_lists_that_overlap_are_a_trap() {
    let _house = empty_house().await;
    let imports = r#"(import "holmes:toolset/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))"#;
    let fields = |pairs: &str| {
        // Every one of ten thousand fields is the same megabyte.
        format!(
            "(local $at i32) (local.set $at (i32.const 65536))
            (loop $next
                (i32.store offset=4 (local.get $at) (i32.const 1000000))
                (i32.store offset=12 (local.get $at) (i32.const 1000000))
                (local.set $at (i32.add (local.get $at) (i32.const 16)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const 225536))))
            (call $log (i32.const 2) (i32.const 0) (i32.const 0) {pairs}) (i32.const 1024)"
        )
    };
    let overlapping: &'static str = fields("(i32.const 65536) (i32.const 10000)").leak();
    let before = resident();
    for (invoke, kind) in [
        // A string of 4 GiB.
        (
            "(call $log (i32.const 2) (i32.const 8) (i32.const -1) (i32.const 0) (i32.const 0)) (i32.const 1024)",
            ToolErrorKind::Internal,
        ),
        // A list of a hundred million.
        (
            "(call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 100000000)) (i32.const 1024)",
            ToolErrorKind::Internal,
        ),
        // A list whose length overflows.
        (
            "(call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0x10000001)) (i32.const 1024)",
            ToolErrorKind::Internal,
        ),
        (overlapping, ToolErrorKind::TooLarge),
    ] {
        let core = Core { imports, memory: "64", invoke, ..Core::default() };
        let guest = load(core.packed(), Settings::default()).await.unwrap();
        let error = fails(&guest, TOOL, json!({}), kind).await;
        assert!(error.message.contains("`by-hand`"), "{error:?}");
    }
    assert!(resident() < before + 200, "{} MiB, {before} before", resident());
}

#[tokio::test]
async fn a_result_that_points_into_nowhere_or_is_no_text_is_the_plugins_fault() {
    let _house = house().await;
    for core in [
        Core { answer: r"\01\00\00\00\00\08\00\00\ff\ff\ff\ff\00", ..Core::default() },
        Core { answer: r"\09\00\00\00\00\08\00\00\04\00\00\00\00", ..Core::default() },
        Core { text: r"\ff\fe\00\80", ..Core::default() },
        Core { invoke: "(i32.const -4)", ..Core::default() },
        Core { invoke: "(i32.const 1025)", ..Core::default() },
        Core { realloc: "(i32.const -8)", ..Core::default() },
    ] {
        let guest = load(core.packed(), Settings::default()).await.unwrap();
        let error = fails(&guest, TOOL, json!({}), ToolErrorKind::Internal).await;
        assert!(error.message.contains("`by-hand`"), "{error:?}");
    }
}

#[tokio::test]
async fn a_forged_handle_is_a_trap() {
    let _house = house().await;
    let http = "holmes:toolset/http@0.1.0";
    let status: &'static str =
        format!(r#"(import "{http}" "[method]response.status" (func $use (param i32) (result i32)))"#).leak();
    let dropped: &'static str =
        format!(r#"(import "{http}" "[resource-drop]response" (func $use (param i32)))"#).leak();
    for (imports, invoke) in [
        (status, "(drop (call $use (i32.const 7))) (i32.const 1024)"),
        (dropped, "(call $use (i32.const 7)) (i32.const 1024)"),
        (dropped, "(call $use (i32.const -1)) (i32.const 1024)"),
    ] {
        let core = Core { imports, invoke, ..Core::default() };
        let guest = load(core.packed(), Settings::default()).await.unwrap();
        fails(&guest, TOOL, json!({}), ToolErrorKind::Internal).await;
    }
}

#[tokio::test]
async fn responses_that_are_never_dropped_end_at_the_limit_of_handles() {
    let _house = house().await;
    let api = Api::start().await;
    let limits = Wishes { host_calls: Some(20_000), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(api.backend().await) }).await;
    let hoard = json!({"path": "/api/v1/namespaces/default/pods", "count": 1_500});
    let error = fails(&hostile, "hoard", hoard, ToolErrorKind::TooLarge).await;
    assert!(error.message.contains("1000 responses open"), "{error:?}");
    still_works(&hostile).await;
}

#[tokio::test]
async fn bodies_that_lie_in_the_host_unread_are_counted() {
    let _house = house().await;
    let limits = Wishes { response_mib: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(recording()) }).await;
    let hoard = json!({"path": "/api/v1/pods", "count": 900});
    let said = says(&hostile, "hoard", hoard).await;
    assert!(said.ends_with("kept, then TooLarge"), "{said}");
}
