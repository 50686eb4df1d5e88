//! Row 34: a compile child that crashes, hangs, prints garbage or eats memory is a load error and no more.

use std::{fs, os::unix::fs::PermissionsExt};

use holmes_sandbox::{Artifact, Compiler, LoadError, Sandbox, Scanned, Settings};
use serde_json::json;

use crate::{
    wat::Core,
    world::{TOOL, empty_house, house, load, resident, sandbox, says},
};

/// A sandbox whose compiler is a shell script.
fn scripted(script: &str) -> (Sandbox, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("compiler");
    fs::write(&program, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    (sandbox(Compiler::Child { program, arguments: Vec::new() }, None), folder)
}

async fn refused(script: &str) -> String {
    let (sandbox, _folder) = scripted(script);
    let scanned = Scanned::new(Artifact::new("attack.wasm", Core::default().packed())).unwrap();
    match sandbox.load(scanned, Settings::default()).await {
        Err(LoadError::Compile(text)) => text,
        other => panic!("{script}: {other:?}"),
    }
}

#[tokio::test]
async fn a_child_that_fails_is_a_load_error_that_says_how() {
    let _house = house().await;
    for (script, word) in [
        ("exit 3", "exit status: 3"),
        ("kill -SEGV $$", "signal"),
        ("cat >/dev/null; kill -KILL $$", "signal"),
        ("echo 'it does not validate' >&2; exit 1", "it does not validate"),
        ("printf 'first\\033[31m\\nsecond' >&2; exit 1", "first[31m"),
        ("cat >/dev/null; echo garbage", "can not be mapped"),
        ("cat >/dev/null; head -c 4000000 /dev/urandom", "can not be mapped"),
        ("cat", "can not be mapped"),
        ("exec </dev/null; exec >/dev/null; exit 0", "can not be mapped"),
    ] {
        let text = refused(script).await;
        assert!(text.contains(word), "{script}: {text}");
        assert!(text.len() < 2_000 && !text.contains('\u{1b}'), "{script}: {text:?}");
    }
    let guest = load(Core::default().packed(), Settings::default()).await.unwrap();
    assert_eq!(says(&guest, TOOL, json!({})).await, "fine");
}

#[tokio::test]
async fn a_child_that_talks_without_end_is_cut_off() {
    let _house = empty_house().await;
    // More complaints than anybody reads do not keep the child, or the host, waiting.
    let text = refused("cat >/dev/null; head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1").await;
    assert!(text.len() <= 300, "{} bytes", text.len());
    let before = resident();
    let text = refused("cat >/dev/null; exec cat /dev/zero").await;
    assert!(text.contains("bytes or more"), "{text}");
    assert!(resident() < before + 700, "{} MiB, {before} before", resident());
}

#[tokio::test]
async fn a_child_that_eats_memory_meets_the_limit_of_its_address_space() {
    let _house = house().await;
    // The shell keeps the text in its own memory, so it is the shell that has to fail.
    let eats = "cat >/dev/null; x=$(head -c 3000000000 /dev/zero | tr '\\0' x); echo $? >&2; exit 9";
    let text = refused(eats).await;
    assert!(!text.is_empty(), "{text}");
    // No file either: what a child writes goes to the host alone.
    let writes =
        "cat >/dev/null; sleep 0.2; echo x > \"${0%/*}/file\" || exit 9; cat \"${0%/*}/file\" >&2; exit 1";
    let text = refused(writes).await;
    assert!(text.contains("signal") || text.contains("status: 9") || text.contains("File size"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_is_killed() {
    // Paused time jumps to the child's deadline as soon as there is nothing else to wait for.
    let text = refused("exec sleep 1000").await;
    assert!(text.contains("longer than 180 s"), "{text}");
}
