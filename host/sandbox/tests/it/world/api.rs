//! An API server that behaves as badly as the namespace in the path says.

use std::{
    io::Write as _,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use holmes_identity::{Cluster, ClusterSource};
use holmes_sandbox::upstream::Backend;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::CANARY;

/// The credential that the host sends; no guest may ever see it.
pub(crate) const TOKEN: &str = "FAKE-SECRET-DO-NOT-LEAK-token";

/// A gzip file of a few hundred KiB that unpacks to 256 MiB.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&piece).expect("memory");
    }
    encoder.finish().expect("memory")
});

/// The server, until it is dropped.
pub(crate) struct Api {
    port: u16,
    seen: Arc<Seen>,
    server: AbortHandle,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    waiting: AtomicUsize,
}

impl Api {
    /// Listens on a free port of this machine.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                // Whatever a client does to its connection is the client's business.
                tokio::spawn(async move { drop(answer(stream, &seen).await) });
            }
        });
        Self { port, seen, server: server.abort_handle() }
    }

    /// The server as an upstream: a kubeconfig, read as any other.
    pub(crate) async fn backend(&self) -> Backend {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": format!("http://127.0.0.1:{}", self.port)}}],
            "users": [{"name": "fake", "user": {"token": TOKEN}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
        });
        std::fs::write(&path, kubeconfig.to_string()).expect("a file");
        let source = ClusterSource { kubeconfig: Some(path), context: None };
        Backend::Live(Arc::new(Cluster::connect(&source).await.expect("a cluster")))
    }

    /// The request lines so far, without the first, with which a client looks whether anybody is there.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(1).cloned().collect()
    }

    /// Connections on which a client waits for an answer that never comes.
    pub(crate) fn waiting(&self) -> usize {
        self.seen.waiting.load(Ordering::SeqCst)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mut stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let line = request.lines().next().unwrap_or_default().to_owned();
    seen.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    let path = line.split(' ').nth(1).unwrap_or_default();
    let namespace = path.split('/').nth(4).unwrap_or_default();
    match namespace {
        "endless" => {
            head(&mut stream, "").await?;
            let piece = vec![b'x'; 1 << 16];
            loop {
                stream.write_all(&piece).await?;
            }
        }
        "slow" => {
            head(&mut stream, "").await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        "bomb" => {
            head(&mut stream, "content-encoding: gzip\r\n").await?;
            stream.write_all(&BOMB).await
        }
        "hang" => {
            seen.waiting.fetch_add(1, Ordering::SeqCst);
            let ended = stream.read_u8().await;
            seen.waiting.fetch_sub(1, Ordering::SeqCst);
            ended.map(drop)
        }
        "redirect" => {
            let head =
                "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(head.as_bytes()).await
        }
        "echo" => {
            let echo = format!("set-cookie: {TOKEN}\r\nwww-authenticate: Bearer {TOKEN}\r\n");
            head(&mut stream, &echo).await?;
            stream.write_all(b"{}").await
        }
        _ => {
            head(&mut stream, "").await?;
            stream.write_all(body(namespace, path).as_bytes()).await
        }
    }
}

/// What a server that keeps to the protocol says.
fn body(namespace: &str, path: &str) -> String {
    match namespace {
        "garbage" => format!("k8s\0 {CANARY}"),
        "watch" => {
            let event = |kind| json!({"type": kind, "object": secret()});
            format!("{}\n{}\n", event("ADDED"), event("MODIFIED"))
        }
        "table" => json!({"kind": "Table", "rows": [{"cells": ["db"], "object": secret()}]}).to_string(),
        "secret" if path.ends_with("secrets") => {
            json!({"kind": "SecretList", "items": [secret()]}).to_string()
        }
        "secret" => secret().to_string(),
        _ => json!({"items": []}).to_string(),
    }
}

async fn head(stream: &mut TcpStream, more: &str) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await
}

/// A Secret with the canary wherever a Secret or a tool that writes one may keep a value.
fn secret() -> serde_json::Value {
    let applied = json!({"kind": "Secret", "stringData": {"password": CANARY}}).to_string();
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "db", "namespace": "secret",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
        },
        "data": {"password": STANDARD.encode(CANARY), "twice": STANDARD.encode(STANDARD.encode(CANARY))},
        "stringData": {"password": CANARY},
    })
}
