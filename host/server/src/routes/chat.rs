//! `POST /api/chat`: a question, answered as one JSON document or as a stream of events.
//!
//! Everything that can be refused is refused before an investigation or a stream begins.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{self, FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use holmes_agent::AgentError;

use crate::{
    State,
    error::ApiError,
    request::Chat,
    response,
    sse::{self, TextDeltas, Translator},
};

/// A body that is not here by then holds memory for nothing.
const BODY_LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn chat(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, ApiError> {
    let body = body(request, &state).await?;
    let chat = Chat::parse(&body)?;
    drop(body);
    let streams = chat.streams();
    let text_deltas = if chat.wants_text_deltas() { TextDeltas::Shown } else { TextDeltas::Hidden };
    let model = state.models().choose(chat.model.as_deref())?;
    let question = chat.question()?;
    let place = state.place()?;
    tracing::info!(model = model.name(), streams, "investigation begins");
    let window = model.window();
    let cancellation = state.cancellation().clone();
    let investigation =
        state.agent().investigate(Arc::clone(&model), question, state.redactor(), cancellation);
    if streams {
        return Ok(sse::response(investigation, Translator::new(text_deltas, window), place));
    }
    // A client that goes away drops this future, and the investigation with it.
    let answer = investigation.answer.await.unwrap_or(Err(AgentError::Internal));
    drop(place);
    match answer {
        Ok(answer) => Ok(Json(response::whole(&answer)).into_response()),
        Err(error) => Err(ApiError::from(&error)),
    }
}

async fn body(request: Request, state: &State) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(BODY_LIMIT, Bytes::from_request(request, state));
    match read.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let megabytes = state.config().body_bytes.div_ceil(1024 * 1024);
            let text = format!("the body is larger than {megabytes} MiB");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Ok(Err(_)) => Err(ApiError::bad_request("the body could not be read")),
        Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}
