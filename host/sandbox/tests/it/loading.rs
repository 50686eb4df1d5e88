//! Rows 29, 33 and 38: files that are refused before any of them runs, by name and without harm.

use holmes_sandbox::{Artifact, LoadError, Scanned, Settings};
use serde_json::{Value, json};
use wasm_encoder::{CanonicalFunctionSection, Component, ComponentSectionId, RawSection};

use crate::{
    wat::{self, Core, TOOLS},
    world::{empty_house_of_files, house, house_of_files, load, resident},
};

fn refused(component: Vec<u8>) -> LoadError {
    Scanned::new(Artifact::new("attack.wasm", component)).expect_err("it was accepted")
}

fn nested(what: &str) -> Vec<u8> {
    wat::text(&format!("(component {what} {TOOLS})"))
}

#[test]
fn what_is_no_component_is_called_what_it_is() {
    let _house = house_of_files();
    assert!(matches!(refused(b"#!/bin/sh\necho hello".to_vec()), LoadError::NotWasm));
    assert!(matches!(refused(Vec::new()), LoadError::NotWasm));
    assert!(matches!(refused(b"\0asm".to_vec()), LoadError::NotWasm));
    assert!(matches!(refused(::wat::parse_str("(module)").unwrap()), LoadError::CoreModule));
    assert!(matches!(refused(Core::default().component()), LoadError::NoManifest));
    assert!(matches!(refused(wat::text("(component)")), LoadError::NoTools));
}

#[test]
fn a_file_cut_short_anywhere_is_damaged_or_no_toolset_and_never_a_panic() {
    let _house = house_of_files();
    let whole = Core::default().packed();
    for end in (0..whole.len()).step_by(7) {
        refused(whole[..end].to_vec());
    }
}

#[test]
fn no_flipped_byte_makes_the_scan_panic() {
    let _house = house_of_files();
    let whole = Core::default().packed();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x80;
        drop(Scanned::new(Artifact::new("attack.wasm", flipped)));
    }
}

#[test]
fn a_component_of_dishonest_size_is_refused_by_count() {
    let _house = empty_house_of_files();
    let types = "(type (func))".repeat(100_000);
    let imports = r#"(import "" "" (func))"#.repeat(100_000);
    let siblings = "(component)".repeat(10_000);
    // The text format has a limit of its own.
    let deep = (0..1_000).fold(Component::new().finish(), |inner, _| {
        let mut outer = Component::new();
        outer.section(&RawSection { id: ComponentSectionId::Component.into(), data: &inner });
        outer.finish()
    });
    let functions = "(func)".repeat(300_000);
    let mut lowered = CanonicalFunctionSection::new();
    for _ in 0..300_000 {
        lowered.lower(0, []);
    }
    let mut trampolines = Component::new();
    trampolines.section(&lowered);
    let components = [
        (nested(&format!("(core module {types})")), "types"),
        (nested(&types.replace("(type", "(core type")), "types"),
        (nested(&format!("(core module {imports})")), "imports"),
        (nested(&siblings), "nested"),
        (deep, "nested"),
        (nested(&format!("(core module {functions})")), "functions"),
        (trampolines.finish(), "functions"),
    ];
    // Measured from here: the text format takes more memory than all that is attacked.
    let before = resident();
    for (component, what) in components {
        let error = refused(component);
        assert!(
            matches!(&error, LoadError::TooMany { what: found, .. } if found.contains(what)),
            "{what}: {error}"
        );
    }
    assert!(resident() < before + 100, "{} MiB, {before} before", resident());
}

#[test]
fn one_giant_function_and_a_giant_manifest_are_refused() {
    let _house = house_of_files();
    let nops = "nop ".repeat(5 << 20);
    let error = refused(nested(&format!("(core module (func {nops}))")));
    assert!(matches!(error, LoadError::TooMany { what: "bytes in one function", .. }), "{error}");
    let bomb = wat::with_section(Core::default().component(), &vec![b' '; 2 << 20]);
    assert!(matches!(refused(bomb), LoadError::TooMany { what: "bytes of manifest", .. }));
    let deep = wat::with_section(Core::default().component(), "[".repeat(1 << 19).as_bytes());
    assert!(matches!(refused(deep), LoadError::Manifest(_)));
}

#[test]
fn two_manifests_are_none() {
    let _house = house_of_files();
    let twice = wat::pack(Core::default().packed());
    assert!(matches!(refused(twice), LoadError::Manifest(_)));
}

#[test]
fn unknown_imports_and_contracts_are_refused_by_name() {
    let _house = house_of_files();
    for import in [
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:keyvalue/store@0.2.0",
        "evil:host/shell@1.0.0",
        "holmes:toolset/secrets@0.1.0",
    ] {
        let component = wat::text(&format!(r#"(component (import "{import}" (instance)) {TOOLS})"#));
        let error = refused(component);
        assert!(matches!(&error, LoadError::UnknownImport(name) if name == import), "{error}");
    }
    for version in ["0.2.0", "1.0.0", "0.10.0"] {
        let component =
            wat::text(&format!(r#"(component (import "holmes:toolset/log@{version}" (instance)) {TOOLS})"#));
        let error = refused(component);
        assert!(matches!(&error, LoadError::Contract { found, .. } if found == version), "{error}");
        let exported = TOOLS.replace("0.1.0", version);
        let error = refused(wat::text(&format!("(component {exported})")));
        assert!(matches!(&error, LoadError::Contract { found, .. } if found == version), "{error}");
    }
}

#[tokio::test]
async fn what_looks_like_a_toolset_and_is_none_does_not_link() {
    let _house = house().await;
    let empty = wat::text(&format!("(component {TOOLS})"));
    assert!(matches!(load(empty, Settings::default()).await, Err(LoadError::Link(_))));
    // The scan does not validate; the compiler does.
    let invalid = nested("(core module (func (result i32) i64.const 1))");
    assert!(matches!(load(invalid, Settings::default()).await, Err(LoadError::Compile(_))));
    let wrong = wat::text(
        r#"(component (import "holmes:toolset/log@0.1.0" (instance (export "shell" (func)))) (instance $none) (export "holmes:toolset/tools@0.1.0" (instance $none)))"#,
    );
    assert!(matches!(load(wrong, Settings::default()).await, Err(LoadError::Link(_))));
}

#[test]
fn names_that_deceive_are_refused_at_load() {
    let _house = house_of_files();
    let manifest = |change: &dyn Fn(&mut Value)| {
        let tool = json!({"name": "attack", "description": "x", "input-schema": {"type": "object"}, "side-effect": "read-only"});
        let mut packed = json!({
            "manifest": {"schema": 1, "toolset": {"name": "by-hand", "version": "1", "contract": "0.1", "description": "x"}},
            "tools": [tool],
        });
        change(&mut packed);
        wat::with_section(Core::default().component(), packed.to_string().as_bytes())
    };
    assert!(Scanned::new(Artifact::new("attack.wasm", manifest(&|_| ()))).is_ok());
    let changes: [&dyn Fn(&mut Value); 8] = [
        &|packed| packed["tools"] = json!([packed["tools"][0], packed["tools"][0]]),
        &|packed| packed["tools"][0]["name"] = json!("\u{0430}ttack"),
        &|packed| packed["tools"][0]["name"] = json!("x".repeat(65)),
        &|packed| packed["tools"][0]["name"] = json!("a\nb"),
        &|packed| packed["tools"][0]["description"] = json!("x".repeat(5_000)),
        &|packed| packed["tools"][0]["side-effect"] = json!("destructive"),
        &|packed| packed["manifest"]["toolset"]["name"] = json!("By Hand"),
        &|packed| packed["surprise"] = json!(1),
    ];
    for change in changes {
        refused(manifest(change));
    }
}
