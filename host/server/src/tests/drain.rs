use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::http::StatusCode;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use super::fakes::{Script, Turn, chat, get, json as read_json, send, state};
use crate::{Config, State, router, serve};

struct Served {
    state: State,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// With real time, because bytes on a socket do not wait for a paused clock.
async fn start(script: &Arc<Script>, drain_limit: Duration) -> Served {
    let state = state(script, Config { drain_limit, ..Config::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, state.clone(), async move { stopped.await.unwrap() }));
    Served { state, address, stop, server }
}

async fn ask(address: SocketAddr) -> TcpStream {
    let body = json!({"ask": "why?", "stream": true}).to_string();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head =
        format!("POST /api/chat HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
    connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut first = [0_u8; 12];
    connection.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    connection
}

#[tokio::test]
async fn what_is_in_flight_finishes_while_nothing_new_begins() {
    let gate = Arc::new(Notify::new());
    let script = Script::new(vec![Turn::Waits(Arc::clone(&gate), "fine")]);
    let served = start(&script, Duration::from_secs(30)).await;
    let mut connection = ask(served.address).await;
    served.stop.send(()).unwrap();
    while !served.state.is_draining() {
        tokio::task::yield_now().await;
    }
    let router = router(served.state);
    assert_eq!(send(&router, get("/readyz")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    gate.notify_one();
    let mut rest = String::new();
    connection.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("event: ai_answer_end"), "{rest}");
    served.server.await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn what_takes_too_long_is_cancelled_and_told_so() {
    let script = Script::new(vec![Turn::Hangs]);
    let served = start(&script, Duration::from_millis(20)).await;
    let mut connection = ask(served.address).await;
    served.stop.send(()).unwrap();
    let mut rest = String::new();
    connection.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("event: error") && rest.contains("interrupted"), "{rest}");
    served.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_investigation() {
    let script = Script::new(vec![Turn::Hangs]);
    let served = start(&script, Duration::from_secs(30)).await;
    let idle = Arc::strong_count(&script);
    let connection = ask(served.address).await;
    assert!(Arc::strong_count(&script) > idle);
    drop(connection);
    tokio::time::timeout(Duration::from_secs(5), async {
        while Arc::strong_count(&script) > idle {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    served.stop.send(()).unwrap();
    served.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_for_this_machine_does_not_listen_beyond_it() {
    let state = state(&Script::new(Vec::new()), Config::default());
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = serve(listener, state, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("without an API key"), "{error}");
}

#[tokio::test]
async fn a_question_to_a_draining_server_is_refused() {
    let state = state(&Script::new(Vec::new()), super::fakes::open());
    state.begin_draining();
    let (status, body) = chat(&router(state.clone()), &json!({"ask": "a"})).await;
    assert_eq!(
        (status, &body["detail"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("the server is shutting down"))
    );
    let (status, _) = read_json(send(&router(state), get("/api/model")).await).await;
    assert_eq!(status, StatusCode::OK);
}
