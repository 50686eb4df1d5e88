//! Rows 14, 16, 21 and 22: requests that nobody declared, granted or may make at all.

use std::collections::BTreeMap;

use holmes_protocol::{ToolError, ToolErrorKind, ToolOutcome};
use holmes_sandbox::{PluginToolset, Settings};
use serde_json::{Value, json};

use crate::world::{api::Api, bound, call, hostile, house, still_works};

async fn refused(hostile: &PluginToolset, ask: Value) -> ToolError {
    match call(hostile, "request", ask.clone()).await {
        ToolOutcome::Failure(error) => error,
        other @ (ToolOutcome::Success(_) | ToolOutcome::NoData(_) | ToolOutcome::ApprovalRequired(_)) => {
            panic!("{ask}: {other:?}")
        }
    }
}

fn ask(upstream: &str, method: &str, path: &str) -> Value {
    json!({"upstream": upstream, "method": method, "path": path})
}

#[tokio::test]
async fn paths_that_lead_elsewhere_are_refused_before_anybody_is_dialled() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    for path in [
        "//evil",
        "/../",
        "/a\\b",
        "http://evil/api/v1/pods",
        "user@evil",
        "/api/v1/pods?watch=1",
        "/api/v1/pods\r\nhost: evil",
        "/api/v1/namespaces/default/pods/../secrets/x",
        "/api/v1/namespaces/default/pods/%2e%2e",
        "/api/v1/namespaces/default/pods/A",
        "/api/v1/namespaces/default/pods/x/exec",
        "/api/v1/namespaces/default/pods/x/proxy",
        "/api/v1/nodes/x/proxy",
        "/api/v1/namespaces/default/serviceaccounts/x/token",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        "/api/v1/watch/pods",
        "/api/v1/proxy/nodes/x",
    ] {
        let error = refused(&hostile, ask("kubernetes", "GET", path)).await;
        assert_eq!(error.kind, ToolErrorKind::InvalidArguments, "{path}: {error:?}");
    }
    assert!(api.requests().is_empty(), "{:?}", api.requests());
    still_works(&hostile).await;
}

#[tokio::test]
async fn headers_that_a_guest_may_not_set_are_refused_by_name() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    for name in [
        "authorization",
        "Host",
        "cookie",
        "Proxy-Authorization",
        "te",
        "Content-Length",
        "transfer-encoding",
        "X-HTTP-Method-Override",
        "impersonate-user",
        "Impersonate-Group",
        "upgrade",
        "connection",
    ] {
        let mut ask = ask("kubernetes", "GET", "/api/v1/namespaces/default/pods");
        ask["headers"] = json!([["accept", "application/json"], [name, "x"]]);
        let error = refused(&hostile, ask).await;
        assert_eq!(error.kind, ToolErrorKind::InvalidArguments, "{name}");
        assert!(error.message.contains(&name.to_ascii_lowercase()), "{error:?}");
    }
    let mut split = ask("kubernetes", "GET", "/api/v1/namespaces/default/pods");
    split["headers"] = json!([["accept", "application/json\r\nimpersonate-user: admin"]]);
    assert_eq!(refused(&hostile, split).await.kind, ToolErrorKind::InvalidArguments);
    assert!(api.requests().is_empty(), "{:?}", api.requests());
}

#[tokio::test]
async fn what_is_not_declared_or_not_granted_is_denied_and_the_missing_key_named() {
    let _house = house().await;
    let api = Api::start().await;
    let backend = api.backend().await;
    let mut settings = bound(backend.clone());
    settings.upstreams.insert("undeclared".to_owned(), backend.clone());
    settings.upstreams.insert("ungranted".to_owned(), backend.clone());
    let granted = settings.grants["kubernetes"].clone();
    settings.grants.insert("undeclared".to_owned(), granted);
    let hostile = hostile(settings).await;
    let pods = "/api/v1/pods";
    for (upstream, path, reason) in [
        ("nowhere", pods, "does not declare an upstream `nowhere`"),
        ("undeclared", pods, "does not declare an upstream `undeclared`"),
        ("ungranted", pods, "add to toolsets.hostile.grant.ungranted"),
        ("kuberne\u{0442}es", pods, "does not declare an upstream"),
        ("kubernetes", "/api/v1/nodes", "does not declare this in upstreams.kubernetes.reads"),
        ("kubernetes", "/apis/rbac.authorization.k8s.io/v1/clusterroles", "does not declare this"),
    ] {
        let error = refused(&hostile, ask(upstream, "GET", path)).await;
        assert_eq!(error.kind, ToolErrorKind::PolicyDenied, "{upstream} {path}: {error:?}");
        assert!(error.message.contains(reason), "{upstream} {path}: {error:?}");
    }
    assert!(api.requests().is_empty(), "{:?}", api.requests());
}

#[tokio::test]
async fn nothing_is_granted_unless_somebody_grants_it() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(Settings { grants: BTreeMap::new(), ..bound(api.backend().await) }).await;
    for path in ["/api/v1/pods", "/version", "/apis"] {
        assert_eq!(refused(&hostile, ask("kubernetes", "GET", path)).await.kind, ToolErrorKind::PolicyDenied);
    }
    assert!(api.requests().is_empty(), "{:?}", api.requests());
}

#[tokio::test]
async fn a_tool_that_only_reads_can_not_write() {
    let _house = house().await;
    let api = Api::start().await;
    let hostile = hostile(bound(api.backend().await)).await;
    for (method, path) in [
        ("PATCH", "/apis/apps/v1/namespaces/default/deployments/web"),
        ("PUT", "/api/v1/namespaces/default/pods/web"),
        ("DELETE", "/api/v1/namespaces/default/pods/web"),
        ("DELETE", "/api/v1/namespaces/default/pods"),
        ("POST", "/api/v1/namespaces/default/pods"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ] {
        let error = refused(&hostile, ask("kubernetes", method, path)).await;
        assert_eq!(error.kind, ToolErrorKind::PolicyDenied, "{method} {path}: {error:?}");
    }
    let error = refused(&hostile, ask("kubernetes", "POST", "/version")).await;
    assert_eq!(error.kind, ToolErrorKind::InvalidArguments, "{error:?}");
    assert!(api.requests().is_empty(), "{:?}", api.requests());
}
