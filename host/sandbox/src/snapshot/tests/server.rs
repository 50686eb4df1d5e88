//! An API server that answers as the test says: HTTP/1.1, one request a connection.

use std::sync::Arc;

use holmes_identity::{Cluster, ClusterSource};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: &'static str,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: "", body: body.to_string() }
    }

    pub(super) fn status(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"kind": "Status", "message": message, "code": status}))
    }

    /// The connection stays open, and nothing comes.
    pub(super) fn never() -> Self {
        Self { status: 0, headers: "", body: String::new() }
    }
}

pub(super) struct Server {
    address: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer)));
            }
        });
        Self { address, task }
    }

    pub(super) async fn cluster(&self) -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": format!("http://{}", self.address)}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {}}]});
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        let source = ClusterSource { kubeconfig: Some(kubeconfig), context: None };
        Cluster::connect(&source).await.unwrap()
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<impl Fn(&str) -> Reply>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let Reply { status, headers, body } = answer(target);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    // A client that has read enough hangs up.
    let _ = stream.write_all(text.as_bytes()).await;
}
