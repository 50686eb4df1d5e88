//! Every row of the error table: status and body in, kind and remedy out, and an advice that can be followed.

use std::sync::Arc;

use holmes_identity::Fixed;
use secrecy::SecretString;

use super::*;
use crate::{endpoint::base, openai::address};

fn endpoint() -> Endpoint {
    let addresses = address::azure(&base("https://contoso.openai.azure.com").unwrap(), "prod", Some("v1"));
    let key = SecretString::from("canary-key");
    Endpoint {
        routes: addresses.routes(Dialect::Chat),
        model: "prod".into(),
        authorizer: Arc::new(Fixed::key(http::HeaderName::from_static("api-key"), key)),
        by_key: true,
        headers: vec![],
    }
}

fn failure(status: u16, body: &str) -> Failure {
    let status = StatusCode::from_u16(status).unwrap();
    let failure = classify(status, &HeaderMap::new(), body, &endpoint(), Dialect::Chat);
    assert!(!failure.error.message.contains("canary"), "{}", failure.error.message);
    failure
}

fn error(code: &str, message: &str) -> String {
    serde_json::json!({"error": {"code": code, "message": message}}).to_string()
}

#[test]
fn every_refusal_has_its_kind_and_an_advice() {
    let principal = "The principal `11111111-2222-3333-4444-555555555555` lacks the required data action \
        `Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action` to perform `POST`";
    for (status, body, kind, advice) in [
        (
            401,
            error("401", "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."),
            "token_rejected",
            "azure_scope",
        ),
        (401, error("PermissionDenied", principal), "role_missing", "--assignee 11111111-2222-3333-4444-555555555555"),
        (401, error("401", "Principal does not have access to API/Operation."), "role_missing", "az role assignment create"),
        (
            401,
            error("401", "Access denied due to invalid subscription key or wrong API endpoint."),
            "key_invalid",
            "check `api_key`",
        ),
        (403, error("AuthenticationTypeDisabled", "Key based authentication is disabled for this resource."), "local_auth_disabled", "AZURE_AD_TOKEN_AUTH"),
        (403, error("403", "Access denied due to Virtual Network/Firewall rules."), "network_denied", "private endpoint"),
        (403, error("403", "Public access is disabled. Please configure private endpoint."), "network_denied", "firewall"),
        (400, error("BadRequest", "Please provide a custom subdomain for token authentication"), "no_custom_domain", "--custom-domain"),
        (400, error("Tenant provided in token does not match resource token", "Token tenant x does not match resource tenant."), "wrong_tenant", "tenant_id"),
        (401, error("401", "Token tenant x does not match resource tenant."), "wrong_tenant", "tenant_id"),
        (404, error("DeploymentNotFound", "The API deployment for this resource does not exist."), "deployment_missing", "`prod`"),
        (404, error("404", "Resource not found"), "wrong_path", "/openai/v1/chat/completions"),
        (400, error("OperationNotSupported", "The chatCompletion operation does not work with the specified model."), "wrong_api", "api: responses"),
        (400, error("content_filter", "filtered"), "content_filtered", "rephrase"),
        (400, error("context_length_exceeded", "maximum"), "context_too_long", "larger one"),
        (400, serde_json::json!({"error": {"code": "unsupported_parameter", "param": "top_p", "message": "no"}}).to_string(), "unsupported_parameter", "`top_p`"),
        (400, error("invalid_encrypted_content", "x"), "stale_reasoning", "ask again"),
        (429, error("429", "Requests have exceeded the token rate limit."), "rate_limited", "limits the rate"),
        (429, error("insufficient_quota", "You exceeded your current quota"), "quota_exhausted", "raise the quota"),
        (429, r#"{"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}"#.into(), "rate_limited", "Try again in 7"),
        (503, "<html>canary-key</html>".into(), "unavailable", "503"),
        (529, error("overloaded_error", "Overloaded"), "unavailable", "529"),
        (408, String::new(), "unavailable", "no reason given"),
        (307, String::new(), "rejected", "redirects"),
        (422, error("x", "what canary-key is this"), "rejected", "[redacted]"),
    ] {
        let failure = failure(status, &body);
        assert_eq!(failure.error.kind.as_str(), kind, "{status} {body}");
        assert!(failure.error.message.contains(advice), "{advice}: {}", failure.error.message);
        assert_eq!(failure.error.status, Some(status));
    }
}

#[test]
fn a_refused_token_is_worth_a_newer_one_whatever_the_body_says() {
    let endpoint = Endpoint { by_key: false, ..endpoint() };
    for body in [error("invalid_api_key", "Invalid API key"), error("x", "no"), String::new()] {
        let status = StatusCode::UNAUTHORIZED;
        let failure = classify(status, &HeaderMap::new(), &body, &endpoint, Dialect::Chat);
        assert_eq!(failure.error.kind, LlmErrorKind::TokenRejected, "{body}");
        assert!(!failure.error.message.contains("`api_key`"), "{}", failure.error.message);
    }
    let role = error("PermissionDenied", "lacks the required data action");
    let failure = classify(StatusCode::UNAUTHORIZED, &HeaderMap::new(), &role, &endpoint, Dialect::Chat);
    assert_eq!(failure.error.kind, LlmErrorKind::RoleMissing);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    for (status, code, expected) in [
        (429, "429", true),
        (500, "x", true),
        (408, "x", true),
        (409, "x", true),
        (529, "x", true),
        (429, "insufficient_quota", false),
        (401, "PermissionDenied", false),
        (404, "DeploymentNotFound", false),
        (400, "content_filter", false),
        (400, "context_length_exceeded", false),
    ] {
        assert_eq!(failure(status, &error(code, "m")).retry != Retry::Never, expected, "{status} {code}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-should-retry", "false".parse().unwrap());
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!(classify(status, &headers, "", &endpoint(), Dialect::Chat).retry, Retry::Never);
}

#[test]
fn some_refusals_say_how_to_ask_again() {
    let parameter = serde_json::json!({"error": {"code": "unsupported_parameter", "param": "max_tokens"}});
    assert_eq!(
        failure(400, &parameter.to_string()).remedy,
        Some(Remedy::WithoutParameter("max_tokens".into()))
    );
    let tools = error(
        "invalid_request_error",
        "Function tools with reasoning_effort are not supported for x in /v1/chat/completions. Please use /v1/responses instead.",
    );
    assert_eq!(failure(400, &tools).remedy, Some(Remedy::Speak(Dialect::Responses)));
    assert_eq!(failure(400, &error("invalid_encrypted_content", "")).remedy, Some(Remedy::WithoutCarried));
    assert_eq!(failure(500, "").remedy, None);
}

#[test]
fn an_error_inside_a_stream_is_read_like_one_with_a_status() {
    let frame = |error| classify_frame(&error, &endpoint(), Dialect::Chat).error.kind.as_str();
    assert_eq!(frame(serde_json::json!({"code": "429", "message": "x"})), "rate_limited");
    assert_eq!(frame(serde_json::json!({"code": "content_filter", "message": "x"})), "content_filtered");
    assert_eq!(frame(serde_json::json!({"type": "overloaded_error", "message": "x"})), "unavailable");
    assert_eq!(frame(serde_json::json!("broken")), "unavailable");
}
