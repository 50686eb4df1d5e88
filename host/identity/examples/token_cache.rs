//! What the token cache costs: requests for 10,000 callers that start together, and one cached hit.
//!
//! `cargo run --release -p holmes-identity --example token_cache` prints both; tokens come from an App Service
//! endpoint on loopback. Shared machines are noisy: compare ratios, not nanoseconds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark is a program for developers"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use holmes_identity::{
    Authorizer,
    entra::{Config, Entra, Identity},
};
use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const CALLERS: usize = 10_000;
/// Hits that are timed together, so that the timer does not count.
const BATCH: u32 = 100;
const BATCHES: usize = 10_000;
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// Entra's tokens have one to two kilobytes.
const TOKEN_LENGTH: usize = 1_500;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (config, requests) = app_service(Duration::from_millis(50)).await;
    let entra = Entra::new(config).unwrap();
    let authorizer = entra.authorizer(Identity::default(), SCOPE);

    let started = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let authorizer = Arc::clone(&authorizer);
            tokio::spawn(async move { authorizer.sign(&mut HeaderMap::new()).await.map(drop) })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let took = started.elapsed().as_millis();
    println!("{CALLERS} callers at once: {} request(s), {took} ms", requests.load(Ordering::SeqCst));

    let alone = hits(Arc::clone(&authorizer)).await;
    report("cached hit, one caller", alone);
    let (left, right) = tokio::join!(
        tokio::spawn(hits(Arc::clone(&authorizer))),
        tokio::spawn(hits(Arc::clone(&authorizer)))
    );
    report(
        "cached hit, two callers on two threads",
        left.unwrap().into_iter().chain(right.unwrap()).collect(),
    );
    let other = entra.authorizer(Identity::default(), "https://management.azure.com/.default");
    other.sign(&mut HeaderMap::new()).await.unwrap();
    let (left, right) = tokio::join!(tokio::spawn(hits(authorizer)), tokio::spawn(hits(other)));
    report("the same, each with its own scope", left.unwrap().into_iter().chain(right.unwrap()).collect());
    println!("requests in all: {}", requests.load(Ordering::SeqCst));
}

/// Nanoseconds of a hit, by batch.
async fn hits(authorizer: Arc<dyn Authorizer>) -> Vec<u128> {
    let mut headers = HeaderMap::new();
    let mut times = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let started = Instant::now();
        for _ in 0..BATCH {
            authorizer.sign(&mut headers).await.unwrap();
        }
        times.push(started.elapsed().as_nanos() / u128::from(BATCH));
    }
    times
}

fn report(what: &str, mut times: Vec<u128>) {
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!("{what:<40} p50 {:>5} ns   p99 {:>5} ns", at(50), at(99));
}

/// An endpoint that takes its time, and how often it was asked.
async fn app_service(takes: Duration) -> (Config, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/msi/token", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&requests);
    let body = format!(
        r#"{{"access_token":"{}","expires_on":"4000000000","resource":"r","token_type":"Bearer"}}"#,
        "x".repeat(TOKEN_LENGTH)
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
            tokio::time::sleep(takes).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let config = Config {
        identity_endpoint: Some(endpoint),
        identity_header: Some("header".into()),
        ..Config::default()
    };
    (config, requests)
}
