//! The fake keeps its own rules.

use std::{path::PathBuf, time::Duration};

use serde_json::Value;

use super::{ARM_AUDIENCE, ArmStep, FakeArm, LOGS_AUDIENCE};
use crate::{FakeEntra, TestAuthority};

const GROUP: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop-prod-rg";

struct World {
    arm: FakeArm,
    entra: FakeEntra,
    client: reqwest::Client,
}

impl World {
    async fn start() -> Self {
        let authority = TestAuthority::new();
        let entra = FakeEntra::start(&authority).await;
        let arm = FakeArm::start(&authority, entra.tokens()).await;
        let root = reqwest::Certificate::from_pem(authority.certificate_pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
        Self { arm, entra, client }
    }

    fn token(&self, audience: &str) -> String {
        let holder = &self.entra.application().holder;
        self.entra.tokens().mint(holder, audience, Duration::from_hours(1)).token
    }

    async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.arm.base())).bearer_auth(token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}

#[tokio::test]
async fn a_recorded_request_is_answered_with_secrets_and_another_one_is_not_found() {
    let world = World::start().await;
    let cassette =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/azure/aks-scale-out-blocked");
    world.arm.serve(&cassette);
    let token = world.token(ARM_AUDIENCE);
    let clusters =
        format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters?api-version=2026-08-01");
    let (status, body) = world.get(&clusters, &token).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["primaryKey"], world.arm.secret());
    assert!(body["quoted"].as_str().unwrap().contains(&token));
    assert_eq!(world.get(&clusters.replace("2026", "2025"), &token).await.0, 404);
    assert_eq!(world.arm.requests().iter().map(|request| request.status).collect::<Vec<_>>(), [200, 404]);
}

#[tokio::test]
async fn only_tokens_of_the_right_audience_are_let_in_and_another_one_is_a_violation() {
    let world = World::start().await;
    world.arm.play_always(Some(ArmStep::answer(serde_json::json!({"value": []}))));
    let (arm, logs) = (world.token(ARM_AUDIENCE), world.token(LOGS_AUDIENCE));
    assert_eq!(world.get(GROUP, &arm).await.0, 200);
    assert_eq!(world.get("/v1/workspaces/w/query", &logs).await.0, 200);
    assert_eq!(world.get(GROUP, "unknown").await.0, 401);
    assert_eq!(world.arm.take_violations(), Vec::<String>::new());
    assert_eq!(world.get(GROUP, &logs).await.0, 401);
    assert_eq!(world.arm.take_violations().len(), 1);
}

#[tokio::test]
async fn a_revoked_token_stays_refused() {
    let world = World::start().await;
    world.arm.play([ArmStep::Revoke, ArmStep::refuse(403, "AuthorizationFailed", "no")]);
    let token = world.token(ARM_AUDIENCE);
    for _ in 0..2 {
        let (status, body) = world.get(GROUP, &token).await;
        assert_eq!((status, &body["error"]["code"]), (401, &"ExpiredAuthenticationToken".into()));
    }
    assert_eq!(world.get(GROUP, &world.token(ARM_AUDIENCE)).await.0, 403);
}
