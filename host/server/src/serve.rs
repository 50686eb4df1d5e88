//! Listens until the caller says so, then lets what is in flight finish, but not for ever.

use std::{future::IntoFuture, io, pin::pin, time::Duration};

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::{State, access, router};

/// What cancelled investigations get to say so to their clients.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until `shutdown` resolves. Then nothing new is accepted, investigations in flight have the drain
/// limit to finish, and what is left is cancelled.
///
/// # Errors
/// When the listener fails, or everybody on the network could use it although nobody decided so.
pub async fn serve(
    listener: TcpListener,
    state: State,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    access::check_listener(listener.local_addr()?, &state.config().access).map_err(io::Error::other)?;
    let draining = state.clone();
    let (began, drain) = tokio::sync::oneshot::channel();
    let signal = async move {
        shutdown.await;
        draining.begin_draining();
        tracing::info!("shutting down: no new requests");
        // The receiver lives as long as the server.
        let _ = began.send(());
    };
    // Events are small and have to arrive at once.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let server = axum::serve(listener, router(state.clone())).with_graceful_shutdown(signal);
    let mut server = pin!(server.into_future());
    tokio::select! {
        result = &mut server => return result,
        () = limit(drain, state.config().drain_limit) => {}
    }
    tracing::warn!("the drain limit is over: cancelling what is left");
    state.cancellation().cancel();
    // A client that does not read its answer does not keep the process.
    tokio::time::timeout(LAST_WORDS, server).await.unwrap_or(Ok(()))
}

/// Resolves when draining has begun and its time is over.
async fn limit(drain: tokio::sync::oneshot::Receiver<()>, limit: Duration) {
    if drain.await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(limit).await;
}
