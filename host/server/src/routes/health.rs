//! The two probes. Neither calls a provider, and neither says more than a stranger may know.

use axum::{Json, extract, http::StatusCode};
use serde_json::{Value, json};

use crate::State;

/// The process runs.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "healthy" }))
}

/// A question would be answered now.
pub(super) async fn readyz(extract::State(state): extract::State<State>) -> (StatusCode, Json<Value>) {
    let reasons = state.obstacles();
    if reasons.is_empty() {
        return (StatusCode::OK, Json(json!({ "status": "ready", "models": state.models().usable() })));
    }
    let detail = reasons.join("; ");
    let body = json!({ "status": "not ready", "reasons": reasons, "detail": detail });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}
