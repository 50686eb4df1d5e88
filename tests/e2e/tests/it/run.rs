//! `run`: the server as a client meets it, from the first line on stderr to SIGTERM.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::world::{CANARY, World, cluster};

/// Long enough for a busy machine; nothing here waits for it unless something is broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that was started, and is killed when the test is over.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    /// An empty name is no recording, and no cluster either.
    fn start(world: &World, recording: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = world.command(["run", "--port", "0"]);
        if !recording.is_empty() {
            command.arg("--snapshot").arg(cluster(recording));
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut seen = Vec::new();
        let base = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {seen:?}")).expect("text");
            if let Some(rest) = line.strip_prefix("listening on ") {
                break rest.split(' ').next().expect("an address").to_owned();
            }
            seen.push(line);
        };
        // The rest is read, so that the server never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = client().get(format!("{}{path}", self.base)).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn chat(&self, body: Value) -> (u16, Value) {
        let response = client()
            .post(format!("{}/api/chat", self.base))
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        assert!(!text.contains(CANARY), "{text}");
        (status, serde_json::from_str(&text).expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client")
}

#[tokio::test]
async fn a_client_of_holmesgpt_gets_an_answer_and_can_go_on() {
    let world = World::new();
    let server = Server::start(&world, "oom-crashloop", |_| {});
    assert_eq!(server.get("/healthz").await, (200, json!({"status": "healthy"})));
    assert_eq!(server.get("/readyz").await.0, 200);
    let models = server.get("/api/model").await.1;
    assert_eq!(models["model_name"], r#"["builtin/triage"]"#);

    let (status, answer) = server.chat(json!({"ask": "what pods are failing?"})).await;
    assert_eq!(status, 200);
    assert!(answer["analysis"].as_str().expect("text").contains("OOMKilled"), "{answer}");
    assert_eq!(answer["tool_calls"][0]["result"]["schema_version"], "robusta:v1.0.0");
    assert_eq!(answer["conversation_history"][0]["role"], "system");
    let next = json!({"ask": "and now?", "conversation_history": answer["conversation_history"]});
    assert_eq!(server.chat(next).await.0, 200);
}

#[tokio::test]
async fn events_come_in_the_order_that_holmesgpt_documents() {
    let world = World::new();
    let server = Server::start(&world, "oom-crashloop", |_| {});
    let body = json!({"ask": "what pods are failing?", "stream": true}).to_string();
    let response =
        client().post(format!("{}/api/chat", server.base)).body(body).send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.expect("a stream that ends");
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    names.dedup();
    assert_eq!(names.first(), Some(&"start_tool_calling"), "{names:?}");
    assert_eq!(names.get(1), Some(&"tool_calling_result"), "{names:?}");
    assert!(names.contains(&"text_delta"), "{names:?}");
    assert_eq!(names.last(), Some(&"ai_answer_end"), "{names:?}");
}

#[tokio::test]
async fn what_a_client_gets_wrong_is_said_in_a_sentence() {
    let world = World::new();
    let server = Server::start(&world, "healthy-steady-state", |_| {});
    let (status, error) = server.chat(json!({"ask": "x", "model": "nobody"})).await;
    assert_eq!(status, 400);
    assert!(error["detail"].as_str().expect("text").contains("builtin/triage"), "{error}");
    assert_eq!(server.chat(json!({"question": "x"})).await.0, 422);
    assert_eq!(server.get("/nowhere").await.0, 404);
}

#[tokio::test]
async fn a_key_is_asked_for_and_web_pages_are_kept_out() {
    let world = World::new();
    let keyed = Server::start(&world, "healthy-steady-state", |command| {
        command.env("HOLMES_API_KEY", "a-key-of-the-test");
    });
    assert_eq!(keyed.get("/api/model").await.0, 401);
    assert_eq!(keyed.get("/healthz").await.0, 200);
    let with_key = client().get(format!("{}/api/model", keyed.base)).header("x-api-key", "a-key-of-the-test");
    assert_eq!(with_key.send().await.expect("an answer").status(), 200);

    let open = Server::start(&world, "healthy-steady-state", |_| {});
    let foreign = client().get(format!("{}/api/model", open.base)).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.expect("an answer").status(), 403);
}

#[test]
fn sigterm_ends_it_with_code_0() {
    let world = World::new();
    let mut server = Server::start(&world, "healthy-steady-state", |_| {});
    let killed = Command::new("kill").arg(server.child.id().to_string()).status().expect("kill starts");
    assert!(killed.success());
    assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
}

#[tokio::test]
async fn without_a_cluster_it_serves_and_says_what_is_missing() {
    let world = World::new();
    let server = Server::start(&world, "", |_| {});
    assert_eq!(server.get("/healthz").await.0, 200);
    let (status, answer) = server.chat(json!({"ask": "what pods are failing?"})).await;
    assert_eq!(status, 200);
    assert!(answer["analysis"].as_str().expect("text").contains("triage"), "{answer}");
}

#[test]
fn a_port_in_use_and_an_open_door_are_refused() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let snapshot = cluster("healthy-steady-state").display().to_string();
    world.run(["run", "--port", &port, "--snapshot", &snapshot]).refused(2, &["can not listen", "--port"]);
    world
        .run(["run", "--host", "0.0.0.0", "--port", "0", "--snapshot", &snapshot])
        .refused(2, &["HOLMES_API_KEY", "127.0.0.1"]);
}

#[test]
fn beyond_loopback_nothing_is_granted_by_itself() {
    let world = World::new();
    let mut command = world.command(["run", "--host", "0.0.0.0", "--port", "0", "--snapshot"]);
    command.arg(cluster("healthy-steady-state")).env("HOLMES_API_KEY", "a-key-of-the-test");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut seen = Vec::new();
    for line in lines.map_while(Result::ok) {
        let listening = line.starts_with("listening on ");
        seen.push(line);
        if listening {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    let seen = seen.join("\n");
    assert!(seen.contains("toolsets.kubernetes.digest: sha256:"), "{seen}");
}
