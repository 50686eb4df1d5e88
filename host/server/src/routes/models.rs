//! `GET /api/model`: which models a client may name.

use axum::{Json, extract};
use serde_json::{Value, json};

use crate::State;

/// `model_name` is a string that holds a JSON array: existing clients store it as text or parse it twice.
pub(super) async fn models(extract::State(state): extract::State<State>) -> Json<Value> {
    let names = state.models().names();
    Json(json!({ "model_name": json!(names).to_string(), "models": names }))
}
