//! The token endpoint: records what is asked, then answers or fails as it was told to.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Failure, TokenRequest,
    directory::{Directory, proof},
    refusal::{About, Refusal, by_code, claims_challenge, stamp},
    tokens::Tokens,
};
use crate::{form, wire::Peer};

/// How many requests are kept; a test of a day asks more often.
const KEPT: usize = 5000;

pub(super) struct Service {
    pub(super) tokens: Arc<Tokens>,
    pub(super) desk: Mutex<Desk>,
    answers: AtomicU64,
}

/// Everything that a test sets or reads.
pub(super) struct Desk {
    pub(super) directory: Directory,
    pub(super) lifetime: Duration,
    pub(super) refresh_in: Option<Duration>,
    pub(super) delay: Duration,
    pub(super) next: VecDeque<Failure>,
    pub(super) always: Option<Failure>,
    pub(super) requests: VecDeque<TokenRequest>,
    pub(super) asked: usize,
    pub(super) violations: Vec<String>,
}

impl Service {
    pub(super) fn new() -> Self {
        let desk = Desk {
            directory: Directory::default(),
            lifetime: Duration::from_secs(3599),
            refresh_in: None,
            delay: Duration::ZERO,
            next: VecDeque::new(),
            always: None,
            requests: VecDeque::new(),
            asked: 0,
            violations: Vec::new(),
        };
        Self { tokens: Arc::default(), desk: Mutex::new(desk), answers: AtomicU64::new(1) }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ids as Entra forms them, another for each answer.
    fn trace_id(&self) -> String {
        format!("{:08x}-5a0c-4e1d-9b1d-00155d000100", self.answers.fetch_add(1, Ordering::Relaxed))
    }
}

/// Everything under the authority's host.
pub(super) async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path: Vec<String> = uri.path().trim_matches('/').split('/').map(form::decode).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let now = service.tokens.now();
    let mut response = match path.as_slice() {
        [tenant, "oauth2", "v2.0", "token"] if method == Method::POST => {
            token(&service, tenant, &headers, &body, &peer).await
        }
        ["common", "discovery", "instance"] => axum::Json(instance(&headers)).into_response(),
        [tenant, "v2.0", ".well-known", "openid-configuration"]
        | [tenant, ".well-known", "openid-configuration"] => {
            axum::Json(configuration(&headers, tenant)).into_response()
        }
        [_, "discovery", "v2.0", "keys"] => axum::Json(json!({"keys": []})).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    if let Ok(date) = HeaderValue::from_str(&stamp(now, "%a, %d %b %Y %H:%M:%S GMT")) {
        response.headers_mut().insert("date", date);
    }
    response
}

async fn token(service: &Service, tenant: &str, headers: &HeaderMap, body: &[u8], peer: &Peer) -> Response {
    let form = form::fields(&String::from_utf8_lossy(body));
    let (delay, failure) = {
        let mut desk = service.desk();
        let broken = violations(headers, &form);
        desk.violations.extend(broken);
        let request = TokenRequest {
            at: service.tokens.now(),
            tenant: tenant.to_owned(),
            client_id: form.get("client_id").cloned().unwrap_or_default(),
            scope: form.get("scope").cloned().unwrap_or_default(),
            proof: proof(&form),
            form: form.clone(),
            headers: headers.clone(),
        };
        desk.asked += 1;
        desk.requests.push_back(request);
        if desk.requests.len() > KEPT {
            desk.requests.pop_front();
        }
        let failure = desk.next.pop_front().or_else(|| desk.always.clone());
        (desk.delay, failure)
    };
    tokio::time::sleep(delay).await;
    let correlation_id = headers.get("client-request-id").and_then(|id| id.to_str().ok());
    let correlation_id = correlation_id.unwrap_or("0c0ffee0-0000-4000-8000-000000000001").to_owned();
    if let Some(failure) = failure {
        return fail(service, failure, tenant, &form, &correlation_id, peer).await;
    }
    let now = service.tokens.now();
    let (judged, lifetime, refresh_in) = {
        let desk = service.desk();
        (desk.directory.judge(tenant, &form, now), desk.lifetime, desk.refresh_in)
    };
    match judged {
        Ok(holder) => {
            let scope = form.get("scope").map(String::as_str).unwrap_or_default();
            let audience = scope.strip_suffix("/.default").unwrap_or(scope);
            let minted = service.tokens.mint(&holder, audience, lifetime);
            let seconds = lifetime.as_secs().max(1);
            let refresh =
                refresh_in.map_or_else(String::new, |after| format!(r#""refresh_in":{},"#, after.as_secs()));
            let body = format!(
                r#"{{"token_type":"Bearer","expires_in":{seconds},"ext_expires_in":{seconds},{refresh}"access_token":"{}"}}"#,
                minted.token
            );
            reply(200, "application/json; charset=utf-8", &service.trace_id(), body)
        }
        Err(refusal) => refuse(service, &refusal, &correlation_id, now),
    }
}

/// What no client may do, whatever it is answered.
fn violations(headers: &HeaderMap, form: &std::collections::BTreeMap<String, String>) -> Vec<String> {
    let mut broken = Vec::new();
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        broken.push(format!("a token request of type `{kind}`"));
    }
    if form.contains_key("client_secret") && form.contains_key("client_assertion") {
        broken.push("two credentials in one token request".to_owned());
    }
    if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
        broken.push(format!("grant type {:?}", form.get("grant_type")));
    }
    let kind = form.get("client_assertion_type").map(String::as_str);
    if form.contains_key("client_assertion")
        && kind != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    {
        broken.push(format!("assertion type {kind:?}"));
    }
    broken
}

async fn fail(
    service: &Service,
    failure: Failure,
    tenant: &str,
    form: &std::collections::BTreeMap<String, String>,
    correlation_id: &str,
    peer: &Peer,
) -> Response {
    let now = service.tokens.now();
    match failure {
        Failure::Aadsts(code) => {
            let field = |name: &str| form.get(name).cloned().unwrap_or_default();
            let expected = super::Projection::default();
            let about = About {
                tenant: tenant.to_owned(),
                client_id: field("client_id"),
                scope: field("scope"),
                issuer: expected.issuer,
                subject: expected.subject,
                audience: expected.audience,
                valid: Some((now - Duration::from_hours(2), now - Duration::from_hours(1))),
            };
            refuse(service, &by_code(code, &about, now), correlation_id, now)
        }
        Failure::ClaimsChallenge => refuse(service, &claims_challenge(), correlation_id, now),
        Failure::Html503 => {
            let page = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">\r\n<html><head><title>Service \
                        unavailable</title></head>\r\n<body><h2>Our services aren't available right now</h2>\
                        </body></html>\r\n";
            reply(503, "text/html", &service.trace_id(), page.to_owned())
        }
        Failure::Throttled(after) => {
            let refusal = by_code(90055, &About::default(), now);
            let mut response = refuse(service, &refusal, correlation_id, now);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert("retry-after", HeaderValue::from(after.as_secs()));
            response
        }
        Failure::Dropped => {
            peer.cut();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Failure::Silent => std::future::pending().await,
        Failure::Answer { status, headers, body } => {
            let mut response = reply(status, "application/json; charset=utf-8", &service.trace_id(), body);
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            response
        }
    }
}

fn refuse(service: &Service, refusal: &Refusal, correlation_id: &str, now: SystemTime) -> Response {
    let trace_id = service.trace_id();
    let body = refusal.body(&trace_id, correlation_id, now);
    reply(refusal.status, "application/json; charset=utf-8", &trace_id, body)
}

fn reply(status: u16, kind: &'static str, trace_id: &str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
        ("x-ms-request-id", trace_id),
    ];
    (status, headers, body).into_response()
}

fn host(headers: &HeaderMap) -> &str {
    headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

fn instance(headers: &HeaderMap) -> serde_json::Value {
    let host = host(headers);
    json!({
        "tenant_discovery_endpoint": format!("https://{host}/common/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    })
}

fn configuration(headers: &HeaderMap, tenant: &str) -> serde_json::Value {
    let base = format!("https://{}/{tenant}", host(headers));
    json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/v2.0"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    })
}
