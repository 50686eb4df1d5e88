//! A scripted model behind Chat Completions, on `OpenAI`'s and on Azure's paths.
//!
//! Every request takes the next turn of the script. A request that breaks the rules of a conversation is
//! recorded as a violation, answered 418, and fails the test when the fake is dropped.

pub(crate) mod check;
mod turn;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub use turn::Turn;

/// What the fake was asked.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Path and query.
    pub target: String,
    /// With credentials: a test compares them to [`FakeLlm::api_key`].
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Script {
    turns: std::collections::VecDeque<Turn>,
    requests: Vec<Recorded>,
    violations: Vec<String>,
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Script>>,
    api_key: String,
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running fake. Dropping it ends the server and checks the conversation.
pub struct FakeLlm {
    address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl FakeLlm {
    /// Starts a server that plays the turns in their order.
    ///
    /// # Panics
    ///
    /// If no port of the loopback interface can be had.
    #[expect(clippy::expect_used, reason = "a test without its server can only fail")]
    pub async fn start(turns: impl IntoIterator<Item = Turn>) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let api_key =
            format!("canary-llm-key-{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let script = Script { turns: turns.into_iter().collect(), ..Script::default() };
        let shared = Shared { script: Arc::new(Mutex::new(script)), api_key };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of the loopback interface");
        let address = listener.local_addr().expect("the address of a bound listener");
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Self { address, shared, server }
    }

    /// For `AZURE_API_BASE`, or `api_base` of an `azure/…` entry.
    pub fn azure_base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For `OPENAI_API_BASE`, or `api_base` of an `openai/…` entry.
    pub fn openai_base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The only key it accepts; it appears in no output of a correct host.
    pub fn api_key(&self) -> &str {
        &self.shared.api_key
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.script().requests.clone()
    }

    /// Turns that nobody has asked for yet.
    pub fn turns_left(&self) -> usize {
        self.shared.script().turns.len()
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.script().violations)
    }
}

impl Drop for FakeLlm {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.take_violations();
        assert!(violations.is_empty() || thread::panicking(), "requests to the fake model: {violations:#?}");
    }
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let target = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let turn = {
        let mut script = shared.script();
        let mut violations = check::request(&target, &headers, &body);
        script.requests.push(Recorded { target, headers: headers.clone(), body: body.clone() });
        let key = check::key(&headers).unwrap_or_default();
        if key != shared.api_key {
            return (StatusCode::UNAUTHORIZED, axum::Json(json!({"error": {
                "code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."
            }}))).into_response();
        }
        let turn = script.turns.pop_front();
        if turn.is_none() {
            violations.push("the script has no turn left".to_owned());
        }
        script.violations.extend(violations.iter().cloned());
        if violations.is_empty() { turn } else { None }
    };
    match turn {
        Some(turn) => turn.respond(&body, &shared.api_key),
        None => (StatusCode::IM_A_TEAPOT, "the fake model refuses: see its violations").into_response(),
    }
}
