//! Rows 1, 3 and 25 where a plugin is packed: `describe` that loops, waits, grows, or lies.

use holmes_sandbox::{LoadError, pack};

use crate::{
    wat::{Core, LOOP, MANIFEST},
    world::house,
};

async fn refused(core: Core) -> LoadError {
    pack(&core.component(), MANIFEST).await.expect_err("it was packed")
}

#[tokio::test]
async fn a_describe_that_loops_or_waits_or_grows_is_refused() {
    let _house = house().await;
    let error = refused(Core { describe: LOOP, ..Core::default() }).await;
    assert!(matches!(&error, LoadError::Describe(text) if text.contains("1 s of CPU")), "{error}");

    let imports = r#"(import "holmes:toolset/clock@0.1.0" "sleep-ms" (func $sleep (param i32)))"#;
    let describe = "(call $sleep (i32.const 3600000)) unreachable";
    let error = refused(Core { imports, describe, ..Core::default() }).await;
    assert!(matches!(&error, LoadError::Describe(text) if text.contains("longer than")), "{error}");

    let describe = "(if (i32.eq (memory.grow (i32.const 2000)) (i32.const -1)) (then (unreachable))) (loop $again (br $again)) unreachable";
    let error = refused(Core { describe, ..Core::default() }).await;
    assert!(matches!(&error, LoadError::Describe(text) if text.contains("unreachable")), "{error}");
}

#[tokio::test]
async fn a_start_function_that_loops_is_refused() {
    let _house = house().await;
    let more = "(func $start (loop $again (br $again))) (start $start)";
    let error = refused(Core { more, ..Core::default() }).await;
    assert!(matches!(&error, LoadError::Link(text) if text.contains("1 s of CPU")), "{error}");
}

#[tokio::test]
async fn a_describe_that_says_something_else_is_refused() {
    let _house = house().await;
    // All zeros: no name, no version, no tools.
    let error = refused(Core { describe: "(i32.const 8192)", ..Core::default() }).await;
    assert!(matches!(error, LoadError::Disagreement(_)), "{error}");
    // A list of tools that reaches beyond memory.
    let describe = "(i32.store (i32.const 8236) (i32.const 100000000)) (i32.const 8192)";
    let error = refused(Core { describe, ..Core::default() }).await;
    assert!(matches!(error, LoadError::Describe(_) | LoadError::Disagreement(_)), "{error}");
}
