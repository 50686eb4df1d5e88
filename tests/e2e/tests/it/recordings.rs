//! Recorded clusters as people have them: ours, `kubectl` dumps, damaged ones, and hostile ones.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Value, json};

use crate::world::{Ran, World, cluster};

/// Unpacks a recording into a folder of this world.
fn unpacked(world: &World, name: &str) -> PathBuf {
    let folder = world.path(name);
    let file = fs::File::open(cluster(name)).unwrap();
    tar::Archive::new(GzDecoder::new(file)).unpack(&folder).unwrap();
    folder
}

fn ask(world: &World, recording: &Path) -> Ran {
    Ran::of(world.ask(recording, &[]).output().unwrap())
}

fn findings(world: &World, recording: &Path) -> Vec<Value> {
    let ran = Ran::of(world.ask(recording, &["--output", "json"]).output().unwrap());
    ran.succeeded().json()["findings"].as_array().unwrap().clone()
}

/// Packs entries as they are named, also where no ordinary tool would.
fn pack(world: &World, entries: &[(&str, &[u8])]) -> PathBuf {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    world.write("packed.tar.gz", archive.into_inner().unwrap().finish().unwrap())
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "1",
        "creationTimestamp": "2026-11-16T10:00:00Z"}, "spec": {"containers": [{"name": "web", "image": "shop/web:1"}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "web", "image": "shop/web:1", "imageID": "",
            "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff",
            "message": "Back-off pulling image \"shop/web:1\": ErrImagePull: manifest unknown: manifest tagged by \"1\" is not found"}}}]}})
}

#[test]
fn a_folder_answers_as_its_archive_does() {
    let world = World::new();
    let folder = unpacked(&world, "oom-crashloop");
    assert_eq!(findings(&world, &folder), findings(&world, &cluster("oom-crashloop")));
}

#[test]
fn a_recording_that_is_not_there_or_holds_nothing_is_one_sentence() {
    let world = World::new();
    let empty = world.path("empty");
    fs::create_dir(&empty).unwrap();
    let text = world.write("notes.txt", "nothing of Kubernetes");
    for (path, words) in [
        (world.path("absent"), ["absent", "--snapshot"]),
        (empty, ["empty", "no Kubernetes objects"]),
        (text, ["notes.txt", "no Kubernetes objects"]),
    ] {
        let ran = ask(&world, &path);
        ran.refused(2, &words);
        ran.error();
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn damaged_files_are_named_and_the_rest_is_served() {
    let world = World::new();
    let folder = unpacked(&world, "oom-crashloop");
    fs::write(folder.join("resources/configmaps.core.json"), "{\"items\": [{").unwrap();
    fs::write(folder.join("resources/services.core.json"), [0xff, 0xfe, 0x00]).unwrap();
    let ran = ask(&world, &folder);
    assert!(ran.succeeded().stdout.contains("OOM"), "{ran:?}");
    for file in ["configmaps.core.json", "services.core.json"] {
        assert!(ran.stderr.lines().any(|line| line.contains(file) && line.contains("left out")), "{ran:?}");
    }
}

#[test]
fn an_archive_that_is_cut_off_serves_what_came_before_the_cut() {
    let world = World::new();
    let whole = fs::read(cluster("oom-crashloop")).unwrap();
    let cut = world.write("cut.tar.gz", &whole[..whole.len() * 9 / 10]);
    let ran = ask(&world, &cut);
    ran.succeeded();
    assert!(ran.stderr.contains("warning:"), "the cut is told: {ran:?}");
    let nothing = world.write("nothing.tar.gz", &whole[..40]);
    ask(&world, &nothing).refused(2, &["nothing.tar.gz"]);
}

#[test]
fn names_that_lead_out_of_an_archive_are_refused_and_nothing_is_written() {
    let world = World::new();
    let outside = world.path("escaped.json");
    let absolute = outside.to_str().unwrap();
    let pod = json!({"apiVersion": "v1", "kind": "List", "items": [pod()]}).to_string();
    let archive = pack(
        &world,
        &[("../escaped.json", b"{}"), (absolute, b"{}"), ("resources/pods.core.json", pod.as_bytes())],
    );
    let ran = ask(&world, &archive);
    assert!(ran.succeeded().stdout.contains("web"), "{ran:?}");
    assert_eq!(ran.stderr.matches("escaped.json").count(), 2, "both are named: {ran:?}");
    assert!(!outside.exists());
}

#[test]
fn links_are_not_followed() {
    let world = World::new();
    let folder = unpacked(&world, "oom-crashloop");
    fs::remove_file(folder.join("resources/secrets.core.json")).unwrap();
    let secret = world.write("outside.json", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}");
    std::os::unix::fs::symlink(secret, folder.join("resources/secrets.core.json")).unwrap();
    let ran = ask(&world, &folder);
    ran.succeeded();
    assert!(
        ran.stderr.lines().any(|line| line.contains("secrets.core.json") && line.contains("link")),
        "{ran:?}"
    );

    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "resources/secrets.core.json", "/etc/passwd").unwrap();
    let bytes = pod().to_string();
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "pod.json", bytes.as_bytes()).unwrap();
    let archive = world.write("links.tar.gz", archive.into_inner().unwrap().finish().unwrap());
    let ran = ask(&world, &archive);
    assert!(ran.stderr.contains("secrets.core.json"), "the link is named: {ran:?}");
    assert!(!ran.stdout.contains("root:"), "{ran:?}");
}

#[test]
fn a_bomb_is_refused_before_it_fills_the_memory() {
    let world = World::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = tar::Header::new_gnu();
    // Several files below the limit of one, together beyond the limit of all.
    let zeros = vec![b' '; 1 << 20];
    for number in 0..6 {
        header.set_path(format!("resources/kind{number}.core.json")).unwrap();
        header.set_size(250 << 20);
        header.set_mode(0o644);
        header.set_cksum();
        encoder.write_all(header.as_bytes()).unwrap();
        for _ in 0..250 {
            encoder.write_all(&zeros).unwrap();
        }
    }
    let bytes = encoder.finish().unwrap();
    assert!(bytes.len() < 3 << 20, "a small file: {} bytes", bytes.len());
    let bomb = world.write("bomb.tar.gz", bytes);
    let ran = ask(&world, &bomb);
    ran.refused(2, &["bomb.tar.gz", "more than"]);
    ran.error();
}

#[test]
fn dumps_of_kubectl_are_recordings() {
    let world = World::new();
    let list =
        json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [pod()]});
    let as_json = world.write("pods.json", serde_json::to_string_pretty(&list).unwrap());
    let as_yaml = world.write(
        "pods.yaml",
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web\n    namespace: shop\n    uid: '1'\n    \
         creationTimestamp: '2026-11-16T10:00:00Z'\n  spec:\n    containers:\n    - name: web\n      image: shop/web:1\n  \
         status:\n    phase: Pending\n    containerStatuses:\n    - name: web\n      image: shop/web:1\n      imageID: ''\n      \
         ready: false\n      restartCount: 0\n      state:\n        waiting:\n          reason: ImagePullBackOff\n          \
         message: 'Back-off pulling image \"shop/web:1\": ErrImagePull: manifest unknown: manifest tagged by \"1\" is not found'\n\
         kind: List\nmetadata:\n  resourceVersion: ''\n",
    );
    let both = world.path("both");
    fs::create_dir(&both).unwrap();
    fs::copy(&as_json, both.join("pods.json")).unwrap();
    fs::write(both.join("namespaces.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n")
        .unwrap();
    let mut seen = Vec::new();
    for path in [&as_json, &as_yaml, &both] {
        let findings = findings(&world, path);
        assert_eq!(findings.len(), 1, "{}: {findings:#?}", path.display());
        assert!(findings[0]["objects"].to_string().contains("web"), "{}", findings[0]);
        seen.push((findings[0]["rule"].clone(), findings[0]["class"].clone()));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[test]
fn a_dump_among_other_files_is_served_and_the_others_are_named() {
    let world = World::new();
    world.write("dump/pods.json", json!({"apiVersion": "v1", "kind": "List", "items": [pod()]}).to_string());
    world.write("dump/broken.yaml", "apiVersion: v1\nkind: [");
    let ran = ask(&world, &world.path("dump"));
    assert!(ran.succeeded().stdout.contains("web"), "{ran:?}");
    assert!(ran.stderr.contains("broken.yaml"), "{ran:?}");
}
