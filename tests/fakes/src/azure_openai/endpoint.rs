//! One request: recorded, checked in the service's order, then answered by the script.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    AzureRequest, Credential, Endless, Quirk, Refusal, Step,
    refusal::About,
    route::{Protocol, Route, Talk},
    rules,
    said::{self, Said},
};
use crate::{Turn, canary, entra::Tokens, wire::Peer};

/// How many requests are kept; a test of a day asks more often.
const KEPT: usize = 1000;

pub(super) struct Service {
    pub(super) tokens: Arc<Tokens>,
    pub(super) api_key: String,
    desk: Mutex<Desk>,
    answers: AtomicU64,
}

/// Everything that a test sets or reads.
pub(super) struct Desk {
    pub(super) script: VecDeque<Step>,
    pub(super) endless: Option<Endless>,
    pub(super) always: Option<Refusal>,
    pub(super) settings: Settings,
    pub(super) requests: VecDeque<AzureRequest>,
    pub(super) asked: usize,
    pub(super) violations: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) quirks: BTreeSet<Quirk>,
    pub(super) model: String,
    pub(super) deployments: Option<Vec<String>>,
    pub(super) audiences: Vec<String>,
    pub(super) delay: Duration,
    pub(super) read_size: Option<usize>,
}

impl Settings {
    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

impl Service {
    pub(super) fn new(tokens: Arc<Tokens>) -> Self {
        let settings = Settings {
            quirks: BTreeSet::new(),
            model: "gpt-4.1-2025-04-14".to_owned(),
            deployments: None,
            audiences: ["https://cognitiveservices.azure.com", "https://ai.azure.com"]
                .map(String::from)
                .into(),
            delay: Duration::ZERO,
            read_size: None,
        };
        let desk = Desk {
            script: VecDeque::new(),
            endless: None,
            always: None,
            settings,
            requests: VecDeque::new(),
            asked: 0,
            violations: Vec::new(),
        };
        let api_key = canary::secret("azure-key");
        Self { tokens, api_key, desk: Mutex::new(desk), answers: AtomicU64::new(1) }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the request and says what to do with it; together with its violations.
    fn decide(&self, request: &AzureRequest, route: &Route, number: u64) -> Decision {
        let mut desk = self.desk();
        let broken = violations(request, route);
        if !broken.is_empty() {
            desk.violations.extend(broken);
            return Decision::Violation;
        }
        if let Some(refusal) = desk.always.clone() {
            return Decision::Refuse(refusal);
        }
        if let Route::Nothing = route {
            return Decision::Refuse(Refusal::WrongPath);
        }
        if let Some(refusal) = self.credential(&request.credential, &desk.settings) {
            return Decision::Refuse(refusal);
        }
        let Route::Talk(talk) = route else { return Decision::Models };
        if let Some(refusal) = rules::refusal(talk, &request.body, &desk.settings) {
            return Decision::Refuse(refusal);
        }
        match desk.script.pop_front() {
            Some(Step::Refuse(refusal)) => Decision::Refuse(refusal),
            Some(Step::Turn(turn)) => Decision::Turn(turn),
            None => {
                if let Some(endless) = &desk.endless {
                    return Decision::Turn(endless.next(talk.protocol, &request.body, number));
                }
                desk.violations.push("the script has no step left".to_owned());
                Decision::Violation
            }
        }
    }

    fn credential(&self, credential: &Credential, settings: &Settings) -> Option<Refusal> {
        let now = self.tokens.now();
        match credential {
            Credential::Key(key) => (*key != self.api_key).then_some(Refusal::KeyInvalid),
            Credential::Bearer(token) => {
                let accepted = settings.audiences.iter().any(|name| self.tokens.accepts(token, name, now));
                (!accepted).then_some(Refusal::TokenRejected)
            }
            Credential::None => Some(Refusal::TokenRejected),
        }
    }

    fn keep(&self, request: AzureRequest) {
        let mut desk = self.desk();
        desk.asked += 1;
        desk.requests.push_back(request);
        if desk.requests.len() > KEPT {
            desk.requests.pop_front();
        }
    }
}

enum Decision {
    Violation,
    Refuse(Refusal),
    Turn(Turn),
    Models,
}

impl Endless {
    fn next(&self, protocol: Protocol, body: &Value, number: u64) -> Turn {
        if rules::has_result(protocol, body) || !rules::offers(body, &self.tool) {
            return Turn::text(&self.text);
        }
        Turn::call(&format!("call_{number:08x}"), &self.tool, self.arguments.clone())
    }
}

pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = service.answers.fetch_add(1, Ordering::Relaxed);
    let route = Route::of(&method, &uri);
    let mut request = AzureRequest {
        target: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        credential: credential(&headers, &route),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        headers,
        status: StatusCode::IM_A_TEAPOT.as_u16(),
    };
    let decision = service.decide(&request, &route, number);
    let settings = service.desk().settings.clone();
    tokio::time::sleep(settings.delay).await;
    let mut response = match decision {
        Decision::Violation => {
            (StatusCode::IM_A_TEAPOT, "the fake refuses: see its violations").into_response()
        }
        Decision::Refuse(refusal @ (Refusal::Dropped | Refusal::Silent)) => {
            service.keep(request);
            if refusal == Refusal::Silent {
                std::future::pending::<()>().await;
            }
            peer.cut();
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Decision::Refuse(refusal) => refusal.respond(&about(&service, &request, &route)),
        Decision::Models => models(&settings),
        Decision::Turn(turn) => speak(turn, &request, &route, &settings, number),
    };
    request.status = response.status().as_u16();
    mark(&mut response, &request.headers, number);
    service.keep(request);
    response
}

/// Turns of the conversation are spoken in its protocol; what is bytes already goes out as it is.
fn speak(turn: Turn, request: &AzureRequest, route: &Route, settings: &Settings, number: u64) -> Response {
    let key = match &request.credential {
        Credential::Key(secret) | Credential::Bearer(secret) => secret.as_str(),
        Credential::None => "",
    };
    let said = match turn {
        Turn::Text(text) => Said::Text(text),
        Turn::SayKey => Said::Text(format!("Your key is {key}, keep it.")),
        Turn::Calls(calls) => Said::Calls(calls),
        turn @ (Turn::Status { .. }
        | Turn::Raw(_)
        | Turn::Cut(_)
        | Turn::Hang(_)
        | Turn::EchoKey
        | Turn::Json(_)) => return turn.respond(&request.body, key),
    };
    let protocol = match route {
        Route::Talk(talk) => talk.protocol,
        Route::Models | Route::Nothing => Protocol::Chat,
    };
    said::respond(protocol, &said, &request.body, settings, number)
}

fn credential(headers: &HeaderMap, route: &Route) -> Credential {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let key = text(if is_claude(route) { "x-api-key" } else { "api-key" });
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    match (key, bearer) {
        (Some(key), _) => Credential::Key(key),
        (None, Some(token)) => Credential::Bearer(token),
        (None, None) => Credential::None,
    }
}

/// Claude in Foundry takes its key on Anthropic's header.
fn is_claude(route: &Route) -> bool {
    matches!(route, Route::Talk(Talk { protocol: Protocol::Messages, .. }))
}

fn violations(request: &AzureRequest, route: &Route) -> Vec<String> {
    let AzureRequest { headers, target, .. } = request;
    let mut broken = Vec::new();
    // Anthropic's own client sends a key on both of its headers to Claude in Foundry.
    let keys: &[&[&str]] = if is_claude(route) {
        &[&["api-key", "x-api-key"], &["authorization"]]
    } else {
        &[&["api-key"], &["x-api-key"], &["authorization"]]
    };
    if keys.iter().filter(|names| names.iter().any(|name| headers.contains_key(*name))).count() > 1 {
        broken.push(format!("two credentials in one request to `{target}`"));
    }
    if let Route::Talk(talk) = route {
        broken.extend(rules::violations(talk, &request.body));
        if talk.protocol == Protocol::Messages && !headers.contains_key("anthropic-version") {
            broken.push("no anthropic-version".to_owned());
        }
    }
    broken
}

fn about(service: &Service, request: &AzureRequest, route: &Route) -> About {
    let deployment = match route {
        Route::Talk(talk) => rules::deployment(talk, &request.body).to_owned(),
        Route::Models | Route::Nothing => String::new(),
    };
    let known = match &request.credential {
        Credential::Bearer(token) => service.tokens.find(token),
        Credential::Key(_) | Credential::None => None,
    };
    About { deployment, object_id: known.map(|minted| minted.holder.object_id).unwrap_or_default() }
}

fn models(settings: &Settings) -> Response {
    let model = json!({"id": settings.model, "object": "model", "status": "succeeded", "created_at": 1_744_588_800,
        "lifecycle_status": "generally-available",
        "capabilities": {"inference": true, "chat_completion": true, "completion": false, "embeddings": false}});
    axum::Json(json!({"object": "list", "data": [model]})).into_response()
}

/// What every answer carries.
fn mark(response: &mut Response, request: &HeaderMap, number: u64) {
    let id = format!("{number:08x}-0f1e-4d2c-8b3a-00155d000200");
    let ok = response.status().is_success();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("apim-request-id", &id);
    set("x-request-id", &id);
    set("x-ms-region", "West Europe");
    if let Some(own) = request.get("x-ms-client-request-id").and_then(|own| own.to_str().ok()) {
        set("x-ms-client-request-id", own);
    }
    if ok {
        set("x-ratelimit-limit-requests", "300");
        set("x-ratelimit-remaining-requests", "299");
        set("x-ratelimit-limit-tokens", "30000");
        set("x-ratelimit-remaining-tokens", "29000");
    }
}
