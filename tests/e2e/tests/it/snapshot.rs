//! `snapshot record`: a recording leads to the findings of its cluster, holds no secret, says what it lacks, and
//! is there as a whole or not at all.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use flate2::read::GzDecoder;
use holmes_fakes::{FakeKubernetes, Mood, kubernetes::kubeconfig};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::world::{World, cluster, finish, leak};

/// `PRIVATE KEY` in base64, at each of its three alignments.
const KEYS: [&str; 4] = ["PRIVATE KEY", "UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW"];

/// `snapshot record` of the fake cluster.
fn recording(world: &World, kubeconfig: &str, out: &Path, more: &[&str]) -> Command {
    let file = world.write("kubeconfig", kubeconfig);
    let mut command = world.command(["snapshot", "record", "--kubeconfig"]);
    command.arg(file).arg("--out").arg(out).args(more);
    command
}

async fn record(world: &World, fake: &FakeKubernetes, more: &[&str]) -> PathBuf {
    let out = world.path("out.tar.gz");
    finish(recording(world, &fake.kubeconfig(), &out, more)).await.succeeded();
    out
}

/// The files of an archive, by name.
fn unpacked(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive).unwrap()));
    let entry = |entry: std::io::Result<tar::Entry<'_, GzDecoder<File>>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().display().to_string(), bytes)
    };
    archive.entries().unwrap().map(entry).collect()
}

fn parsed(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(files.get(name).unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

/// Files other than the kubeconfig that a run left in the test's folder.
fn left(world: &World) -> Vec<String> {
    let names = fs::read_dir(world.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.contains("out")).collect()
}

/// The report, without what tells the two looks apart: which cluster was asked, and when.
fn report(document: &Value) -> Value {
    let mut findings = document["findings"].clone();
    for finding in findings.as_array_mut().unwrap() {
        // Ages in words are as old as the look.
        finding["summary"] = Value::Null;
    }
    json!([findings, document["verdict"], document["not_checked"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_recording_leads_to_the_findings_of_its_cluster() {
    for name in ["oom-crashloop", "missing-configmap", "unschedulable-cpu", "healthy-steady-state"] {
        let world = World::new();
        let fake = FakeKubernetes::start(&cluster(name), &[], Mood::Serves).await;
        let file = world.write("kubeconfig", fake.kubeconfig());
        let mut live = world.command(["ask", "why?", "--output", "json", "--kubeconfig"]);
        live.arg(file);
        let live = finish(live).await.succeeded().json();
        let recorded = finish(world.ask(&record(&world, &fake, &[]).await, &["--output", "json"])).await;
        let recorded = recorded.succeeded().json();
        assert_eq!(report(&live), report(&recorded), "{name}");
        assert!(fake.asked().iter().all(|request| request.method == "GET"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_planted_secret_is_in_the_archive_and_certificates_are() {
    for name in ["oom-crashloop", "tls-certificate-expired"] {
        let world = World::new();
        let fake = FakeKubernetes::start(&cluster(name), &[], Mood::Serves).await;
        let files = unpacked(&record(&world, &fake, &[]).await);
        for (path, bytes) in &files {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(leak(&text), None, "{path}");
            for key in KEYS {
                assert!(!text.contains(key), "a private key is in {path}");
            }
        }
        let secrets = parsed(&files, "resources/secrets.core.json");
        let secrets = secrets["items"].as_array().unwrap();
        let certificates = secrets.iter().filter(|secret| secret["type"] == "kubernetes.io/tls");
        for secret in certificates {
            assert!(secret["data"]["tls.crt"].as_str().unwrap().starts_with("LS0tLS1CRUdJTi"), "{secret}");
            assert!(secret["data"]["tls.key"].as_str().unwrap().starts_with("<redacted:"), "{secret}");
        }
        assert!(secrets.iter().any(|secret| secret["metadata"]["name"] == "postgres-auth"), "names stay");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_recorded_form_is_whole() {
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let files = unpacked(&record(&world, &fake, &["--name", "aks-copy"]).await);
    let original = unpacked(&cluster("oom-crashloop"));
    let names = |files: &BTreeMap<String, Vec<u8>>| {
        let names = files.keys().map(|name| name.trim_start_matches("./").to_owned());
        names.filter(|name| !name.ends_with('/')).collect::<Vec<_>>()
    };
    assert_eq!(names(&files), names(&original));
    assert_eq!(parsed(&files, "snapshot.json")["cluster"], "aks-copy");
    let pods = parsed(&files, "resources/pods.core.json");
    assert_eq!((&pods["kind"], &pods["apiVersion"]), (&json!("List"), &json!("v1")));
    assert!(pods["items"].as_array().unwrap().iter().all(|pod| pod["kind"] == "Pod"));
    // A folder holds the same.
    let folder = world.path("out");
    finish(recording(&world, &fake.kubeconfig(), &folder, &[])).await.succeeded();
    assert!(folder.join("resources/pods.core.json").exists());
    assert_eq!(left(&world).len(), 2, "{:?}", left(&world));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_forbidden_stays_not_permitted_and_is_told() {
    let world = World::new();
    let denied = [("", "secrets"), ("", "configmaps")];
    let fake = FakeKubernetes::start(&cluster("missing-configmap"), &denied, Mood::Serves).await;
    let out = world.path("out.tar.gz");
    let ran = finish(recording(&world, &fake.kubeconfig(), &out, &[])).await;
    assert!(ran.succeeded().stdout.contains("not permitted: configmaps, secrets"), "{ran:?}");
    let listed = parsed(&unpacked(&out), "forbidden.json");
    assert_eq!(
        listed,
        json!([{"group": "", "resource": "configmaps"}, {"group": "", "resource": "secrets"}])
    );
    let document = finish(world.ask(&out, &["--output", "json"])).await.json();
    let not_checked = document["not_checked"].to_string();
    assert!(not_checked.contains("configmaps") && not_checked.contains("secrets"), "{document:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_nothing_is_permitted_there_is_an_exit_code_and_no_file() {
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[("", "pods")], Mood::Serves).await;
    let out = world.path("out.tar.gz");
    let ran = finish(recording(&world, &fake.kubeconfig(), &out, &["--include", "pods.core,pod"])).await;
    ran.refused(2, &["`pods.core`"]);
    let ran = finish(recording(&world, &fake.kubeconfig(), &out, &["--include", "pod"])).await;
    ran.refused(3, &["not permitted", "--namespace"]);
    assert_eq!(left(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn logs_give_way_to_the_size_limit_and_objects_are_never_cut() {
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let out = world.path("out.tar.gz");
    let ran = finish(recording(&world, &fake.kubeconfig(), &out, &["--max-size", "10KiB"])).await;
    ran.refused(2, &["--max-size"]);
    assert_eq!(left(&world), [""; 0]);
    let whole = unpacked(&record(&world, &fake, &[]).await);
    let objects: usize =
        whole.iter().filter(|(name, _)| name.starts_with("resources/")).map(|(_, bytes)| bytes.len()).sum();
    fs::remove_file(&out).unwrap();
    let limit = (objects + 6000).to_string();
    let ran = finish(recording(&world, &fake.kubeconfig(), &out, &["--max-size", &limit])).await;
    assert!(ran.succeeded().stdout.contains("logs left out for the size limit"), "{ran:?}");
    let logs = unpacked(&out).into_keys().filter(|name| name.starts_with("logs/")).collect::<Vec<_>>();
    assert!(logs.iter().any(|name| name.contains("billing/worker")), "the broken pod comes first: {logs:?}");
}

/// Answers `/version`, and lets every other request wait. Gives its address, and word of the first that waits.
async fn stuck() -> (String, tokio::sync::oneshot::Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (waits, waited) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut waits, mut open) = (Some(waits), Vec::new());
        let mut asked = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0_u8; 2048];
            let length = stream.read(&mut head).await.unwrap();
            asked += 1;
            if head[..length].starts_with(b"GET /version") && asked <= 2 {
                let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                stream.write_all(answer.as_bytes()).await.unwrap();
            } else {
                open.push(stream);
                waits.take().map(|waits| waits.send(()));
            }
        }
    });
    (address, waited)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_interrupted_recording_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new();
        let (address, waited) = stuck().await;
        let command = recording(&world, &kubeconfig(&address, "any"), &world.path("out.tar.gz"), &[]);
        let mut command = tokio::process::Command::from(command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        tokio::time::timeout(Duration::from_mins(1), waited).await.expect("it asks").unwrap();
        assert_eq!(left(&world).len(), 1, "it grows beside its destination");
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        let output = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output()).await;
        assert_eq!(output.expect("it ends").unwrap().status.code(), Some(130));
        assert_eq!(left(&world), [""; 0]);
    }
}

#[test]
fn bad_input_is_one_sentence_before_the_cluster_is_asked() {
    let world = World::new();
    let existing = world.write("out.tar.gz", "mine");
    for (out, more, words) in [
        (existing.as_path(), &[][..], &["exists already"][..]),
        (Path::new("out.zip"), &[], &["`out.zip`", ".tar.gz"]),
        (Path::new("new.tar.gz"), &["--max-size", "much"], &["512MiB"]),
        (Path::new("new.tar.gz"), &["-n", "Shop/1"], &["lower-case"]),
        (Path::new("new.tar.gz"), &["--log-lines", "0"], &["--log-lines"]),
        (Path::new("new.tar.gz"), &["--kubeconfig", "/nowhere"], &["/nowhere"]),
    ] {
        let mut command = world.command(["snapshot", "record", "--out"]);
        let ran = crate::world::Ran::of(command.arg(out).args(more).output().unwrap());
        ran.refused(2, words);
    }
    assert_eq!(fs::read_to_string(existing).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_folder_that_does_not_exist_is_named() {
    let world = World::new();
    let fake = FakeKubernetes::start(&cluster("oom-crashloop"), &[], Mood::Serves).await;
    let out = world.path("absent/new.tar.gz");
    finish(recording(&world, &fake.kubeconfig(), &out, &[]))
        .await
        .refused(2, &["absent", "can not be written"]);
}
