//! A Kubernetes API server over a recorded cluster's raw files. Shares no code with the host: it is the control.
//!
//! The recording is moved in time, so that its `recordedAt` is now: what was a minute old is a minute old.
//! Anything but a read is recorded as a violation and fails the test when the fake is dropped.

mod content;
mod selector;
mod target;

use std::{
    net::SocketAddr,
    path::Path,
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
    http::{HeaderMap, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use content::Content;
use target::Target;

/// How the server is today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    Serves,
    /// It answers every request with this status.
    Refuses(u16),
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    violations: Vec<String>,
}

struct Shared {
    content: Content,
    denied: Vec<(String, String)>,
    mood: Mood,
    token: String,
    log: Mutex<Log>,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running fake. Dropping it ends the server and checks what was asked.
pub struct FakeKubernetes {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl FakeKubernetes {
    /// Serves a recording, as a `.tar.gz`. `denied` are (group, resource) that RBAC forbids.
    ///
    /// # Panics
    ///
    /// If the recording can not be read, or no port of the loopback interface can be had.
    #[expect(clippy::expect_used, reason = "a test without its server can only fail")]
    pub async fn start(archive: &Path, denied: &[(&str, &str)], mood: Mood) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let token = format!("canary-kubernetes-token-{}-{number}", std::process::id());
        let content = Content::open(archive).expect("a readable recording");
        let mut denied: Vec<(String, String)> =
            denied.iter().map(|(group, resource)| ((*group).to_owned(), (*resource).to_owned())).collect();
        denied.extend(content.forbidden());
        let shared = Arc::new(Shared { content, denied, mood, token, log: Mutex::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of the loopback interface");
        let address = listener.local_addr().expect("the address of a bound listener");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Self { address, shared, server }
    }

    /// The only token it accepts; it appears in no output of a correct host.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// A kubeconfig for it.
    pub fn kubeconfig(&self) -> String {
        kubeconfig(&format!("http://{}", self.address), self.token())
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.log().asked.clone()
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.log().violations)
    }
}

impl Drop for FakeKubernetes {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.take_violations();
        assert!(
            violations.is_empty() || thread::panicking(),
            "requests to the fake cluster: {violations:#?}"
        );
    }
}

/// A kubeconfig with one context, `fake`.
pub fn kubeconfig(server: &str, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: fake\n\
         clusters:\n- name: fake\n  cluster:\n    server: {server}\n\
         users:\n- name: reader\n  user:\n    token: {token}\n\
         contexts:\n- name: fake\n  context:\n    cluster: fake\n    user: reader\n"
    )
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    {
        let mut log = shared.log();
        if method != Method::GET || !body.is_empty() {
            log.violations.push(format!("{method} {path} with {} bytes", body.len()));
        }
        log.violations.extend(forbidden_headers(&headers));
        if query.contains("watch=") {
            log.violations.push(format!("a watch of {path}"));
        }
        log.asked.push(Asked { method: method.to_string(), path: path.clone(), query: query.clone() });
    }
    if let Mood::Refuses(status) = shared.mood {
        return Refusal::new(status, "InternalError", "the fake refuses everything").into_response();
    }
    let expected = format!("Bearer {}", shared.token);
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&expected) {
        return Refusal::new(401, "Unauthorized", "Unauthorized").into_response();
    }
    serve(&shared, &path, &query).into_response()
}

fn forbidden_headers(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(ToString::to_string);
    names.filter(|name| name.starts_with("impersonate-")).map(|name| format!("the header `{name}`")).collect()
}

/// What an API server says with a `Status`.
struct Refusal {
    code: u16,
    reason: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into() }
    }

    fn not_found() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { code, reason, message } = self;
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code});
        (StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), json_of(&body))
            .into_response()
    }
}

fn serve(shared: &Shared, path: &str, query: &str) -> Result<Response, Refusal> {
    let content = &shared.content;
    if let Some(document) = content.document(path) {
        return Ok(raw("application/json", document.to_vec()));
    }
    let target = Target::parse(path).ok_or_else(Refusal::not_found)?;
    let query = target::query(query);
    let kind = content.kind(&target).ok_or_else(Refusal::not_found)?;
    authorise(shared, &target)?;
    let refused = |(code, message): (u16, String)| Refusal::new(code, "BadRequest", message);
    match (&target.name, target.subresource.as_deref()) {
        (Some(_), Some("log")) => {
            content.log(&target, &query).map(|text| raw("text/plain", text.into_bytes())).map_err(refused)
        }
        (_, Some(_)) => Err(Refusal::not_found()),
        (Some(name), None) => content.get(&target).map(|object| json_of(&object)).ok_or_else(|| {
            Refusal::new(404, "NotFound", format!("{} \"{name}\" not found", target.qualified()))
        }),
        (None, None) => content.list(&target, &kind, &query).map(|list| json_of(&list)).map_err(refused),
    }
}

fn authorise(shared: &Shared, target: &Target) -> Result<(), Refusal> {
    let denied = |(group, plural): &(String, String)| *group == target.group && *plural == target.plural;
    if !shared.denied.iter().any(denied) {
        return Ok(());
    }
    let verb = if target.name.is_some() { "get" } else { "list" };
    let scope = match &target.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    let message = format!(
        "{} is forbidden: User \"system:serviceaccount:holmes:reader\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
        target.qualified(),
        target.plural,
        target.group
    );
    Err(Refusal::new(403, "Forbidden", message))
}

fn raw(media: &'static str, body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, media)], body).into_response()
}

fn json_of(value: &Value) -> Response {
    raw("application/json", value.to_string().into_bytes())
}
