//! Row 41: a thousand hostile calls in one process, and nothing of them is left.

use futures::{StreamExt, stream};
use holmes_sandbox::{Settings, Wishes};
use serde_json::{Value, json};

use crate::{
    wat::{Core, LOOP},
    world::{TOOL, api::Api, bound, call, context, empty_house, hostile, load, resident, short, still_works},
};
use holmes_toolset::{Invocation, Toolset};

/// Open descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("linux").count()
}

/// One call of each kind that is cheap to survive.
fn attacks() -> Vec<(&'static str, Value)> {
    let get = |path: &str| json!({"upstream": "kubernetes", "method": "GET", "path": path});
    vec![
        ("crash", json!({})),
        ("recurse", json!({})),
        ("recurse_in_turns", json!({})),
        ("spin_on_an_import", json!({})),
        ("grow_politely", json!({})),
        ("huge_text", json!({"size": 5_000_000})),
        ("raw_json", json!({"piece": "[", "times": 100_000})),
        ("huge_log", json!({"size": 5_000_000})),
        ("huge_path", json!({"size": 5_000_000})),
        ("emit_empty_rows", json!({})),
        ("batch", json!({"size": 100})),
        ("hoard", json!({"path": "/api/v1/namespaces/default/pods", "count": 20})),
        ("request", get("/api/v1/namespaces/secret/secrets")),
        ("request", get("/api/v1/namespaces/default/pods/x/exec")),
        ("read_slowly", json!({"path": "/api/v1/namespaces/endless/pods", "chunk": 65_536})),
        ("fine", json!({})),
    ]
}

#[tokio::test]
async fn a_thousand_hostile_calls_leave_nothing_behind() {
    let _house = empty_house().await;
    let api = Api::start().await;
    let limits = Wishes { memory_mib: Some(8), response_mib: Some(1), ..Wishes::default() };
    let hostile = hostile(Settings { limits, ..bound(api.backend().await) }).await;
    let endless = load(Core { invoke: LOOP, ..Core::default() }.packed(), short()).await.unwrap();
    let storm = |calls: usize| {
        let attacks = attacks();
        let calls = (0..calls).map(move |index| attacks[index % attacks.len()].clone());
        stream::iter(calls).for_each_concurrent(8, |(tool, arguments)| {
            let hostile = &hostile;
            async move { drop(call(hostile, tool, arguments).await) }
        })
    };
    // The first calls fill pools, caches and the allocator's own stock.
    storm(100).await;
    let (memory, files) = (resident(), descriptors());
    let loops = async {
        for _ in 0..3 {
            drop(call(&endless, TOOL, json!({})).await);
        }
    };
    tokio::join!(storm(1_000), loops);
    still_works(&hostile).await;
    assert!(resident() < memory + 64, "{} MiB, {memory} before", resident());
    // What a call leaves open would be there a thousand times; what the client keeps of its connections, and the
    // runtimes of tests that wait for their turn, come and go by the dozen.
    assert!(descriptors() <= files + 64, "{} descriptors, {files} before", descriptors());
    every_place_is_free().await;
}

/// As many calls as there are places run at the same time, and one more waits for the first that ends.
async fn every_place_is_free() {
    let limits = Wishes { concurrency: Some(64), ..Wishes::default() };
    let crowd = hostile(Settings { limits, ..Settings::default() }).await;
    let waiting = context();
    let token = waiting.cancellation.clone();
    let asleep = || Invocation { tool: "sleep".parse().unwrap(), arguments: json!({}) };
    let sleepers: Vec<_> = (0..63).map(|_| crowd.invoke(asleep(), waiting.clone())).collect();
    still_works(&crowd).await;
    token.cancel();
    futures::future::join_all(sleepers).await;
    still_works(&crowd).await;
}
