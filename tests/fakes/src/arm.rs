//! Azure Resource Manager and Log Analytics over TLS, on one port: what a cassette recorded, or what a test says.
//!
//! Each takes tokens of its own audience only. Every answer quotes the token it came for and holds planted
//! secrets, in the headers and in the body. A token for another audience, or a request that could change
//! something, is a violation and fails the test on drop.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{canary, entra::Tokens, form, server::Server, tls::TestAuthority};

/// Whom tokens for Resource Manager are for.
pub const ARM_AUDIENCE: &str = "https://management.azure.com";

/// Whom tokens for Log Analytics are for.
pub const LOGS_AUDIENCE: &str = "https://api.loganalytics.io";

/// What happens to a request whose token was accepted.
#[derive(Debug, Clone)]
pub enum ArmStep {
    /// Answers with exactly this, and with the secrets that every answer holds.
    Answer {
        /// The status.
        status: u16,
        /// Headers beside the fake's own.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Value,
    },
    /// Takes the token back and refuses it, as when it expired on the way.
    Revoke,
}

impl ArmStep {
    /// Answers 200.
    pub fn answer(body: Value) -> Self {
        Self::Answer { status: 200, headers: Vec::new(), body }
    }

    /// Refuses in Resource Manager's shape.
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Self::Answer { status, headers: Vec::new(), body: refusal(code, message) }
    }
}

/// A request, as it was recorded.
#[derive(Debug, Clone)]
pub struct ArmRequest {
    /// The method.
    pub method: String,
    /// The path, decoded.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The body; null without one.
    pub body: Value,
    /// The service that the path belongs to: [`ARM_AUDIENCE`] or [`LOGS_AUDIENCE`].
    pub audience: &'static str,
    /// Its bearer token; empty without one.
    pub token: String,
    /// What it was answered with.
    pub status: u16,
}

#[derive(Default)]
struct Desk {
    exchanges: Vec<Value>,
    steps: VecDeque<ArmStep>,
    always: Option<ArmStep>,
    requests: Vec<ArmRequest>,
    violations: Vec<String>,
}

struct Service {
    tokens: Arc<Tokens>,
    secret: String,
    desk: Mutex<Desk>,
}

/// A running fake. Dropping it closes the port and checks what was asked.
pub struct FakeArm {
    server: Server,
    service: Arc<Service>,
}

impl FakeArm {
    /// Starts it on a free port. It accepts tokens of this directory, and answers 404 until it is told more.
    pub async fn start(authority: &TestAuthority, tokens: Arc<Tokens>) -> Self {
        let service =
            Arc::new(Service { tokens, secret: canary::secret("arm-secret"), desk: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&service));
        Self { server: Server::start(0, Some(authority.issue(&[])), router).await, service }
    }

    /// For `url` of an upstream of either kind, without a slash at its end.
    pub fn base(&self) -> String {
        self.server.base()
    }

    /// Answers from now on as the exchanges of this folder say. A request has to be the recorded one, the moment
    /// in its query included; only the case of the path does not matter.
    ///
    /// # Panics
    ///
    /// If the folder holds anything but a cassette.
    #[expect(clippy::expect_used, reason = "a test without its recording can only fail")]
    pub fn serve(&self, cassette: &Path) {
        for entry in fs::read_dir(cassette).expect("a cassette's folder") {
            let path = entry.expect("a file of the cassette").path();
            if path.file_name().is_some_and(|name| name != "cassette.json") {
                let text = fs::read(&path).expect("an exchange that can be read");
                let exchange = serde_json::from_slice(&text).expect("an exchange in JSON");
                self.service.desk().exchanges.push(exchange);
            }
        }
    }

    /// The next requests with a good token take these steps, before any exchange is looked for.
    pub fn play(&self, steps: impl IntoIterator<Item = ArmStep>) {
        self.service.desk().steps.extend(steps);
    }

    /// Every request with a good token takes this step once the others are played, until `None`.
    pub fn play_always(&self, step: Option<ArmStep>) {
        self.service.desk().always = step;
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<ArmRequest> {
        self.service.desk().requests.clone()
    }

    /// The secret in every answer, to be put into the body of a step too.
    pub fn secret(&self) -> &str {
        &self.service.secret
    }

    /// Everything that no output may contain: the planted secret, and the directory's tokens.
    pub fn canaries(&self) -> Vec<String> {
        let mut canaries = self.service.tokens.canaries();
        canaries.push(self.service.secret.clone());
        canaries
    }

    /// Takes the broken rules, for tests that expect some.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.service.desk().violations)
    }
}

impl Drop for FakeArm {
    fn drop(&mut self) {
        let violations = self.take_violations();
        assert!(violations.is_empty() || thread::panicking(), "requests to the fake Azure: {violations:#?}");
    }
}

impl Service {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, request: &ArmRequest) -> ArmStep {
        let mut desk = self.desk();
        if !reads(request) {
            desk.violations.push(format!("`{} {}` is no read", request.method, request.path));
            return ArmStep::refuse(405, "MethodNotAllowed", "The fake only serves reads.");
        }
        if !self.tokens.accepts(&request.token, request.audience, self.tokens.now()) {
            let minted = self.tokens.find(&request.token);
            if let Some(other) = minted.filter(|minted| minted.audience != request.audience) {
                let (path, other) = (&request.path, other.audience);
                desk.violations.push(format!("`{path}` was signed for `{other}`"));
                let text = "The access token has been obtained for wrong audience or resource.";
                return ArmStep::refuse(401, "InvalidAuthenticationTokenAudience", text);
            }
            return expired();
        }
        let step = desk.steps.pop_front().or_else(|| desk.always.clone());
        step.or_else(|| desk.exchanges.iter().find(|exchange| is_of(exchange, request)).map(recorded))
            .unwrap_or_else(|| ArmStep::refuse(404, "ResourceNotFound", "The fake has no answer to this."))
    }
}

async fn answer(
    State(service): State<Arc<Service>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = form::decode(uri.path());
    let logs = path.starts_with("/v1/");
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    let mut request = ArmRequest {
        method: method.to_string(),
        query: form::fields(uri.query().unwrap_or_default()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        audience: if logs { LOGS_AUDIENCE } else { ARM_AUDIENCE },
        token: bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned(),
        path,
        status: 0,
    };
    let mut step = service.decide(&request);
    if matches!(step, ArmStep::Revoke) {
        service.tokens.revoke(&request.token);
        step = expired();
    }
    let ArmStep::Answer { status, headers, mut body } = step else {
        return StatusCode::IM_A_TEAPOT.into_response();
    };
    request.status = status;
    plant(&mut body, &request, &service.secret);
    let mut response = Json(body).into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    let quoted = [
        ("x-ms-request-id", request.token.clone()),
        ("www-authenticate", format!("Bearer {}", request.token)),
        ("set-cookie", service.secret.clone()),
    ];
    for (name, value) in headers.into_iter().chain(quoted) {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
    service.desk().requests.push(request);
    response
}

/// A GET, or one of the two queries.
fn reads(request: &ArmRequest) -> bool {
    let query = request.path.eq_ignore_ascii_case("/providers/Microsoft.ResourceGraph/resources")
        || request.audience == LOGS_AUDIENCE && request.path.ends_with("/query");
    request.method == "GET" || request.method == "POST" && query
}

fn is_of(exchange: &Value, request: &ArmRequest) -> bool {
    let recorded = &exchange["request"];
    recorded["method"] == request.method.as_str()
        && recorded["path"].as_str().is_some_and(|path| path.eq_ignore_ascii_case(&request.path))
        && recorded["query"] == json!(request.query)
        && recorded["body"] == request.body
}

fn recorded(exchange: &Value) -> ArmStep {
    let response = &exchange["response"];
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    ArmStep::Answer {
        status: status.unwrap_or_default(),
        headers: Vec::new(),
        body: response["body"].clone(),
    }
}

fn refusal(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

fn expired() -> ArmStep {
    ArmStep::refuse(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is in the past.")
}

/// Every body quotes the token. Secrets are planted where Resource Manager has some: logs are what people wrote.
fn plant(body: &mut Value, request: &ArmRequest, secret: &str) {
    let Some(body) = body.as_object_mut() else { return };
    body.insert("quoted".to_owned(), format!("Authorization: Bearer {}", request.token).into());
    if request.audience == ARM_AUDIENCE {
        body.insert("primaryKey".to_owned(), secret.into());
        let text = format!("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={secret}");
        body.insert("connectionString".to_owned(), text.into());
    }
}
