//! The instance metadata service of a virtual machine, and the identity endpoint of App Service.
//!
//! Plain HTTP, as the real ones. Tokens come from a directory's [`Tokens`], so that data planes accept them.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    canary,
    entra::{Holder, Tokens, epoch},
    form,
    server::Server,
    wire::Peer,
};

/// How the service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImdsMood {
    /// Gives tokens; every number in the answer is a string, as in the real service.
    Tokens,
    /// Gives tokens whose `expires_on` and `expires_in` are numbers.
    NumericExpiry,
    /// Gives tokens and leaves out `resource` and `token_type`.
    NoResource,
    /// 400: no such identity on this machine.
    NoIdentity,
    /// 404, as while the service is updated.
    NotFound,
    /// 410, as during maintenance of up to 70 s.
    Gone,
    /// 429 with `Retry-After: 1`.
    Throttled,
    /// 500.
    ServerError,
    /// 403 whose body says that the network is unreachable: Docker Desktop's proxy.
    Unreachable,
    /// 200 with a page instead of JSON.
    Html,
    /// The connection ends without an answer.
    Dropped,
    /// The connection stays open without an answer.
    Silent,
}

/// A request, as it was recorded.
#[derive(Debug, Clone)]
pub struct ImdsRequest {
    /// The path.
    pub path: String,
    /// The fields of the query.
    pub query: BTreeMap<String, String>,
    /// The headers.
    pub headers: HeaderMap,
}

struct Desk {
    mood: ImdsMood,
    lifetime: Duration,
    holder: Holder,
    requests: Vec<ImdsRequest>,
}

struct Service {
    tokens: Arc<Tokens>,
    identity_header: String,
    desk: Mutex<Desk>,
}

impl Service {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running fake. Dropping it closes the port and every connection.
pub struct FakeImds {
    server: Server,
    service: Arc<Service>,
}

impl FakeImds {
    /// Starts it on a free port; it has one identity and takes its tokens from this directory.
    ///
    /// # Panics
    ///
    /// If no port of the loopback interface can be had.
    pub async fn start(tokens: Arc<Tokens>) -> Self {
        let holder = Holder {
            tenant_id: "22222222-2222-4222-8222-222222222222".to_owned(),
            client_id: "66666666-6666-4666-8666-666666666666".to_owned(),
            object_id: "77777777-7777-4777-8777-777777777777".to_owned(),
        };
        let lifetime = Duration::from_hours(24);
        let desk = Desk { mood: ImdsMood::Tokens, lifetime, holder, requests: Vec::new() };
        let identity_header = canary::secret("identity-header");
        let service = Arc::new(Service { tokens, identity_header, desk: Mutex::new(desk) });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&service));
        Self { server: Server::start(0, None, router).await, service }
    }

    /// For `AZURE_POD_IDENTITY_AUTHORITY_HOST`.
    pub fn host(&self) -> String {
        self.server.base()
    }

    /// For `IDENTITY_ENDPOINT` of App Service.
    pub fn identity_endpoint(&self) -> String {
        format!("{}/msi/token", self.server.base())
    }

    /// For `IDENTITY_HEADER`.
    pub fn identity_header(&self) -> &str {
        &self.service.identity_header
    }

    /// The one identity of this machine; a request for another client id is refused.
    pub fn client_id(&self) -> String {
        self.service.desk().holder.client_id.clone()
    }

    /// Changes the behaviour.
    pub fn set_mood(&self, mood: ImdsMood) {
        self.service.desk().mood = mood;
    }

    /// The lifetime of tokens from now on.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.service.desk().lifetime = lifetime;
    }

    /// Every request so far, probes included.
    pub fn requests(&self) -> Vec<ImdsRequest> {
        self.service.desk().requests.clone()
    }

    /// Everything that no output may contain.
    pub fn canaries(&self) -> Vec<String> {
        let mut canaries = self.service.tokens.canaries();
        canaries.push(self.service.identity_header.clone());
        canaries
    }
}

async fn answer(
    State(service): State<Arc<Service>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = form::fields(uri.query().unwrap_or_default());
    let (mood, lifetime, holder) = {
        let mut desk = service.desk();
        let (path, headers) = (uri.path().to_owned(), headers.clone());
        desk.requests.push(ImdsRequest { path, query: query.clone(), headers });
        (desk.mood, desk.lifetime, desk.holder.clone())
    };
    if mood == ImdsMood::Silent {
        return std::future::pending().await;
    }
    if mood == ImdsMood::Dropped {
        peer.cut();
    }
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if let Some(refusal) = scripted(mood) {
        return refusal;
    }
    let app_service = uri.path() == "/msi/token";
    let broken = match uri.path() {
        "/metadata/identity/oauth2/token" => metadata_rules(&headers, &query, &holder),
        "/msi/token" => app_service_rules(&headers, &query, &holder, &service.identity_header),
        _ => Some(refuse(404, "not_found", "no such path")),
    };
    if let Some(refusal) = broken {
        return refusal;
    }
    let resource = query.get("resource").map(String::as_str).unwrap_or_default();
    let minted = service.tokens.mint(&holder, resource, lifetime);
    let seconds =
        |value: u64| if mood == ImdsMood::NumericExpiry { json!(value) } else { json!(value.to_string()) };
    let mut body = json!({
        "access_token": minted.token, "client_id": holder.client_id,
        "expires_on": seconds(epoch(minted.expires_at)), "resource": resource, "token_type": "Bearer",
    });
    if let (false, Some(fields)) = (app_service, body.as_object_mut()) {
        fields.insert("refresh_token".to_owned(), "".into());
        fields.insert("expires_in".to_owned(), seconds(lifetime.as_secs()));
        fields.insert("ext_expires_in".to_owned(), seconds(lifetime.as_secs()));
        fields.insert("not_before".to_owned(), seconds(epoch(minted.minted_at)));
    }
    if let (ImdsMood::NoResource, Some(fields)) = (mood, body.as_object_mut()) {
        fields.remove("resource");
        fields.remove("token_type");
    }
    axum::Json(body).into_response()
}

/// The answer of a mood that looks at no request.
fn scripted(mood: ImdsMood) -> Option<Response> {
    Some(match mood {
        ImdsMood::NoIdentity => refuse(400, "invalid_request", "Identity not found"),
        ImdsMood::NotFound => refuse(404, "not_found", "The requested resource was not found"),
        ImdsMood::Gone => refuse(410, "gone", "The service is undergoing maintenance"),
        ImdsMood::Throttled => {
            let mut response = refuse(429, "too_many_requests", "Temporarily throttled, too many requests");
            let name = HeaderName::from_static("retry-after");
            response.headers_mut().insert(name, HeaderValue::from(1));
            response
        }
        ImdsMood::ServerError => {
            refuse(500, "unknown_error", "Failed to retrieve token from the Active directory.")
        }
        ImdsMood::Unreachable => {
            let text = "connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: dial tcp \
                        169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.";
            (StatusCode::FORBIDDEN, text).into_response()
        }
        ImdsMood::Html => {
            ([("content-type", "text/html")], "<html><body>Sign in</body></html>").into_response()
        }
        ImdsMood::Tokens
        | ImdsMood::NumericExpiry
        | ImdsMood::NoResource
        | ImdsMood::Dropped
        | ImdsMood::Silent => return None,
    })
}

fn metadata_rules(
    headers: &HeaderMap,
    query: &BTreeMap<String, String>,
    holder: &Holder,
) -> Option<Response> {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if said("metadata").is_none_or(|value| !value.eq_ignore_ascii_case("true")) {
        return Some(refuse(400, "invalid_request", "Required metadata header not specified"));
    }
    if headers.contains_key("x-forwarded-for") {
        return Some(refuse(400, "invalid_request", "Request contains the x-forwarded-for header"));
    }
    // The probe's, and the one of Azure's own libraries.
    if !query
        .get("api-version")
        .is_some_and(|version| matches!(version.as_str(), "2018-02-01" | "2019-08-01"))
    {
        return Some(refuse(400, "bad_request_102", "Required api-version is missing or not supported"));
    }
    identity_rules(query, holder)
}

fn app_service_rules(
    headers: &HeaderMap,
    query: &BTreeMap<String, String>,
    holder: &Holder,
    expected: &str,
) -> Option<Response> {
    if headers.get("x-identity-header").map(HeaderValue::as_bytes) != Some(expected.as_bytes()) {
        return Some(app_service_refusal(401, "The X-IDENTITY-HEADER is missing or wrong."));
    }
    if query.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return Some(app_service_refusal(400, "Unsupported managed identity api-version."));
    }
    if query.get("client_id").is_some_and(|asked| *asked != holder.client_id) {
        return Some(app_service_refusal(
            400,
            "No User Assigned or Delegated Managed Identity found for specified \
                                              ClientId/ResourceId/PrincipalId.",
        ));
    }
    identity_rules(query, holder)
}

fn identity_rules(query: &BTreeMap<String, String>, holder: &Holder) -> Option<Response> {
    if query.get("resource").is_none_or(String::is_empty) {
        return Some(refuse(400, "invalid_resource", "Resource is not specified"));
    }
    let other = query.get("client_id").is_some_and(|asked| *asked != holder.client_id);
    other.then(|| refuse(400, "invalid_request", "Identity not found"))
}

fn refuse(status: u16, error: &str, description: &str) -> Response {
    reply(status, json!({"error": error, "error_description": description}))
}

fn app_service_refusal(status: u16, message: &str) -> Response {
    let correlation_id = "0c0ffee0-0000-4000-8000-000000000002";
    reply(status, json!({"statusCode": status, "message": message, "correlationId": correlation_id}))
}

fn reply(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}
