//! A server that is asked over its HTTP API while all it says on stderr is kept.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use serde_json::{Value, json};

/// Long enough for a busy machine; nothing waits for it unless something is broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. Dropping it kills it.
pub(crate) struct Served {
    child: Child,
    base: String,
    said: Arc<Mutex<String>>,
    told: Mutex<String>,
    client: reqwest::Client,
}

impl Served {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let mut server = Self { child, base: String::new(), said, told: Mutex::default(), client };
        server.hears("listening on ").await;
        let said = server.said();
        let line = said.lines().find_map(|line| line.strip_prefix("listening on ")).expect("a line");
        line.split(' ').next().expect("an address").clone_into(&mut server.base);
        server
    }

    /// Waits until it has said these words on stderr.
    pub(crate) async fn hears(&mut self, words: &str) {
        let heard = async {
            while !self.said().contains(words) {
                assert_eq!(self.child.try_wait().expect("a state"), None, "it ended: {}", self.said());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        assert!(heard.is_ok(), "`{words}` was never said: {}", self.said());
    }

    /// All it has said on stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks a model of the server; an empty name is its default.
    pub(crate) async fn chat(&self, model: &str) -> (u16, Value) {
        let controls = json!({"triage": false});
        let mut body = json!({"ask": "why does the worker crash?", "behavior_controls": controls});
        if !model.is_empty() {
            body["model"] = model.into();
        }
        let request = self.client.post(format!("{}/api/chat", self.base)).body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    /// Asks, and asserts that there is an answer of which the model's words are a part.
    pub(crate) async fn answers(&self, model: &str, words: &str) -> Value {
        let (status, body) = self.chat(model).await;
        assert_eq!(status, 200, "{body}\n{}", self.said());
        assert!(body["analysis"].as_str().is_some_and(|text| text.contains(words)), "{body}");
        body
    }

    /// What it answers at a path.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.client.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// The names of its models.
    pub(crate) async fn models(&self) -> String {
        self.get("/api/model").await.1["model_name"].as_str().expect("names").to_owned()
    }

    /// Kills it and returns all it has said on stderr and told its clients.
    pub(crate) fn end(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.said() + &told
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs futures at the same time, to the end of the last one.
pub(crate) async fn together<F: Future>(futures: impl Iterator<Item = F>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
