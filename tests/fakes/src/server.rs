//! A router on a port, until it is dropped: then the port is closed and every connection is cut.

use std::net::SocketAddr;

use axum::Router;
use tokio_util::sync::CancellationToken;

use crate::{
    tls::ServerIdentity,
    wire::{Peer, WireListener, bind},
};

/// A running server.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    stop: CancellationToken,
}

impl Server {
    /// Starts it. Port 0 means any; with an identity it speaks TLS.
    pub(crate) async fn start(port: u16, tls: Option<ServerIdentity>, router: Router) -> Self {
        let (listener, address) = bind(port).await;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let stop = CancellationToken::new();
        let listener = WireListener::new(listener, tls, stop.clone());
        let service = router.into_make_service_with_connect_info::<Peer>();
        let ended = stop.clone();
        tokio::spawn(async move {
            ended.run_until_cancelled_owned(async move { axum::serve(listener, service).await }).await
        });
        Self { address, scheme, stop }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Scheme, address, port; no slash at the end.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
