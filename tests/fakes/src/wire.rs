//! Connections that a fake can cut in the middle of anything, in the clear or over TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::tls::ServerIdentity;

/// A client that does not shake hands gives its place back.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// One connection, as a handler sees it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    cut: CancellationToken,
}

impl Peer {
    /// Ends the connection without another byte.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Accepts connections. Each shakes hands in a task of its own, so that a slow one keeps nobody waiting.
pub(crate) struct WireListener {
    ready: mpsc::Receiver<(Wire, Peer)>,
    stop: CancellationToken,
}

impl WireListener {
    /// Listens; `stop` ends the listener and every connection.
    pub(crate) fn new(listener: TcpListener, tls: Option<ServerIdentity>, stop: CancellationToken) -> Self {
        let (sender, ready) = mpsc::channel(64);
        let ended = stop.clone();
        tokio::spawn(async move {
            ended.clone().run_until_cancelled_owned(accept(listener, tls, ended, sender)).await;
        });
        Self { ready, stop }
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<ServerIdentity>,
    stop: CancellationToken,
    ready: mpsc::Sender<(Wire, Peer)>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Frames of an event stream are small, and a test waits for each.
        drop(stream.set_nodelay(true));
        let (tls, stop, ready) = (tls.clone(), stop.clone(), ready.clone());
        tokio::spawn(async move {
            if let Some(stream) = shake_hands(stream, tls, &stop).await {
                let cut = stop.child_token();
                let ended = Box::pin(cut.clone().cancelled_owned());
                drop(ready.send((Wire { stream, ended }, Peer { cut })).await);
            }
        });
    }
}

async fn shake_hands(
    stream: TcpStream,
    tls: Option<ServerIdentity>,
    stop: &CancellationToken,
) -> Option<Box<dyn Stream>> {
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    let shaken = stop.run_until_cancelled(timeout(HANDSHAKE, tls.acceptor.accept(stream))).await?;
    Some(Box::new(shaken.ok()?.ok()?))
}

impl Listener for WireListener {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        match self.ready.recv().await {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { cut: self.stop.clone() })
    }
}

/// Binds a port of the loopback interface; 0 means any.
#[expect(clippy::expect_used, reason = "a test without its server can only fail")]
pub(crate) async fn bind(port: u16) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port of the loopback interface");
    let address = listener.local_addr().expect("the address of a bound listener");
    (listener, address)
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that ends when it is told to.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn alive(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.ended.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the fake")),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.alive(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.alive(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
