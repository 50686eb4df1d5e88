//! Recording from a scripted API server: pages, refusals, limits, and nothing left behind.

mod server;

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use server::{Reply, Server};

/// A cluster of one namespaced kind and its logs, and a folder to record it into.
struct World {
    server: Server,
    folder: TempDir,
}

fn options() -> Options {
    Options {
        name: None,
        namespaces: Vec::new(),
        include: Vec::new(),
        exclude: Vec::new(),
        largest: 1 << 20,
        logs: Logs::Tail { lines: 100, bytes: 4096 },
    }
}

fn pod(number: usize) -> Value {
    json!({"metadata": {"name": format!("web-{number}"), "namespace": "shop"}, "status": {"phase": "Running",
        "containerStatuses": [{"name": "app", "ready": number > 0, "state": {"running": {}}}]}})
}

fn pods(items: &[usize], next: &str) -> Reply {
    let items: Vec<Value> = items.iter().map(|number| pod(*number)).collect();
    Reply::json(200, &json!({"kind": "PodList", "metadata": {"continue": next}, "items": items}))
}

/// Discovery of pods and nothing else; everything else is up to the test.
fn discovery(path: &str) -> Option<Reply> {
    let document = match path {
        "/version" => json!({"gitVersion": "v1.36.0"}),
        "/api" => json!({"versions": ["v1"]}),
        "/apis" => json!({"groups": []}),
        "/api/v1" => json!({"groupVersion": "v1", "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get", "list"]},
            {"name": "nodes", "kind": "Node", "verbs": ["list"]}]}),
        "/api/v1/nodes" => json!({"items": null}),
        _ => return None,
    };
    Some(Reply::json(200, &document))
}

impl World {
    async fn new(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let answer = move |target: &str| {
            discovery(target.split('?').next().unwrap()).unwrap_or_else(|| answer(target))
        };
        Self { server: Server::start(answer).await, folder: tempfile::tempdir().unwrap() }
    }

    fn out(&self) -> std::path::PathBuf {
        self.folder.path().join("out")
    }

    async fn record(&self, options: &Options) -> Result<Summary, RecordError> {
        let destination = Destination::new(&self.out()).unwrap();
        record(&self.server.cluster().await, &destination, options, &|_| {}).await
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.out().join(name)).unwrap()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let list = self.json("resources/pods.core.json");
        let names = list["items"].as_array().unwrap().iter();
        names.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.folder.path()).unwrap().next().is_none()
    }
}

fn log(text: &str) -> Reply {
    Reply { status: 200, headers: "", body: text.to_owned() }
}

#[tokio::test]
async fn pages_are_put_together_and_an_expired_token_begins_the_kind_anew() {
    let expired = AtomicUsize::new(0);
    let world = World::new(move |target| match target {
        "/api/v1/pods?limit=500" => pods(&[0, 1], "to ken/2"),
        "/api/v1/pods?limit=500&continue=to%20ken%2F2" if expired.fetch_add(1, Ordering::Relaxed) == 0 => {
            Reply::status(410, "The provided continue parameter is too old")
        }
        "/api/v1/pods?limit=500&continue=to%20ken%2F2" => pods(&[2], ""),
        _ => log("2026-11-22T10:00:00Z hello\n"),
    })
    .await;
    let summary = world.record(&options()).await.unwrap();
    assert_eq!(world.names(), ["web-0", "web-1", "web-2"]);
    assert_eq!((summary.objects, summary.kinds, summary.logs), (3, 1, 3));
    assert_eq!((summary.forbidden.len(), summary.unavailable.len()), (0, 0));
    let item = &world.json("resources/pods.core.json")["items"][0];
    assert_eq!((&item["kind"], &item["apiVersion"]), (&json!("Pod"), &json!("v1")));
    assert!(!world.out().join("resources/nodes.core.json").exists(), "a kind without objects has no file");
    let log = fs::read_to_string(world.out().join("logs/shop/web-0/app.log")).unwrap();
    assert_eq!(log, "2026-11-22T10:00:00Z hello\n");
}

#[tokio::test]
async fn a_list_that_breaks_halfway_is_unavailable_and_not_half_there() {
    let world = World::new(|target| match target {
        "/api/v1/pods?limit=500" => pods(&[0, 1], "2"),
        _ => Reply::status(500, "etcdserver: password=FAKE-SECRET-DO-NOT-LEAK timed out"),
    })
    .await;
    let summary = world.record(&options()).await.unwrap();
    assert_eq!((summary.objects, summary.logs), (0, 0));
    assert!(!world.out().join("resources/pods.core.json").exists());
    let unavailable = world.json("unavailable.json");
    assert_eq!((&unavailable[0]["resource"], &unavailable[0]["status"]), (&json!("pods"), &json!(500)));
    let message = unavailable[0]["message"].as_str().unwrap();
    assert!(message.contains("etcdserver") && !message.contains("FAKE-SECRET"), "{message}");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_pieces() {
    let world = World::new(|target| match target {
        "/api/v1/pods?limit=500" => log(&" ".repeat(33 << 20)),
        "/api/v1/pods?limit=62" => pods(&[0], "1"),
        "/api/v1/pods?limit=62&continue=1" => pods(&[1], ""),
        _ => Reply::status(400, "container has no log"),
    })
    .await;
    let summary = world.record(&options()).await.unwrap();
    assert_eq!((summary.objects, summary.logs, summary.unread.len()), (2, 0, 0));
}

#[tokio::test]
async fn what_is_forbidden_is_written_down_and_where_everything_is_nothing_is_left() {
    let forbidden = |target: &str| match target {
        "/api/v1/namespaces/b/pods?limit=500" => Reply::status(403, "pods is forbidden"),
        _ => pods(&[], ""),
    };
    let world = World::new(forbidden).await;
    let namespaces = Options { namespaces: vec!["a".into(), "b".into()], ..options() };
    world.record(&namespaces).await.unwrap();
    assert_eq!(world.json("forbidden.json"), json!([{"group": "", "resource": "pods"}]));
    assert_eq!(world.json("snapshot.json")["namespaces"], json!(["a", "b"]));

    let world = World::new(|_| Reply::status(403, "forbidden")).await;
    let only_pods = Options { include: vec!["pods".into()], ..options() };
    assert!(matches!(world.record(&only_pods).await, Err(RecordError::NothingPermitted)));
    assert!(world.is_empty());
}

#[tokio::test]
async fn logs_give_way_to_the_limit_and_objects_do_not() {
    let answer =
        |target: &str| if target.contains("/log?") { log(&"x\n".repeat(1000)) } else { pods(&[0, 1, 2], "") };
    let world = World::new(answer).await;
    let summary = world.record(&Options { largest: 5000, ..options() }).await.unwrap();
    assert_eq!((summary.objects, summary.logs), (3, 2));
    // The broken pod comes first; the last of the healthy ones has to stay behind.
    assert_eq!(summary.left_out, ["shop/web-2/app"]);

    let world = World::new(answer).await;
    let refused = world.record(&Options { largest: 300, ..options() }).await;
    assert!(matches!(refused, Err(RecordError::TooLarge { limit: 300 })), "{refused:?}");
    assert!(world.is_empty());
}

#[tokio::test]
async fn the_newest_lines_of_a_log_win_over_its_limit_in_bytes() {
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let world = World::new(move |target| {
        if !target.contains("/log?") {
            return pods(&[0], "");
        }
        let tail: usize =
            target.split("tailLines=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        seen.lock().unwrap().push(tail);
        let lines = (100 - tail..100).map(|number| format!("{number:99}\n")).collect::<Vec<_>>().concat();
        log(&lines[..lines.len().min(4096)])
    })
    .await;
    world.record(&options()).await.unwrap();
    let log = fs::read_to_string(world.out().join("logs/shop/web-0/app.log")).unwrap();
    assert!(log.trim_end().ends_with("99"), "{log}");
    assert_eq!(*asked.lock().unwrap(), [100, 30]);
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let asked = AtomicUsize::new(0);
    let world = World::new(move |target| {
        if target.contains("/pods?") && asked.fetch_add(1, Ordering::Relaxed) < 2 {
            return Reply { status: 429, headers: "retry-after: 0\r\n", body: String::new() };
        }
        pods(&[], "")
    })
    .await;
    assert_eq!(world.record(&options()).await.unwrap().readable, 2);
}

#[tokio::test]
async fn kinds_that_are_left_out_on_demand_do_not_look_absent() {
    let world = World::new(|_| pods(&[], "")).await;
    world.record(&Options { exclude: vec!["node".into()], ..options() }).await.unwrap();
    assert_eq!(world.json("unavailable.json")[0]["resource"], "nodes");
    assert_eq!(world.json("unavailable.json")[0]["version"], Value::Null);
}

#[tokio::test]
async fn a_recording_that_is_dropped_leaves_nothing() {
    let world = World::new(|target| {
        if target.contains("/log?") {
            return Reply::never();
        }
        pods(&[0], "")
    })
    .await;
    let destination = Destination::new(&world.out()).unwrap();
    let cluster = world.server.cluster().await;
    let begun = tokio::sync::Notify::new();
    let told = |_| {
        assert!(!world.is_empty(), "it grows beside its destination");
        begun.notify_one();
    };
    let options = options();
    tokio::select! {
        _ = record(&cluster, &destination, &options, &told) => panic!("the log never comes"),
        () = begun.notified() => {}
    }
    assert!(world.is_empty());
}
