//! The toolset `azure` through the built program: over a recording, over live services, and refused.
//!
//! A scripted model calls the tools; what it is told is what counts.

mod refusals;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use holmes_fakes::{
    ArmStep, FakeArm, FakeLlm, Turn,
    arm::{ARM_AUDIENCE, LOGS_AUDIENCE},
    entra::Holder,
};
use serde_json::{Value, json};

use crate::{
    cloud::Cloud,
    served::Served,
    world::{Ran, World, finish, plugins, root},
};

const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";
const GROUP: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop-prod-rg";
const TOKEN_PATH: &str = "var/run/secrets/azure/tokens/azure-identity-token";

/// What a tool is called, and with what.
type Call = (&'static str, Value);

/// The arguments of most tools.
fn of_cluster() -> Value {
    json!({"RESOURCE_GROUP_NAME": "shop-prod-rg", "CLUSTER_NAME": "shop-prod"})
}

fn cassette() -> PathBuf {
    root().join("examples/azure/aks-scale-out-blocked")
}

/// Every call that the recording answers, and what each answer has to tell.
fn recorded_calls() -> Vec<Value> {
    let path = root().join("plugins/azure/src/recorded/calls.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A model that makes these calls, a few at a time and numbered, and then stops.
async fn model<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> FakeLlm {
    let calls: Vec<(String, String, Value)> = calls
        .into_iter()
        .enumerate()
        .map(|(number, (tool, arguments))| (number.to_string(), tool.to_owned(), arguments))
        .collect();
    let turns = calls.chunks(5).map(|calls| Turn::Calls(calls.to_vec()));
    FakeLlm::start(turns.chain([Turn::text("The subnet is full.")])).await
}

async fn recorded_model() -> FakeLlm {
    let calls = recorded_calls();
    model(calls.iter().map(|call| (call["tool"].as_str().unwrap(), call["arguments"].clone()))).await
}

/// What the model was told, by the number of the call.
fn told(model: &FakeLlm) -> BTreeMap<usize, String> {
    let mut told = BTreeMap::new();
    for request in model.requests() {
        for message in request.body["messages"].as_array().unwrap() {
            if message["role"] == "tool" {
                let number = message["tool_call_id"].as_str().unwrap().parse().unwrap();
                told.entry(number).or_insert_with(|| message["content"].as_str().unwrap().to_owned());
            }
        }
    }
    told
}

/// Asserts that the model was told everything that the recording has to tell.
fn tells_the_incident(told: &BTreeMap<usize, String>) {
    let calls = recorded_calls();
    assert_eq!(told.len(), calls.len());
    for (number, call) in calls.iter().enumerate() {
        for expected in call["tells"].as_array().unwrap() {
            let (expected, text) = (expected.as_str().unwrap(), &told[&number]);
            assert!(text.contains(expected), "{}: `{expected}` is missing:\n{text}", call["tool"]);
        }
    }
}

/// A configuration with these upstreams and the recording's subscription.
fn config(world: &World, upstreams: &Value) -> PathBuf {
    let azure = json!({"config": {"subscription_id": SUBSCRIPTION}});
    let file = json!({"upstreams": upstreams, "toolsets": {"azure": azure}});
    world.write("holmes.yaml", file.to_string())
}

/// Lets the scripted model answer.
fn by(command: &mut Command, model: &FakeLlm) {
    command.args(["--model", "openai/fake"]);
    command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
}

/// `ask` about Azure alone, as a recording has it.
async fn ask_recording(world: &World, cassette: &Path, config: &Path, model: &FakeLlm) -> Ran {
    let mut command =
        world.command(["ask", "why does the pool not grow?", "--no-triage", "--output", "json"]);
    command.arg("--azure-cassette").arg(cassette).arg("--config").arg(config);
    by(&mut command, model);
    finish(command).await
}

/// A cloud with Resource Manager and Log Analytics in it, and a pod that may ask them.
struct Live {
    cloud: Cloud,
    arm: FakeArm,
}

impl Live {
    async fn start() -> Self {
        let cloud = Cloud::start().await;
        let arm = FakeArm::start(&cloud.authority, cloud.entra.tokens()).await;
        cloud.project(TOKEN_PATH);
        Self { cloud, arm }
    }

    /// Both services, at the fake's address.
    fn upstreams(&self, more: &Value) -> Value {
        let one = |kind: &str| {
            let mut upstream = json!({"kind": kind, "source": "live", "url": self.arm.base()});
            upstream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            upstream
        };
        json!({"azure-arm": one("azure-arm"), "azure-logs": one("azure-logs")})
    }

    /// Asks with workload identity.
    async fn ask(&self, config: &Path, model: &FakeLlm) -> Ran {
        self.ask_with(config, model, plugins().to_owned()).await
    }

    /// Asks the toolsets of a folder, and searches everything that anybody was told for secrets.
    async fn ask_with(&self, config: &Path, model: &FakeLlm, plugins: PathBuf) -> Ran {
        let mut command = self.cloud.ask("openai/fake", &["--output", "json"]);
        command.arg("--config").arg(config).arg("--plugins").arg(plugins);
        command.env("OPENAI_API_BASE", model.openai_base()).env("OPENAI_API_KEY", model.api_key());
        self.cloud.workload_identity(&mut command, &self.cloud.world.path(TOKEN_PATH));
        let ran = self.cloud.finish(command).await;
        for text in [&ran.stdout, &ran.stderr, &std::fs::read_to_string(self.cloud.audit_log()).unwrap()] {
            self.hunt(text);
        }
        for request in model.requests() {
            self.hunt(&request.body.to_string());
        }
        ran
    }

    /// Asks with one call, and returns what the model was told about it.
    async fn one(&self, (tool, arguments): Call) -> String {
        let model = model([(tool, arguments)]).await;
        let ran = self.ask(&config(&self.cloud.world, &self.upstreams(&json!({}))), &model).await;
        ran.succeeded();
        told(&model).remove(&0).unwrap()
    }

    /// Searches a text for every secret of the directory and of the services.
    fn hunt(&self, text: &str) {
        self.cloud.hunt(text);
        for secret in self.arm.canaries() {
            assert!(!text.contains(&secret), "`{secret}` came out:\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_tool_tells_the_model_what_the_recording_has_and_tells_it_twice_alike() {
    let calls = recorded_calls();
    let asked: BTreeSet<&str> = calls.iter().map(|call| call["tool"].as_str().unwrap()).collect();
    let mut first: Option<BTreeMap<usize, String>> = None;
    for _ in 0..2 {
        let world = World::new();
        let model = recorded_model().await;
        let ran = ask_recording(&world, &cassette(), &config(&world, &json!({})), &model).await;
        let document = ran.succeeded().json();
        assert_eq!(document["answer_markdown"], "The subnet is full.");
        let told = told(&model);
        tells_the_incident(&told);
        let offered = model.requests()[0].body["tools"].as_array().unwrap().clone();
        let offered: BTreeSet<&str> =
            offered.iter().map(|tool| tool["function"]["name"].as_str().unwrap()).collect();
        assert_eq!(
            offered.iter().filter(|name| !asked.contains(*name)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "every tool that is offered is called"
        );
        assert_eq!(first.get_or_insert_with(|| told.clone()), &told);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_example_of_the_configuration_answers_from_the_recording_that_is_typed() {
    let world = World::new();
    let calls = [
        ("aks_list_node_pools", of_cluster()),
        (
            "azure_logs_query",
            recorded_calls().iter().find(|call| call["tool"] == "azure_logs_query").unwrap()["arguments"]
                .clone(),
        ),
        ("get_all_nsgs", json!({})),
    ];
    let model = model(calls).await;
    let example = root().join("examples/config/azure.yaml");
    ask_recording(&world, &cassette(), &example, &model).await.succeeded();
    let told = told(&model);
    for (number, expected) in
        ["InsufficientSubnetSize", "SubnetIsFull", "aks-agentpool-27182818-nsg"].iter().enumerate()
    {
        assert!(told[&number].contains(expected), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_services_get_tokens_of_their_own_and_what_was_recorded_answers_alike() {
    let live = Live::start().await;
    live.arm.serve(&cassette());
    // The recording goes on at the moment of the first one, so that every request is a recorded one.
    let folder = live.cloud.world.path("recorded");
    let moment = std::fs::read(cassette().join("cassette.json")).unwrap();
    live.cloud.world.write("recorded/cassette.json", moment);
    let live_model = recorded_model().await;
    let upstreams = live.upstreams(&json!({"record": folder}));
    live.ask(&config(&live.cloud.world, &upstreams), &live_model).await.succeeded();
    let seen = told(&live_model);
    tells_the_incident(&seen);

    let requests = live.arm.requests();
    for audience in [ARM_AUDIENCE, LOGS_AUDIENCE] {
        let tokens: BTreeSet<&str> = requests
            .iter()
            .filter(|request| request.audience == audience)
            .map(|request| request.token.as_str())
            .collect();
        assert_eq!(tokens.len(), 1, "{audience}");
        let minted = live.cloud.entra.tokens().find(tokens.first().unwrap()).unwrap();
        assert_eq!(minted.audience, audience);
        assert_eq!(minted.holder.client_id, live.cloud.entra.client_id());
    }
    let scopes: Vec<String> = live.cloud.entra.requests().into_iter().map(|asked| asked.scope).collect();
    let expected = [ARM_AUDIENCE, LOGS_AUDIENCE].map(|audience| format!("{audience}/.default"));
    assert_eq!(scopes.len(), 2, "{scopes:?}");
    assert_eq!(BTreeSet::from_iter(scopes), BTreeSet::from(expected));

    let mut masked = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        live.hunt(&text);
        masked += usize::from(text.contains("<redacted:azure:"));
    }
    assert!(masked > 10, "the answers held secrets");
    let world = World::new();
    for recording in [folder, cassette()] {
        let model = recorded_model().await;
        ask_recording(&world, &recording, &config(&world, &json!({})), &model).await.succeeded();
        assert_eq!(told(&model), seen, "{}", recording.display());
    }
    assert_eq!(live.arm.requests().len(), requests.len(), "a recording asks nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_may_be_asked_by_an_identity_of_its_own() {
    let live = Live::start().await;
    let other = live.cloud.entra.register(Holder {
        client_id: "55555555-5555-4555-8555-555555555555".to_owned(),
        object_id: "66666666-6666-4666-8666-666666666666".to_owned(),
        ..live.cloud.entra.application().holder.clone()
    });
    live.arm.play_always(Some(ArmStep::answer(json!({"value": []}))));
    let model = model([("get_all_nsgs", json!({}))]).await;
    let upstreams = live.upstreams(&json!({"client_id": other.holder.client_id}));
    live.ask(&config(&live.cloud.world, &upstreams), &model).await.succeeded();
    let minted = live.cloud.entra.tokens().find(&live.arm.requests()[0].token).unwrap();
    assert_eq!(minted.holder.client_id, other.holder.client_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_needs_azure_and_has_no_identity_is_not_ready_and_says_so() {
    let world = World::new();
    let needed = config(&world, &json!({}));
    let mut command = world.command(["run", "--port", "0", "--config"]);
    command.arg(needed);
    let server = Served::start(command).await;
    let said = server.said();
    let base = said.lines().find_map(|line| line.strip_prefix("listening on ")).unwrap();
    let base = base.split(' ').next().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(format!("{base}/readyz")).send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!((status, &body["status"]), (503, &json!("not ready")), "{body}");
    assert_eq!(body["detail"], "the toolset `azure` is required and not loaded");
    let said = server.end();
    for way in ["workload identity", "AZURE_TENANT_ID", "az login", "--azure-cassette"] {
        assert!(said.contains(way), "`{way}` is missing: {said}");
    }
}
