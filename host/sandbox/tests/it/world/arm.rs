//! A service that behaves as badly as the resource group in the path says, and an authorizer whose tokens carry
//! the canary.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::BoxFuture;
use holmes_identity::{AuthError, AuthErrorKind, Authorizer, Fixed, Readiness, Stamp};
use holmes_sandbox::upstream::{Backend, Endpoint, Kind, Recorder, Service};
use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::CANARY;

/// Signs with one token after the other, each as soon as the one before was refused.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    current: AtomicUsize,
    none: bool,
}

impl Tokens {
    /// No token can be had.
    pub(crate) fn none() -> Self {
        Self { none: true, ..Self::default() }
    }

    fn token(&self) -> String {
        format!("{CANARY}-{}", self.current.load(Ordering::SeqCst))
    }
}

impl Authorizer for Tokens {
    fn sign<'a>(&'a self, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<Stamp, AuthError>> {
        if self.none {
            let error = AuthError::new(AuthErrorKind::NoCredential, "no link of the chain has a credential");
            return Box::pin(async { Err(error) });
        }
        let fixed = Fixed::bearer(&self.token().into());
        Box::pin(async move { fixed.sign(headers).await })
    }

    fn refused(&self, _stamp: Stamp) -> bool {
        self.current.fetch_add(1, Ordering::SeqCst) == 0
    }

    fn redact(&self, text: &str) -> String {
        text.replace(CANARY, "[redacted]")
    }

    fn readiness(&self) -> Readiness {
        if self.none { Readiness::Failing } else { Readiness::Ready }
    }
}

/// The server, until it is dropped.
pub(crate) struct Arm {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    server: AbortHandle,
}

impl Arm {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
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

    /// The server as a live upstream.
    pub(crate) fn backend(&self, kind: Kind, tokens: Tokens, recorder: Option<Recorder>) -> Backend {
        let endpoint = Endpoint::at(kind, &format!("http://127.0.0.1:{}", self.port)).expect("an address");
        let service = Service::new(endpoint, Arc::new(tokens), recorder);
        Backend::Service(Arc::new(service))
    }

    /// Every request so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Arm {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    request.extend_from_slice(&body);
    let request = String::from_utf8_lossy(&request).into_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let path = request.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let (status, headers, body) = response(path.split('/').nth(4).unwrap_or_default(), &request);
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

/// Status, headers, body.
fn response(group: &str, request: &str) -> (&'static str, String, String) {
    let json = "content-type: application/json\r\n".to_owned();
    let refused =
        |code: &str| ("401 Unauthorized", json.clone(), format!(r#"{{"error":{{"code":"{code}"}}}}"#));
    match group {
        "expired" if request.contains(&format!("{CANARY}-0")) => refused("ExpiredAuthenticationToken"),
        "locked" => refused("InvalidAuthenticationToken"),
        "not-permitted" => refused("PermissionDenied"),
        "busy" => {
            let wait = "retry-after: 7\r\nx-ms-ratelimit-remaining-subscription-reads: 0\r\n";
            ("429 Too Many Requests", format!("{json}{wait}"), r#"{"error":{"code":"TooMany"}}"#.to_owned())
        }
        "redirect" => ("302 Found", "location: http://127.0.0.1:1/evil\r\n".to_owned(), String::new()),
        "echo" => {
            let headers = format!(
                "{json}x-ms-request-id: {CANARY}-0\r\nset-cookie: {CANARY}\r\nwww-authenticate: {CANARY}\r\n"
            );
            ("200 OK", headers, serde_json::json!({"echo": request}).to_string())
        }
        "secrets" => {
            let body = serde_json::json!({"properties": {"primaryKey": "PLANTED", "password": "PLANTED"}});
            ("200 OK", json, body.to_string())
        }
        "garbage" => ("200 OK", json, "<html>PLANTED</html>".to_owned()),
        "large" => ("200 OK", json, format!("[\"{}\"]", "x".repeat(17 << 20))),
        _ => ("200 OK", json, r#"{"value":[]}"#.to_owned()),
    }
}
