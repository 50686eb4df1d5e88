//! Entra as others use it, against an App Service endpoint on loopback.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, header::AUTHORIZATION};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// Answers every request with a token of its own number.
async fn app_service() -> (Config, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/msi/token", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let expires = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600;
            let body = format!(
                r#"{{"access_token":"secret-{number}","expires_on":"{expires}","resource":"r","token_type":"Bearer"}}"#
            );
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap() == 0 {
                    break;
                }
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    let config = Config {
        identity_endpoint: Some(endpoint),
        identity_header: Some("header".into()),
        ..Config::default()
    };
    (config, asked)
}

#[tokio::test]
async fn authorizers_of_one_scope_share_a_token_and_an_examination_takes_none() {
    let (config, asked) = app_service().await;
    let entra = Entra::new(config).unwrap();
    let first = entra.authorizer(Identity::default(), SCOPE);
    let second = entra.clone().authorizer(Identity::default(), SCOPE);
    for authorizer in [&first, &second] {
        let mut headers = HeaderMap::new();
        authorizer.sign(&mut headers).await.unwrap();
        assert_eq!(headers[AUTHORIZATION], "Bearer secret-1");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let seen = entra.examine(&Identity::default(), SCOPE).await;
    assert_eq!(seen.source, Some("ManagedIdentityCredential"));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "an examination asks afresh");
    assert!(!format!("{seen:?}").contains("secret-"));
    assert_eq!(first.redact("secret-1 secret-2"), "[redacted] secret-2");
    assert_eq!(entra.statistics().refreshes.len(), 1);
}

#[test]
fn the_cloud_is_what_the_environment_names() {
    let cases = [
        (None, None),
        (Some(" "), None),
        (Some("https://login.microsoftonline.com/"), Some("com")),
        (Some("https://login.microsoftonline.us/"), Some("us")),
        (Some("login.chinacloudapi.cn"), Some("cn")),
        (Some("https://login.example"), None),
    ];
    for (given, expected) in cases {
        let config = Config { authority_host: given.map(str::to_owned), ..Config::default() };
        assert_eq!(Entra::new(config).unwrap().suffix(), expected, "{given:?}");
    }
}

#[test]
fn an_environment_that_can_not_be_right_is_said_at_the_start() {
    let config = Config { token_credentials: Some("nonsense".into()), ..Config::default() };
    let error = Entra::new(config).unwrap_err();
    assert_eq!(error.kind, crate::AuthErrorKind::Configuration);
}
