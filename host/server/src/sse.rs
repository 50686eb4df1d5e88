//! An investigation as a stream of server-sent events.
//!
//! The stream owns the investigation: a client that goes away drops it, which cancels the model's call and
//! the tools.

mod frames;

use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event as ServerSent, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use holmes_agent::{AgentError, Investigation};
use tokio::sync::OwnedSemaphorePermit;

use frames::Frame;
pub(crate) use frames::{TextDeltas, Translator};

/// Proxies close a connection that is silent for 30 s or 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Proxies that buffer would hold events back until the end.
const NO_BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The response that streams an investigation.
pub(crate) fn response(
    investigation: Investigation,
    translator: Translator,
    place: OwnedSemaphorePermit,
) -> Response {
    let events = frames(investigation, translator, place).map(|frame| {
        Ok::<_, Infallible>(ServerSent::default().event(frame.name).data(frame.data.to_string()))
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    ([NO_BUFFERING], Sse::new(events).keep_alive(keep_alive)).into_response()
}

/// An investigation that is being told.
struct Telling {
    investigation: Investigation,
    translator: Translator,
    /// Free for the next client when the last event was written or the client is gone.
    _place: OwnedSemaphorePermit,
}

fn frames(
    investigation: Investigation,
    translator: Translator,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Frame> + Send {
    let telling = Telling { investigation, translator, _place: place };
    stream::unfold(Some(telling), |telling| async move {
        let mut telling = telling?;
        if let Some(event) = telling.investigation.events.recv().await {
            return Some((telling.translator.event(event), Some(telling)));
        }
        let answer = (&mut telling.investigation.answer).await;
        Some((vec![Translator::end(&answer.unwrap_or(Err(AgentError::Internal)))], None))
    })
    .flat_map(stream::iter)
}
