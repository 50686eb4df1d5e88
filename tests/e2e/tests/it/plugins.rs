//! Plugin folders with everything wrong in them: each fault is named by its file, and the rest serves.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::world::{Ran, World, cluster, example, plugins};

/// A folder of this world with the shipped plugins in it.
fn folder(world: &World) -> PathBuf {
    let folder = world.path("plugins");
    fs::create_dir_all(&folder).unwrap();
    for name in ["kubernetes.wasm", "triage.wasm"] {
        fs::copy(plugins().join(name), folder.join(name)).unwrap();
    }
    folder
}

/// The example, as a compiler of the future would have built it.
fn of_the_future() -> Vec<u8> {
    let mut bytes = fs::read(example()).unwrap();
    for at in 0..bytes.len() - 6 {
        if &bytes[at..at + 6] == b"@0.1.0" {
            bytes[at + 1] = b'9';
        }
    }
    bytes
}

/// The example without its manifest.
fn without_manifest() -> Vec<u8> {
    let name = b"holmes:toolset";
    let mut bytes = fs::read(example()).unwrap();
    let at =
        bytes.windows(name.len()).rposition(|window| window == name).expect("the example has a manifest");
    // The section stays and gets another name: every size stays right.
    bytes[at..at + name.len()].copy_from_slice(b"holmes:nothing");
    bytes
}

/// `ask` with this folder.
fn ask(world: &World, folder: &Path) -> Ran {
    let mut command = world.ask(&cluster("oom-crashloop"), &["--plugins"]);
    Ran::of(command.arg(folder).output().unwrap())
}

fn list(world: &World, folder: &Path) -> Ran {
    world.run(["plugin", "list", "--plugins", folder.to_str().unwrap()])
}

/// The line of stderr about a file.
fn line<'a>(ran: &'a Ran, file: &str) -> &'a str {
    let named = format!("`{file}`");
    let mut lines = ran.stderr.lines().filter(|line| line.contains(&named));
    let line = lines.next().unwrap_or_else(|| panic!("`{file}` is not named: {ran:?}"));
    assert_eq!(lines.next(), None, "`{file}` is named more than once: {ran:?}");
    line
}

#[test]
fn each_bad_plugin_is_named_and_the_rest_serve() {
    let world = World::new();
    let folder = folder(&world);
    let shipped = fs::read(plugins().join("triage.wasm")).unwrap();
    fs::write(folder.join("a-half.wasm"), &shipped[..shipped.len() / 2]).unwrap();
    fs::write(folder.join("b-text.wasm"), "I am a text\n").unwrap();
    fs::write(folder.join("c-module.wasm"), wat::parse_str("(module)").unwrap()).unwrap();
    fs::write(folder.join("d-later.wasm"), of_the_future()).unwrap();
    fs::write(folder.join("e-bare.wasm"), without_manifest()).unwrap();
    fs::write(folder.join("f-empty.wasm"), "").unwrap();
    symlink(plugins().join("triage.wasm"), folder.join("g-link.wasm")).unwrap();
    fs::create_dir(folder.join("h-folder.wasm")).unwrap();
    fs::write(folder.join("readme.md"), "not looked at").unwrap();
    let expected = [
        ("a-half.wasm", "truncated"),
        ("b-text.wasm", "not a WebAssembly component"),
        ("c-module.wasm", "core module"),
        ("d-later.wasm", "contract 9.1.0"),
        ("e-bare.wasm", "manifest"),
        ("f-empty.wasm", ""),
        ("g-link.wasm", "symbolic link"),
        ("h-folder.wasm", "a folder"),
    ];

    let ran = ask(&world, &folder);
    assert!(ran.succeeded().stdout.contains("OOM"), "the rest serve: {ran:?}");
    for (file, word) in expected {
        assert!(line(&ran, file).contains(word), "{ran:?}");
        assert!(line(&ran, file).contains("left out"), "{ran:?}");
    }
    assert!(!ran.stderr.contains("readme"), "{ran:?}");

    let ran = list(&world, &folder);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for (file, word) in expected {
        assert!(line(&ran, file).contains(word), "{ran:?}");
    }
    let listed: Vec<&str> = ran.stdout.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(listed, ["kubernetes", "triage"]);
}

#[test]
fn a_contract_of_the_future_says_which_one_is_served() {
    let world = World::new();
    let file = world.write("plugins/later.wasm", of_the_future());
    let ran = world.run(["plugin", "inspect", file.to_str().unwrap()]);
    ran.refused(2, &["later.wasm"]);
    let error = ran.error();
    assert!(error.contains("contract 9.1.0") && error.contains("0.1"), "{error}");
}

/// The example under another toolset's name, with the same tool.
fn renamed() -> Vec<u8> {
    let mut bytes = fs::read(example()).unwrap();
    for (old, new) in
        [(&b"name = \"hello\""[..], &b"name = \"howdy\""[..]), (b"\"name\":\"hello\"", b"\"name\":\"howdy\"")]
    {
        let found: Vec<usize> =
            (0..bytes.len() - old.len()).filter(|at| &bytes[*at..at + old.len()] == old).collect();
        for at in found {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
    }
    bytes
}

#[test]
fn of_two_files_with_one_name_the_first_serves_and_the_other_is_named() {
    let world = World::new();
    let folder = folder(&world);
    fs::copy(example(), folder.join("hello.wasm")).unwrap();
    fs::copy(example(), folder.join("zzz.wasm")).unwrap();
    let ran = ask(&world, &folder);
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
    let refusal = "a toolset named `hello` is already in `hello.wasm`; remove one of the two";
    assert!(line(&ran, "zzz.wasm").contains(refusal), "{ran:?}");
    let ran = list(&world, &folder);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(2), 3), "{ran:?}");
    assert!(line(&ran, "zzz.wasm").contains(refusal), "{ran:?}");
}

#[test]
fn of_two_toolsets_with_one_tool_the_first_serves_and_the_other_is_named() {
    let world = World::new();
    let folder = folder(&world);
    fs::copy(example(), folder.join("hello.wasm")).unwrap();
    fs::write(folder.join("howdy.wasm"), renamed()).unwrap();
    let ran = ask(&world, &folder);
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
    assert!(line(&ran, "howdy.wasm").contains("toolset `howdy` is refused"), "{ran:?}");
}

#[test]
fn a_good_folder_is_listed_and_inspected() {
    let world = World::new();
    let folder = folder(&world);
    fs::copy(example(), folder.join("hello.wasm")).unwrap();
    let ran = list(&world, &folder);
    assert_eq!(ran.succeeded().stdout.lines().count(), 3);
    assert!(ran.stdout.contains("sha256:"), "a digest to pin: {ran:?}");
    assert_eq!(ran.stderr, "");
    let ran = world.run(["plugin", "inspect", "triage", "--plugins", folder.to_str().unwrap()]);
    for word in ["triage", "sha256:", "upstream kubernetes", "may read", "read-only"] {
        assert!(ran.succeeded().stdout.contains(word), "`{word}`: {ran:?}");
    }
    assert!(!ran.stdout.contains("may write"), "{ran:?}");
    let ran = world.run(["plugin", "inspect", "nothing", "--plugins", folder.to_str().unwrap()]);
    ran.refused(2, &["nothing", "kubernetes", "triage", "hello"]);
}

#[test]
fn a_plugins_folder_that_is_missing_or_empty_says_how_to_get_one() {
    let world = World::new();
    let absent = world.path("no-plugins-here");
    let empty = world.path("empty");
    fs::create_dir(&empty).unwrap();
    for (folder, name) in [(&absent, "no-plugins-here"), (&empty, "empty")] {
        for ran in [ask(&world, folder), list(&world, folder)] {
            ran.refused(2, &[name, "cargo plugins"]);
            ran.error();
        }
    }
    let mut command = world.ask(&cluster("oom-crashloop"), &[]);
    let ran = Ran::of(command.env_remove("HOLMES_PLUGINS").output().unwrap());
    ran.refused(2, &["--plugins", "cargo plugins"]);
}

#[test]
fn a_folder_with_nothing_that_loads_is_no_silent_success() {
    let world = World::new();
    world.write("plugins/broken.wasm", "text");
    let ran = ask(&world, &world.path("plugins"));
    assert!(ran.stderr.contains("broken.wasm"), "{ran:?}");
    assert!(ran.stdout.contains("Not determined"), "{ran:?}");
    assert_eq!(ran.code, Some(2), "nothing was looked at: {ran:?}");
}

#[test]
fn plugins_beside_the_working_folder_are_found() {
    let world = World::new();
    folder(&world);
    let mut command = world.ask(&cluster("oom-crashloop"), &[]);
    let ran = Ran::of(command.env_remove("HOLMES_PLUGINS").output().unwrap());
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
}
