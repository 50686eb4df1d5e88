//! The tools together, over the cassette of examples/azure: what a model would see of one incident.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
};

use holmes_plugin::{
    Host, Method, Output, Request, ToolError, Toolset,
    serde_json::{self, Value, json},
    testing::Canned,
};

use crate::{Component, which::WhichCluster};

/// Of tests and of the cassette.
pub(crate) const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

/// The group of [`CLUSTER`].
pub(crate) const GROUP: &str =
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop-prod-rg";

/// The cluster of tests and of the cassette.
pub(crate) const CLUSTER: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop-prod-rg/providers/Microsoft.ContainerService/managedClusters/shop-prod";

/// 2026-11-20T09:30:00Z, the moment of the cassette.
pub(crate) const NOW: u64 = 1_795_167_000_000;

/// Arguments that name [`CLUSTER`].
pub(crate) fn which_cluster() -> WhichCluster {
    WhichCluster {
        resource_group_name: "shop-prod-rg".to_owned(),
        cluster_name: "shop-prod".to_owned(),
        subscription_id: Some(SUBSCRIPTION.to_owned()),
    }
}

/// Files of a cassette, each with its exchange.
type Exchanges = BTreeMap<String, Value>;

/// The exchanges of a cassette; none where the cassettes are not checked out.
fn cassette(name: &str) -> Option<Exchanges> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/azure").join(name);
    let mut exchanges = Exchanges::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.unwrap().path();
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file == "cassette.json" {
            assert_eq!(value, json!({"version": 1, "recordedAt": "2026-11-20T09:30:00Z"}));
        } else {
            exchanges.insert(file, value);
        }
    }
    Some(exchanges)
}

/// A host that answers from a cassette, and notes which exchanges were asked for.
fn player(exchanges: Exchanges, used: Rc<RefCell<BTreeSet<String>>>) -> Host {
    Canned::new()
        .at(NOW)
        .setting("subscription_id", SUBSCRIPTION)
        .respond(move |request| {
            let found = exchanges.iter().find(|(_, exchange)| answers(exchange, request));
            let (file, exchange) =
                found.unwrap_or_else(|| panic!("the cassette has no answer to {request:?}"));
            used.borrow_mut().insert(file.clone());
            let status = u16::try_from(exchange["response"]["status"].as_u64().unwrap()).unwrap();
            Some((status, exchange["response"]["body"].to_string().into_bytes()))
        })
        .host()
}

/// Same upstream, method, path, query in any order, and body.
fn answers(exchange: &Value, request: &Request) -> bool {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Head | Method::Put | Method::Patch | Method::Delete => panic!("only reads are sent"),
    };
    let query: BTreeMap<String, String> = request.query.iter().cloned().collect();
    let body = request.body.as_deref().map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
    exchange["kind"] == request.upstream.as_str()
        && exchange["request"]
            == json!({"method": method, "path": request.path, "query": query, "body": body})
}

fn text(host: &Host, tool: &str, arguments: &Value) -> String {
    let answer: Result<Output, ToolError> = Component::invoke(host, tool, &arguments.to_string());
    let output = answer.unwrap_or_else(|error| panic!("{tool} {arguments}: {error}"));
    assert!(!output.is_no_data(), "{tool} {arguments}");
    output.to_text()
}

#[test]
fn a_scale_out_that_a_full_subnet_blocks_is_seen_by_every_tool() {
    let Some(exchanges) = cassette("aks-scale-out-blocked") else { return };
    let files: BTreeSet<String> = exchanges.keys().cloned().collect();
    let used = Rc::new(RefCell::new(BTreeSet::new()));
    let host = player(exchanges, Rc::clone(&used));
    let calls: Vec<Value> = serde_json::from_str(include_str!("recorded/calls.json")).unwrap();
    for call in &calls {
        let tool = call["tool"].as_str().unwrap();
        let text = text(&host, tool, &call["arguments"]);
        for expected in call["tells"].as_array().unwrap() {
            let expected = expected.as_str().unwrap();
            assert!(text.contains(expected), "{tool}: {expected} in\n{text}");
        }
        assert!(text.len() < 6_000, "{tool} is told at length: {}", text.len());
    }
    let unused: Vec<&String> = files.iter().filter(|file| !used.borrow().contains(*file)).collect();
    assert!(unused.is_empty(), "no call asks for {unused:?}");
    let tools: BTreeSet<&str> = calls.iter().map(|call| call["tool"].as_str().unwrap()).collect();
    let described = Component::describe();
    assert!(described.tools.iter().all(|tool| tools.contains(tool.name)), "every tool is asked");
}

#[test]
fn every_recorded_request_is_one_that_the_manifest_asks_for() {
    let Some(exchanges) = cassette("aks-scale-out-blocked") else { return };
    let manifest = include_str!("../toolset.toml");
    let patterns: Vec<&str> = manifest.split('"').filter(|text| text.starts_with('/')).collect();
    assert!(patterns.len() > 15);
    for (file, exchange) in &exchanges {
        let path = exchange["request"]["path"].as_str().unwrap();
        assert!(patterns.iter().any(|pattern| fits(pattern, path)), "{file}: {path}");
    }
}

/// `*` is one segment.
fn fits(pattern: &str, path: &str) -> bool {
    let same = |(pattern, segment): (&str, &str)| pattern == "*" || pattern == segment;
    pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(same)
}
