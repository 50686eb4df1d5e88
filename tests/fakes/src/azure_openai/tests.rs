use serde_json::json;

use super::*;
use crate::entra::{Holder, Minted};

mod conversations;
mod refusals;

const AUDIENCE: &str = "https://cognitiveservices.azure.com";
const CHAT: &str = "/openai/deployments/chat-prod/chat/completions?api-version=2024-10-21";

/// The service over TLS, and a client that trusts it.
struct Setup {
    http: reqwest::Client,
    azure: FakeAzureOpenAi,
    tokens: Arc<Tokens>,
}

async fn setup() -> Setup {
    let (authority, tokens) = (TestAuthority::new(), Arc::new(Tokens::default()));
    let azure = FakeAzureOpenAi::start(&authority, Arc::clone(&tokens)).await;
    let certificate = reqwest::Certificate::from_pem(authority.certificate_pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([certificate]).no_proxy().build().unwrap();
    Setup { http, azure, tokens }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Setup {
    fn mint(&self, audience: &str) -> Minted {
        let id = |name: &str| name.to_owned();
        let holder = Holder { tenant_id: id("t"), client_id: id("c"), object_id: id("principal-1") };
        self.tokens.mint(&holder, audience, Duration::from_mins(10))
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> reqwest::Result<Answer> {
        let request = self.http.post(format!("{}{path}", self.azure.base()));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.json(body).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// With the key.
    async fn ask(&self, path: &str, body: &Value) -> Answer {
        let key = if path.contains("/anthropic/") { "x-api-key" } else { "api-key" };
        let headers = [(key, self.azure.api_key()), ("anthropic-version", "2023-06-01")];
        self.send(path, &headers, body).await.unwrap()
    }
}

fn question() -> Value {
    json!({"model": "chat-prod", "messages": [{"role": "user", "content": "Why?"}]})
}

#[tokio::test]
async fn a_key_or_a_token_is_enough_and_both_are_a_violation() {
    let setup = setup().await;
    setup.azure.play([Turn::text("one"), Turn::text("two")]);
    assert_eq!(setup.ask(CHAT, &question()).await.json()["choices"][0]["message"]["content"], "one");
    let bearer = format!("Bearer {}", setup.mint(AUDIENCE).token);
    let by_token = setup.send(CHAT, &[("authorization", &bearer)], &question()).await.unwrap();
    assert_eq!(by_token.status, 200);
    let both = [("authorization", bearer.as_str()), ("api-key", setup.azure.api_key())];
    assert_eq!(setup.send(CHAT, &both, &question()).await.unwrap().status, 418);
    assert!(setup.azure.take_violations()[0].contains("two credentials"));
    let kinds: Vec<bool> = setup
        .azure
        .requests()
        .iter()
        .map(|request| matches!(request.credential, Credential::Key(_)))
        .collect();
    assert_eq!(kinds, [true, false, true]);
}

#[tokio::test]
async fn tokens_of_other_audiences_expired_or_revoked_are_rejected() {
    let setup = setup().await;
    let good = setup.mint(AUDIENCE);
    let revoked = setup.mint("https://ai.azure.com");
    setup.tokens.revoke(&revoked.token);
    for token in [&setup.mint("https://management.azure.com").token, &revoked.token, "unknown"] {
        let bearer = format!("Bearer {token}");
        let answer = setup.send(CHAT, &[("authorization", &bearer)], &question()).await.unwrap();
        assert_eq!((answer.status, &answer.json()["statusCode"]), (401, &json!(401)));
    }
    setup.tokens.shift_clock(601);
    let bearer = format!("Bearer {}", good.token);
    assert_eq!(setup.send(CHAT, &[("authorization", &bearer)], &question()).await.unwrap().status, 401);
    let answer = setup.send(CHAT, &[("api-key", "wrong")], &question()).await.unwrap();
    assert!(answer.text.contains("invalid subscription key or wrong API endpoint"));
    assert_eq!(setup.send(CHAT, &[], &question()).await.unwrap().status, 401);
}

#[tokio::test]
async fn the_paths_of_the_service_are_known_and_others_are_not() {
    let setup = setup().await;
    setup.azure.play((0..5).map(|_| Turn::text("here")));
    let input = json!({"model": "chat-prod", "input": "Why?", "max_tokens": 9,
        "messages": [{"role": "user", "content": "Why?"}]});
    let paths = [
        CHAT,
        "/openai/v1/chat/completions",
        "/openai/responses?api-version=2025-04-01-preview",
        "/openai/v1/responses",
        "/anthropic/v1/messages",
    ];
    for path in paths {
        let answer = setup.ask(path, &input).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(answer.headers.contains_key("apim-request-id") && answer.headers.contains_key("x-ms-region"));
    }
    for path in
        ["/chat/completions", "/openai/deployments/chat-prod/chat/completions", "/openai/v1/openai/v1/models"]
    {
        assert_eq!(setup.ask(path, &input).await.json()["error"]["message"], "Resource not found", "{path}");
    }
    for path in ["/openai/models?api-version=2024-10-21", "/openai/v1/models"] {
        let request = setup.http.get(format!("{}{path}", setup.azure.base()));
        let answer = request.header("api-key", setup.azure.api_key()).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["object"], "list");
    }
}

#[tokio::test]
async fn broken_conversations_are_violations() {
    let setup = setup().await;
    let call = json!({"type": "function_call", "call_id": "c1", "name": "t", "arguments": "{}"});
    let cases = [
        (CHAT, json!({"messages": []}), "no messages"),
        (
            "/openai/v1/chat/completions",
            json!({"messages": [{"role": "user", "content": "a"}]}),
            "deployment",
        ),
        ("/openai/v1/responses", json!({"model": "m", "input": [call]}), "was not answered"),
        (
            "/openai/v1/responses",
            json!({"model": "m", "input": [{"type": "function_call_output", "call_id": "c2", "output": ""}]}),
            "no open call",
        ),
        (
            "/anthropic/v1/messages",
            json!({"model": "m", "max_tokens": 1, "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "id": "u1", "name": "t", "input": {}}]},
                {"role": "user", "content": [{"type": "text", "text": "and?"}]}]}),
            "`u1` was not answered",
        ),
        (CHAT, question(), "no step left"),
    ];
    for (path, body, expected) in cases {
        assert_eq!(setup.ask(path, &body).await.status, 418, "{expected}");
        let violations = setup.azure.take_violations();
        assert!(violations.iter().any(|broken| broken.contains(expected)), "{expected}: {violations:?}");
    }
}
