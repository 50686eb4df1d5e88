//! What a model is told when Azure, the policy, or a recording does not give what was asked for.

use std::{path::PathBuf, thread};

use holmes_fakes::ArmStep;
use serde_json::{Value, json};

use super::{Call, GROUP, Live, SUBSCRIPTION, ask_recording, cassette, config, model, of_cluster, told};
use crate::world::{World, cluster, finish, plugins, root};

fn node_pools() -> Call {
    ("aks_list_node_pools", of_cluster())
}

/// A folder with the guest that sends whatever it is told to.
fn hostile() -> PathBuf {
    let folder = plugins().with_file_name("misbehaving");
    let out = folder.clone();
    let guest = vec![root().join("tests/guests")];
    let built = thread::spawn(move || holmes_plugin_build::build(&guest, &out)).join();
    built.expect("the builder ends").unwrap_or_else(|error| panic!("{error:#}"));
    folder
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is missing: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_link_to_other_host_refused() {
    let live = Live::start().await;
    let next = format!("https://127.0.0.1:{}/subscriptions/next", live.cloud.entra.port());
    live.arm.play([ArmStep::answer(json!({"value": [], "nextLink": next}))]);
    let text = live.one(node_pools()).await;
    has(&text, &["a link that is not followed", "host that is not Resource Manager's"]);
    assert_eq!(live.arm.requests().len(), 1);
    assert_eq!(live.cloud.entra.asked(), 1, "nobody else is asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_next_page_of_the_same_service_is_asked_for_at_the_upstream() {
    let live = Live::start().await;
    let page = |name: &str| json!({"value": [{"name": name, "properties": {"mode": "User", "count": 1}}]});
    let mut first = page("first");
    let path = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/shop-prod/agentPools");
    first["nextLink"] =
        format!("https://management.azure.com{path}?api-version=2026-08-01&$skiptoken=2").into();
    live.arm.play([first, page("second")].map(ArmStep::answer));
    has(&live.one(node_pools()).await, &["first", "second"]);
    let requests = live.arm.requests();
    assert_eq!((requests.len(), requests[1].query["$skiptoken"].as_str()), (2, "2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_was_not_granted_is_denied_with_the_rule_and_nobody_is_asked() {
    let live = Live::start().await;
    let mut file: Value = json!({"upstreams": live.upstreams(&json!({}))});
    let granted = "/subscriptions/*/resourceGroups/other/**";
    file["toolsets"]["azure"] = json!({"config": {"subscription_id": SUBSCRIPTION},
        "grant": {"azure-arm": [{"methods": ["GET"], "paths": [granted]}]}});
    let file = live.cloud.world.write("narrow.yaml", file.to_string());
    let model = model([
        node_pools(),
        (
            "azure_logs_query",
            json!({"WORKSPACE_ID": "7c0ffee0-5a1e-4b1d-9c2e-0a1b2c3d4e5f", "QUERY": "KubeEvents | count"}),
        ),
    ])
    .await;
    live.ask(&file, &model).await.succeeded();
    let told = told(&model);
    has(
        &told[&0],
        &["declared (upstreams.azure-arm.reads[0])", "add to toolsets.azure.grant.azure-arm", "agentPools"],
    );
    has(&told[&1], &["policy-denied", "add to toolsets.azure.grant.azure-logs"]);
    assert_eq!((live.arm.requests().len(), live.cloud.entra.asked()), (0, 0));
    let audit = std::fs::read_to_string(live.cloud.audit_log()).unwrap();
    assert!(audit.lines().any(|line| line.contains("denied") && line.contains("agentPools")), "{audit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_misbehaves_reaches_no_path_beyond_its_manifest_and_no_keys() {
    let live = Live::start().await;
    let cluster = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/shop-prod");
    let ask = |method: &str, upstream: &str, path: &str| -> Call {
        ("request", json!({"upstream": upstream, "method": method, "path": path}))
    };
    let calls = [
        ask("GET", "azure-arm", "/providers/Microsoft.Authorization/roleDefinitions"),
        ask("POST", "azure-arm", &format!("{cluster}/listClusterAdminCredential")),
        ask("DELETE", "azure-arm", &cluster),
        ask("GET", "azure-arm", "//evil.example/subscriptions/s"),
        ask("POST", "azure-logs", "/v1/workspaces/w/purge"),
        ask("GET", "azure-logs", "/v1/workspaces/w/metadata"),
    ];
    let model = model(calls).await;
    let upstreams = json!({"upstreams": live.upstreams(&json!({}))}).to_string();
    let file = live.cloud.world.write("hostile.yaml", upstreams);
    live.ask_with(&file, &model, hostile()).await.succeeded();
    let told = told(&model);
    has(
        &told[&0],
        &["policy-denied", "roleDefinitions", "does not declare this in upstreams.azure-arm.reads"],
    );
    has(&told[&1], &["policy-denied", "never:"]);
    has(&told[&2], &["policy-denied", "never:"]);
    has(&told[&3], &["invalid-arguments"]);
    has(&told[&4], &["invalid-arguments", "purge"]);
    has(&told[&5], &["policy-denied", "does not declare this in upstreams.azure-logs.reads"]);
    assert_eq!((live.arm.requests().len(), live.cloud.entra.asked()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_role_is_told_with_role_and_scope() {
    let live = Live::start().await;
    let object = live.cloud.entra.application().holder.object_id.clone();
    let scope = format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/shop-prod");
    let action = "Microsoft.ContainerService/managedClusters/agentPools/read";
    let message = format!(
        "The client 'x' with object id '{object}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
    );
    live.arm.play([ArmStep::refuse(403, "AuthorizationFailed", &message)]);
    let text = live.one(node_pools()).await;
    has(&text, &["AuthorizationFailed", "\"Reader\"", &scope, &object, "az role assignment create"]);
    assert_eq!((live.arm.requests().len(), live.cloud.entra.asked()), (1, 1), "a new token changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_refreshed_once() {
    let live = Live::start().await;
    live.arm.play([ArmStep::Revoke, ArmStep::answer(json!({"value": []}))]);
    live.one(node_pools()).await;
    let requests = live.arm.requests();
    assert_eq!(requests.iter().map(|request| request.status).collect::<Vec<_>>(), [401, 200]);
    assert_ne!(requests[0].token, requests[1].token);
    assert_eq!(live.cloud.entra.asked(), 2);

    let live = Live::start().await;
    live.arm.play_always(Some(ArmStep::Revoke));
    has(&live.one(node_pools()).await, &["did not accept the credential", "holmes-host auth check"]);
    assert_eq!((live.arm.requests().len(), live.cloud.entra.asked()), (2, 2), "and not twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_budget_is_told_with_the_time_to_wait() {
    let live = Live::start().await;
    let body = json!({"error": {"code": "SubscriptionRequestsThrottled", "message": "Too many reads."}});
    let headers = vec![("retry-after", "41".to_owned())];
    live.arm.play_always(Some(ArmStep::Answer { status: 429, headers, body }));
    has(&live.one(node_pools()).await, &["slow down", "Too many reads.", "41"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_with_a_token() {
    let live = Live::start().await;
    let headers = vec![("location", format!("{}/subscriptions/elsewhere", live.arm.base()))];
    live.arm.play([ArmStep::Answer { status: 302, headers, body: json!({}) }]);
    has(&live.one(node_pools()).await, &["302"]);
    assert_eq!(live.arm.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_in_an_answer_are_masked_before_a_tool_sees_them() {
    let live = Live::start().await;
    let row = json!({"name": "shop", "primaryKey": live.arm.secret()});
    let body =
        json!({"totalRecords": 1, "count": 1, "data": [row], "facets": [], "resultTruncated": "false"});
    live.arm.play([ArmStep::answer(body)]);
    let text = live.one(("azure_resource_graph", json!({"QUERY": "resources | take 1"}))).await;
    has(&text, &["shop", "<redacted:azure:"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_gives_no_token_is_told_with_its_reason() {
    let live = Live::start().await;
    live.cloud.entra.retire_assertions();
    let text = live.one(node_pools()).await;
    has(&text, &["no credential for `azure-arm`", "AADSTS700024"]);
    assert!(live.arm.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_recording_does_not_hold_is_named() {
    let world = World::new();
    let calls = [
        ("get_nsg_rules", json!({"RESOURCE_GROUP_NAME": "shop-prod-rg", "NSG_NAME": "nowhere"})),
        ("azure_resource_graph", json!({"QUERY": "resources | count"})),
    ];
    let model = model(calls).await;
    ask_recording(&world, &cassette(), &config(&world, &json!({})), &model).await.succeeded();
    let told = told(&model);
    has(&told[&0], &["no answer to", "GET", "networksecuritygroups/nowhere"]);
    has(&told[&1], &["no answer to", "POST", "microsoft.resourcegraph/resources"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_an_identity_the_toolset_is_unavailable_with_the_ways_to_get_one() {
    let world = World::new();
    // Who asks for it by name, or wants to know more, is told; who has no Azure is not bothered.
    let config = world.write("wants-azure.yaml", "toolsets: { azure: { enabled: true } }\n");
    let config = config.to_str().unwrap();
    for (arguments, expected) in [
        (vec!["--no-triage"], false),
        (vec!["--no-triage", "-v"], true),
        (vec!["--no-triage", "--config", config], true),
    ] {
        let model = model([]).await;
        let ran = finish(world.ask_model(&cluster("oom-crashloop"), &model, &arguments)).await;
        ran.succeeded();
        assert_eq!(ran.stderr.contains("azure-arm"), expected, "{}", ran.stderr);
        if expected {
            let ways = ["workload identity", "AZURE_CLIENT_SECRET", "az login", "--azure-cassette"];
            has(&ran.stderr, &ways);
        }
        let offered = model.requests()[0].body["tools"].to_string();
        assert!(!offered.contains("aks_") && offered.contains("kubectl_"), "{offered}");
    }
}
