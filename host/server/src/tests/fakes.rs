//! A scripted model, a toolset with three tools, and short ways to send a request.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode},
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream, stream::BoxStream};
use holmes_agent::{
    Agent, CallContext, ChatEvent, ChatModel, ChatReply, ChatRequest, FinishReason, Invocation, LlmError,
    LlmErrorKind, Redactor, Registry, Toolset,
};
use holmes_protocol::{
    SideEffect, TokenUsage, ToolCall, ToolError, ToolErrorKind, ToolOutcome, ToolOutput, ToolSpec,
    ToolsetName,
};
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::{Access, Config, Models, State, router};

/// What the log may hold and a response may not.
pub(super) const INTERNAL: &str = "canary-internal-7d1";
/// A secret that a tool returns.
pub(super) const SECRET: &str = "hunter2x9Q";
/// The server's own key.
pub(super) const KEY: &str = "canary-server-key-55c1";

/// What the scripted model does in one turn.
pub(super) enum Turn {
    Says(&'static str),
    Calls(&'static str, Vec<(&'static str, &'static str)>),
    Waits(Arc<Notify>, &'static str),
    Hangs,
    Fails(LlmErrorKind, Option<u16>),
}

/// Answers turn by turn and remembers what it was sent.
#[derive(Default)]
pub(super) struct Script {
    turns: Mutex<VecDeque<Turn>>,
    pub(super) requests: Mutex<Vec<ChatRequest>>,
}

impl Script {
    pub(super) fn new(turns: Vec<Turn>) -> Arc<Self> {
        Arc::new(Self { turns: Mutex::new(turns.into()), ..Self::default() })
    }
}

fn reply(text: &str, tool_calls: Vec<ToolCall>) -> ChatEvent {
    let usage = TokenUsage { prompt_tokens: 100, completion_tokens: 10, ..TokenUsage::default() };
    let (finish, model) = (FinishReason::Stop, "script".to_owned());
    ChatEvent::Finished(ChatReply {
        text: text.to_owned(),
        tool_calls,
        carried: Vec::new(),
        finish,
        usage,
        model,
    })
}

impl ChatModel for Script {
    fn name(&self) -> &'static str {
        "fast"
    }
    fn window(&self) -> u64 {
        100_000
    }
    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        let mut requests = self.requests.lock().unwrap();
        requests.push(request);
        let number = requests.len();
        let says =
            |text: &'static str| [ChatEvent::TextDelta(text.to_owned()), reply(text, Vec::new())].map(Ok);
        match self.turns.lock().unwrap().pop_front().expect("the script is over") {
            Turn::Says(text) => stream::iter(says(text)).boxed(),
            Turn::Calls(text, calls) => {
                let calls = calls.iter().enumerate().map(|(at, (name, arguments))| ToolCall {
                    id: format!("call_{number}_{at}").parse().unwrap(),
                    name: (*name).to_owned(),
                    arguments: (*arguments).to_owned(),
                });
                let delta = (!text.is_empty()).then(|| Ok(ChatEvent::TextDelta(text.to_owned())));
                stream::iter(delta.into_iter().chain([Ok(reply(text, calls.collect()))])).boxed()
            }
            Turn::Waits(gate, text) => {
                let waiting = async move { gate.notified().await };
                stream::once(waiting).flat_map(move |()| stream::iter(says(text))).boxed()
            }
            Turn::Hangs => stream::pending().boxed(),
            Turn::Fails(kind, status) => {
                let error = LlmError { status, ..LlmError::new(kind, format!("{INTERNAL} refused")) };
                stream::iter([Err(error)]).boxed()
            }
        }
    }
}

/// `look` answers with its arguments after as many seconds as they say, `leak` returns a secret, `fail` fails.
struct Fake(ToolsetName, Vec<ToolSpec>);

impl Toolset for Fake {
    fn name(&self) -> &ToolsetName {
        &self.0
    }
    fn version(&self) -> &'static str {
        "0"
    }
    fn description(&self) -> &'static str {
        "a fake"
    }
    fn instructions(&self) -> Option<&str> {
        None
    }
    fn tools(&self) -> &[ToolSpec] {
        &self.1
    }
    fn invoke(&self, invocation: Invocation, _: CallContext) -> BoxFuture<'_, ToolOutcome> {
        async move {
            let seconds = invocation.arguments["s"].as_u64().unwrap_or_default();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let text = match invocation.tool.as_str() {
                "triage" => {
                    let report = Some(Box::new(serde_json::from_value(report()).unwrap()));
                    let text = "web crashes".to_owned();
                    return ToolOutcome::Success(ToolOutput { text, report, ..ToolOutput::default() });
                }
                "look" => invocation.arguments.to_string(),
                "leak" => format!("DB_PASSWORD={SECRET}"),
                _ => {
                    let error = ToolError::new(ToolErrorKind::NotFound, "there is no such pod");
                    return ToolOutcome::Failure(error.with_detail(INTERNAL));
                }
            };
            ToolOutcome::Success(ToolOutput { text, ..ToolOutput::default() })
        }
        .boxed()
    }
}

fn report() -> Value {
    serde_json::json!({
        "schema": "triage/v1", "now": "2026-01-01T00:00:00Z", "verdict": "findings",
        "findings": [{
            "rule": "crash-loop", "class": "oom", "severity": "error", "confidence": "high", "objects": [],
            "count": 1, "summary": "web crashes", "evidence": [], "fingerprint": "f", "evidence_hash": "h",
        }],
    })
}

/// A server with the models `fast` (scripted) and `off` (disabled).
pub(super) fn state(script: &Arc<Script>, config: Config) -> State {
    with_tools(script, config, &["look", "leak", "fail"])
}

/// The same with other tools of the fake; one named `triage` runs before the model is asked.
pub(super) fn with_tools(script: &Arc<Script>, config: Config, tools: &[&str]) -> State {
    let name: ToolsetName = "fake".parse().unwrap();
    let specs = tools.iter().map(|tool| ToolSpec {
        name: tool.parse().unwrap(),
        toolset: name.clone(),
        description: String::new(),
        input_schema: serde_json::json!({"type": "object"}),
        side_effect: SideEffect::ReadOnly,
    });
    let registry = Registry::new(vec![Arc::new(Fake(name.clone(), specs.collect()))], Vec::new());
    let agent = Agent::new(holmes_agent::Config::default(), Arc::new(registry));
    let script = Arc::clone(script);
    let models = Models::new(vec!["fast".into(), "off".into()], "fast", move |name| match name {
        "fast" => Ok(Arc::clone(&script) as Arc<dyn ChatModel>),
        "off" => Err("the model `off` is disabled: `OFF_KEY` is not set".to_owned()),
        other => Err(format!("{INTERNAL} {other}")),
    });
    State::new(config, agent, models, || Arc::new(Redactor::with_known([KEY])))
}

/// Open to everybody, because access has its own tests.
pub(super) fn open() -> Config {
    Config { access: Access::Open, ..Config::default() }
}

/// The scripted server, open to everybody.
pub(super) fn server(turns: Vec<Turn>) -> (Arc<Script>, Router) {
    let script = Script::new(turns);
    let router = router(state(&script, open()));
    (script, router)
}

pub(super) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).unwrap()
}

pub(super) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(super) async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

pub(super) async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

/// Sends a chat request; its status and JSON body.
pub(super) async fn chat(router: &Router, body: &Value) -> (StatusCode, Value) {
    json(send(router, post("/api/chat", body.to_string())).await).await
}

pub(super) async fn json(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let text = text(response).await;
    assert!(!text.contains(INTERNAL) && !text.contains(SECRET) && !text.contains(KEY), "{text}");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
}

/// Sends a chat request with `stream: true`; every event by name and data, comments left out.
pub(super) async fn events(router: &Router, mut body: Value) -> Vec<(String, Value)> {
    body["stream"] = true.into();
    let response = send(router, post("/api/chat", body.to_string())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let text = text(response).await;
    assert!(!text.contains(INTERNAL) && !text.contains(SECRET) && !text.contains(KEY), "{text}");
    read(&text)
}

pub(super) fn read(text: &str) -> Vec<(String, Value)> {
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty() && !frame.starts_with(':'));
    let read = frames.map(|frame| {
        let (name, data) = frame.split_once('\n').unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        (name.strip_prefix("event: ").unwrap().to_owned(), serde_json::from_str(data).unwrap())
    });
    read.collect()
}
