//! Every class of refusal, and what brings the model's own ones about.

use super::*;

#[tokio::test]
async fn every_refusal_has_its_status_and_its_words() {
    let cases = [
        (Refusal::TokenRejected, 401, "audience is incorrect"),
        (Refusal::RoleMissing, 401, "lacks the required data action"),
        (Refusal::RoleMissingShort, 401, "does not have access to API/Operation"),
        (Refusal::KeyInvalid, 401, "invalid subscription key or wrong API endpoint"),
        (Refusal::LocalAuthDisabled, 403, "AuthenticationTypeDisabled"),
        (Refusal::NetworkDenied, 403, "Virtual Network/Firewall rules"),
        (Refusal::PublicAccessDisabled, 403, "Public access is disabled"),
        (Refusal::NoCustomDomain, 400, "custom subdomain for token authentication"),
        (Refusal::WrongTenant, 400, "does not match resource tenant"),
        (Refusal::DeploymentMissing, 404, "DeploymentNotFound"),
        (Refusal::WrongPath, 404, "Resource not found"),
        (Refusal::OperationNotSupported, 400, "OperationNotSupported"),
        (Refusal::ToolsNeedResponses, 400, "use /v1/responses"),
        (Refusal::ContentFiltered, 400, "innererror"),
        (Refusal::ContentFilteredUnderscored, 400, "inner_error"),
        (Refusal::ContextTooLong, 400, "context_length_exceeded"),
        (Refusal::UnsupportedParameter("max_tokens"), 400, "max_completion_tokens"),
        (Refusal::UnsupportedWithoutCode("top_p"), 400, "\"code\":null"),
        (Refusal::UnsupportedValue("temperature"), 400, "unsupported_value"),
        (Refusal::UnrecognizedArgument("stream_options"), 400, "Unrecognized request argument"),
        (Refusal::VersionTooOld, 400, "2025-03-01-preview and later"),
        (Refusal::StaleReasoning, 400, "invalid_encrypted_content"),
        (Refusal::RateLimited(Hint::Nowhere), 429, "token rate limit"),
        (Refusal::GatewayThrottled(3), 429, "\"statusCode\":429"),
        (Refusal::NoCapacity, 429, "NoCapacity"),
        (Refusal::QuotaExhausted, 429, "insufficient_quota"),
        (Refusal::Timeout, 408, "Timeout"),
        (Refusal::Conflict, 409, "Conflict"),
        (Refusal::ServerError, 500, "server_error"),
        (Refusal::BadGateway, 502, "<html>"),
        (Refusal::Unavailable, 503, "service_unavailable"),
    ];
    let setup = setup().await;
    for (refusal, status, words) in cases {
        setup.azure.play([refusal.clone()]);
        let answer = setup.ask(CHAT, &question()).await;
        assert_eq!(answer.status, status, "{refusal:?}");
        assert!(answer.text.contains(words), "{refusal:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_missing_role_names_the_principal_of_the_token() {
    let setup = setup().await;
    setup.azure.refuse_always(Some(Refusal::RoleMissing));
    let bearer = format!("Bearer {}", setup.mint(AUDIENCE).token);
    let answer = setup.send(CHAT, &[("authorization", &bearer)], &question()).await.unwrap();
    assert!(answer.text.contains("`principal-1`"), "{}", answer.text);
    setup.azure.refuse_always(None);
    setup.azure.play([Turn::text("fine")]);
    assert_eq!(setup.send(CHAT, &[("authorization", &bearer)], &question()).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_throttled_client_is_told_in_the_chosen_place() {
    let setup = setup().await;
    let hints = [Hint::Milliseconds(1500), Hint::Seconds(4), Hint::Text(6), Hint::Nowhere];
    setup.azure.play(hints.map(Refusal::RateLimited));
    let mut seen = Vec::new();
    for _ in hints {
        let answer = setup.ask(CHAT, &question()).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        seen.push((
            header("retry-after-ms"),
            header("retry-after"),
            answer.text.contains("Please retry after"),
        ));
    }
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(
        seen,
        [(text("1500"), text("2"), true), (None, text("4"), true), (None, None, true), (None, None, false)]
    );
}

#[tokio::test]
async fn the_model_refuses_what_it_does_not_know() {
    let setup = setup().await;
    let with = |name: &str, value: Value| {
        let mut body = question();
        body["input"] = body["messages"].clone();
        body[name] = value;
        body
    };
    let (responses, old) = ("/openai/v1/responses", CHAT.replace("2024-10-21", "2023-07-01-preview"));
    let early = "/openai/responses?api-version=2024-10-21";
    let tools = with("tools", json!([{"type": "function", "function": {"name": "t"}}]));
    let usage = json!({"include_usage": true});
    let cases = [
        (Quirk::ReasoningModel, CHAT, with("max_tokens", json!(9)), "unsupported_parameter"),
        (Quirk::ReasoningModel, CHAT, with("temperature", json!(0)), "unsupported_value"),
        (Quirk::ReasoningModel, responses, with("temperature", json!(1)), "'temperature' is not supported"),
        (Quirk::ToolsNeedResponses, CHAT, tools, "use /v1/responses"),
        (Quirk::NoChat, CHAT, question(), "OperationNotSupported"),
        (Quirk::NoResponses, responses, with("store", json!(false)), "OperationNotSupported"),
        (Quirk::NoFilter, &old, with("stream_options", usage), "stream_options"),
        (Quirk::NoFilter, early, with("store", json!(false)), "2025-03-01-preview and later"),
    ];
    for (quirk, path, body, words) in cases {
        setup.azure.set_quirks([quirk]);
        let answer = setup.ask(path, &body).await;
        assert_eq!(answer.status, 400, "{quirk:?}: {}", answer.text);
        assert!(answer.text.contains(words), "{quirk:?}: {}", answer.text);
    }
    setup.azure.set_quirks([Quirk::ReasoningModel, Quirk::ToolsNeedResponses]);
    setup.azure.play([Turn::text("fine")]);
    assert_eq!(setup.ask(CHAT, &with("max_completion_tokens", json!(9))).await.status, 200);
    setup.azure.set_deployments(&["other"]);
    assert_eq!(setup.ask(CHAT, &question()).await.json()["error"]["code"], "DeploymentNotFound");
}

#[tokio::test]
async fn connections_break_or_stay_silent_when_told_to() {
    let setup = setup().await;
    setup.azure.play([Refusal::Dropped]);
    let headers = [("api-key", setup.azure.api_key())];
    assert!(setup.send(CHAT, &headers, &question()).await.is_err());
    setup.azure.play([Refusal::Silent]);
    let arrived = async {
        while setup.azure.asked() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let body = question();
    tokio::select! {
        answer = setup.send(CHAT, &headers, &body) => panic!("answered {:?}", answer.map(|answer| answer.status)),
        () = arrived => {}
    }
    setup.azure.play([Refusal::ClaimsChallenge]);
    let answer = setup.ask(CHAT, &question()).await;
    assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("insufficient_claims"));
    assert_eq!(setup.azure.asked(), 3);
}
