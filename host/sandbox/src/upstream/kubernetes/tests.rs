//! Tables: what resolves to what, and the rows of the attack list that are refused before dialling.

use super::*;
use proptest::prelude::*;

fn read(method: &str, path: &str, query: &[(&str, &str)]) -> Result<Resolved, Refusal> {
    let query: Vec<(String, String)> =
        query.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    resolve(&Method::from_bytes(method.as_bytes()).unwrap(), path, &query)
}

fn shown(resolved: Resolved) -> String {
    match resolved {
        Resolved::Resource(request) => request.to_string(),
        Resolved::NonResource(path) => format!("path {path}"),
    }
}

#[test]
fn a_request_is_read_as_an_api_server_reads_it() {
    for (method, path, expected) in [
        ("GET", "/api/v1/pods", "list pods"),
        ("HEAD", "/api/v1/namespaces/shop/pods", "list pods in namespace shop"),
        ("GET", "/api/v1/namespaces/shop/pods/web-1", "get pods web-1 in namespace shop"),
        ("GET", "/api/v1/namespaces/shop/pods/web-1/log", "get pods/log web-1 in namespace shop"),
        ("GET", "/api/v1/namespaces/shop", "get namespaces shop"),
        ("GET", "/api/v1/namespaces", "list namespaces"),
        ("PUT", "/api/v1/namespaces/shop/finalize", "update namespaces/finalize shop"),
        ("GET", "/api/v1/nodes/aks-1", "get nodes aks-1"),
        ("POST", "/apis/batch/v1/namespaces/shop/jobs", "create jobs.batch in namespace shop"),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/web",
            "patch deployments.apps web in namespace shop",
        ),
        (
            "PUT",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            "update deployments.apps/scale web in namespace shop",
        ),
        ("DELETE", "/api/v1/namespaces/shop/pods/web-1", "delete pods web-1 in namespace shop"),
        ("DELETE", "/api/v1/namespaces/shop/pods", "deletecollection pods in namespace shop"),
        (
            "GET",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
            "get clusterroles.rbac.authorization.k8s.io system:node",
        ),
        ("GET", "/version", "path /version"),
        ("GET", "/apis/apps", "path /apis/apps"),
        ("GET", "/api/v1", "path /api/v1"),
        ("GET", "/apis/apps/v1", "path /apis/apps/v1"),
        ("GET", "/openapi/v3/apis/apps/v1", "path /openapi/v3/apis/apps/v1"),
    ] {
        assert_eq!(read(method, path, &[]).map(shown), Ok(expected.to_owned()), "{method} {path}");
    }
}

#[test]
fn what_no_grant_can_allow_is_refused() {
    for (method, path) in [
        ("GET", "/api/v1/namespaces/shop/pods/../secrets/x"),
        ("GET", "/api/v1/namespaces/shop/pods/x?y"),
        ("GET", "/api/v1/namespaces/shop/pods/Web"),
        ("GET", "/api/v1/namespaces/shop/Secrets"),
        ("GET", "/api/v1/namespaces/Shop/pods"),
        ("GET", "/api/v1/namespaces/shop/pods/%2e%2e"),
        ("GET", "/api/v1/namespaces/shop/pods/x/log/more"),
        ("GET", "/api/v1/namespaces/shop/pods/x/exec"),
        ("POST", "/api/v1/namespaces/shop/pods/x/exec"),
        ("POST", "/api/v1/namespaces/shop/pods/x/attach"),
        ("POST", "/api/v1/namespaces/shop/pods/x/portforward"),
        ("GET", "/api/v1/namespaces/shop/pods/x/proxy"),
        ("GET", "/api/v1/namespaces/shop/services/x/proxy/metrics"),
        ("GET", "/api/v1/nodes/x/proxy/pods"),
        ("POST", "/api/v1/namespaces/shop/serviceaccounts/x/token"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("GET", "/api/v1/watch/pods"),
        ("GET", "/api/v1/watch/namespaces/shop/secrets"),
        ("GET", "/apis/apps/v1/watch/deployments"),
        ("GET", "/api/v1/proxy/nodes/x"),
        ("GET", "/"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/logs/kubelet"),
        ("GET", "/openapi/v2"),
        ("POST", "/version"),
        ("CONNECT", "/api/v1/pods"),
        ("OPTIONS", "/api/v1/pods"),
        ("GET", "/api/v1/namespaces/shop/"),
        ("GET", "/API/v1/pods"),
    ] {
        assert!(read(method, path, &[]).is_err(), "{method} {path}");
    }
}

#[test]
fn watch_is_read_once_and_in_four_spellings() {
    let path = "/api/v1/pods";
    for (query, expected) in [
        (&[("watch", "true")][..], Ok("watch pods")),
        (&[("watch", "1")], Ok("watch pods")),
        (&[("watch", "false")], Ok("list pods")),
        (&[("watch", "0"), ("limit", "5")], Ok("list pods")),
        (&[("Watch", "true")], Ok("list pods")),
        (&[("watch", "")], Err(Refusal::Watch)),
        (&[("watch", "yes")], Err(Refusal::Watch)),
        (&[("watch", "0"), ("watch", "1")], Err(Refusal::Watch)),
        (&[("watch", "0"), ("watch", "0")], Err(Refusal::Watch)),
    ] {
        assert_eq!(read("GET", path, query).map(shown), expected.map(str::to_owned), "{query:?}");
    }
}

#[test]
fn only_the_reviews_of_ones_own_rights_are_reads_by_post() {
    for (path, read_only) in [
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", true),
        ("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", true),
        ("/apis/authorization.k8s.io/v1/subjectaccessreviews", false),
        ("/apis/evil.example/v1/selfsubjectaccessreviews", false),
        ("/api/v1/namespaces/shop/pods", false),
    ] {
        let Ok(Resolved::Resource(request)) = read("POST", path, &[]) else { panic!("{path}") };
        assert_eq!(request.is_read(), read_only, "{path}");
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_a_channel_never_resolves(
        method in "(GET|POST|PUT|PATCH|DELETE|HEAD)",
        path in "/(api|apis)(/(v1|apps|namespaces|pods|exec|proxy|watch|token|serviceaccounts|x|\\PC{0,4})){0,8}",
    ) {
        if let Ok(Resolved::Resource(request)) = read(&method, &path, &[]) {
            prop_assert!(!matches!(request.subresource.as_deref(), Some("exec" | "attach" | "proxy" | "portforward")));
            prop_assert!(request.resource != "watch" && request.resource != "proxy");
            prop_assert!(!(request.resource == "serviceaccounts" && request.subresource.as_deref() == Some("token")));
        }
    }
}
