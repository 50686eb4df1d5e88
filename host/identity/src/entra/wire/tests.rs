//! The real clients against a server on loopback.

use azure_core::http::{Method, Url};
use futures::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Answers one connection after another with the same bytes, and tells what it was asked.
async fn server(answer: &'static str) -> (Url, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or_default();
            request.truncate(length);
            sender.send(String::from_utf8_lossy(&request).into_owned()).ok();
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    (Url::parse(&format!("http://{address}/token")).expect("an address"), receiver)
}

#[tokio::test]
async fn a_request_arrives_and_its_answer_comes_back() {
    let answer = "HTTP/1.1 418 x\r\nretry-after: 7\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody";
    let (url, mut asked) = server(answer).await;
    let wires = Wires::system();
    for (wire, method) in [(&wires.local, Method::Get), (&wires.local, Method::Post)] {
        let mut request = Request::new(url.clone(), method);
        request.insert_header("metadata", "true");
        if method == Method::Post {
            request.set_body("a=b");
        }
        let (status, headers, mut body) =
            wire.execute_request(&request).await.expect("an answer").deconstruct();
        assert_eq!(u16::from(status), 418);
        assert_eq!(headers.get_optional_str(&HeaderName::from_static("retry-after")), Some("7"));
        assert_eq!(body.next().await.expect("a piece").expect("read").as_ref(), b"body");
        let asked = asked.recv().await.expect("asked");
        assert!(asked.starts_with(&format!("{method} /token HTTP/1.1\r\n")), "{asked}");
        assert!(asked.contains("metadata: true\r\n"), "{asked}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (elsewhere, mut misled) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer =
        format!("HTTP/1.1 307 x\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let (url, _asked) = server(answer.leak()).await;
    let wires = Wires::system();
    for wire in [&wires.entra, &wires.local] {
        let response =
            wire.execute_request(&Request::new(url.clone(), Method::Post)).await.expect("an answer");
        assert_eq!(u16::from(response.status()), 307);
    }
    misled.try_recv().expect_err("nobody came");
}

#[tokio::test]
async fn a_refused_connection_is_told_without_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let url = Url::parse(&format!("http://{address}/canary?resource=canary")).expect("an address");
    let wires = Wires::system();
    let error =
        wires.local.execute_request(&Request::new(url, Method::Get)).await.expect_err("nobody is there");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!(error.to_string().to_lowercase().contains("connect"), "{error}");
}
