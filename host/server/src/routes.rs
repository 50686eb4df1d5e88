//! The table of routes, readable as documentation. Everything but the two probes passes [`crate::access`].

mod chat;
mod health;
mod models;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware,
    routing::{any, get, post},
};

use crate::{State, access, error::ApiError};

/// `HolmesGPT` had these until 2025; their clients are told where to go.
const GONE: [&str; 5] = [
    "/api/investigate",
    "/api/stream/investigate",
    "/api/issue_chat",
    "/api/workload_health_check",
    "/api/workload_health_chat",
];

/// The server without a socket.
pub fn router(state: State) -> Router {
    let mut router = Router::new()
        .route("/api/chat", post(chat::chat))
        .route("/api/model", get(models::models))
        .route(access::HEALTHZ, get(health::healthz))
        .route(access::READYZ, get(health::readyz));
    for path in GONE {
        router = router.route(path, any(gone));
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(state.config().body_bytes))
        .layer(middleware::from_fn_with_state(state.clone(), access::guard))
        .with_state(state)
}

async fn gone(uri: Uri) -> ApiError {
    let text = format!("`{}` is no longer part of HolmesGPT's API; use `POST /api/chat`", uri.path());
    ApiError::new(StatusCode::GONE, text)
}

async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not found")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}
