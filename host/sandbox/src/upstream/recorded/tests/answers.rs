//! Lists, pages, selectors, logs and statuses.

use super::*;

#[test]
fn lists_are_in_etcds_order_and_selected_by_namespace_label_and_field() {
    let (_folder, recording) = shop();
    for (path, expected) in [
        ("/api/v1/pods", &["shop-b/api", "shop/idle", "shop/pair", "shop/web"][..]),
        ("/api/v1/namespaces/shop/pods", &["shop/idle", "shop/pair", "shop/web"]),
        ("/api/v1/namespaces/none/pods", &[]),
        ("/api/v1/pods?labelSelector=app in (web,api)", &["shop-b/api", "shop/web"]),
        ("/api/v1/pods?fieldSelector=spec.nodeName=n1", &["shop/pair", "shop/web"]),
        ("/api/v1/pods?fieldSelector=spec.nodeName!=n1,metadata.namespace=shop", &["shop/idle"]),
        ("/api/v1/pods?fieldSelector=metadata.name==web&labelSelector=!none", &["shop/web"]),
        ("/api/v1/namespaces?fieldSelector=metadata.name=shop", &["shop"]),
        ("/apis/apps/v1/deployments", &[]),
    ] {
        assert_eq!(names(&ask(&recording, path)), expected, "{path}");
    }
    let list = parsed(&ask(&recording, "/apis/apps/v1/deployments"));
    assert_eq!(
        (list["kind"].as_str(), list["apiVersion"].as_str()),
        (Some("DeploymentList"), Some("apps/v1"))
    );
}

#[test]
fn pages_follow_each_other_and_count_what_remains() {
    let (_folder, recording) = shop();
    let first = parsed(&ask(&recording, "/api/v1/pods?limit=3"));
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = ask(&recording, &format!("/api/v1/pods?limit=3&continue={token}"));
    assert_eq!(names(&second), ["shop/web"]);
    assert_eq!(parsed(&second)["metadata"].get("continue"), None);
    let selected = parsed(&ask(&recording, "/api/v1/pods?limit=1&labelSelector=app"));
    assert_eq!(selected["metadata"].get("remainingItemCount"), None);
    assert!(selected["metadata"]["continue"].is_string());
}

#[test]
fn an_object_is_served_byte_by_byte_and_an_absent_one_is_named() {
    let (_folder, recording) = shop();
    assert_eq!(parsed(&ask(&recording, "/api/v1/namespaces/shop/pods/web")), pod("shop", "web", "n1"));
    assert_eq!(ask(&recording, "/api/v1/namespaces/shop").status, 200);
    let absent = parsed(&ask(&recording, "/apis/apps/v1/namespaces/shop/deployments/x"));
    assert_eq!(absent["message"], "deployments.apps \"x\" not found");
    assert_eq!(absent["details"], json!({"name": "x", "group": "apps", "kind": "deployments"}));
}

#[test]
fn refusals_are_in_the_api_servers_words() {
    let (_folder, recording) = shop();
    for (method, path, code, message) in [
        (
            "GET",
            "/api/v1/nodes",
            403,
            "nodes is forbidden: User \"recorder\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        ),
        (
            "GET",
            "/api/v1/nodes/n1",
            403,
            "nodes \"n1\" is forbidden: User \"recorder\" cannot get resource \"nodes\" in API group \"\" at the cluster scope",
        ),
        (
            "GET",
            "/apis/metrics.k8s.io/v1beta1/pods",
            503,
            "the server is currently unable to handle the request",
        ),
        ("GET", "/apis/none.example/v1/things", 404, "the server could not find the requested resource"),
        ("GET", "/apis/none.example/v1", 404, "the server could not find the requested resource"),
        (
            "GET",
            "/api/v1/namespaces/shop/persistentvolumes",
            404,
            "the server could not find the requested resource",
        ),
        ("GET", "/api/v1/pods/web", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/pods?watch=true", 405, "a recording cannot be watched"),
        (
            "DELETE",
            "/api/v1/namespaces/shop/pods/web",
            405,
            "a recording is read-only: delete is not supported",
        ),
        ("GET", "/api/v1/pods?fieldSelector=spec.x=1", 400, "field label not supported: spec.x"),
        (
            "GET",
            "/apis/apps/v1/deployments?fieldSelector=spec.x=1",
            400,
            "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        ),
        ("GET", "/api/v1/pods?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"),
    ] {
        let answer = send(&recording, method, path);
        assert_eq!((answer.status, parsed(&answer)["message"].as_str()), (code, Some(message)), "{path}");
        assert_eq!(parsed(&answer)["code"], code);
    }
    for path in ["?continue=%%", "?continue=e30", "?labelSelector=a=b=c", "?fieldSelector=nothing"] {
        assert_eq!(ask(&recording, &format!("/api/v1/pods{path}")).status, 400, "{path}");
    }
}

#[test]
fn logs_are_cut_by_tail_time_and_bytes() {
    let (_folder, recording) = shop();
    for (query, expected) in [
        ("", "2026-01-02T03:00:00Z one\n  more\n2026-01-02T03:59:00Z two\n2026-01-02T03:59:30Z three\n"),
        ("tailLines=1", "2026-01-02T03:59:30Z three\n"),
        ("tailLines=0", ""),
        ("sinceSeconds=60", "2026-01-02T03:59:00Z two\n2026-01-02T03:59:30Z three\n"),
        ("sinceTime=2026-01-02T03:59:10Z", "2026-01-02T03:59:30Z three\n"),
        ("container=app&limitBytes=7", "2026-01"),
        ("tailLines=1&timestamps=true", "2026-01-02T03:59:30Z 2026-01-02T03:59:30Z three\n"),
    ] {
        let answer = ask(&recording, &format!("/api/v1/namespaces/shop/pods/web/log?{query}"));
        assert_eq!(
            (answer.status, text(&answer), answer.content_type),
            (200, expected, "text/plain"),
            "{query}"
        );
    }
}

#[test]
fn a_log_that_cannot_be_had_says_why() {
    let (_folder, recording) = shop();
    for (path, code, message) in [
        ("web/log?previous=true", 400, "previous terminated container \"app\" in pod \"web\" not found"),
        ("web/log?container=setup", 400, "container \"setup\" in pod \"web\" is not available"),
        ("web/log?container=x", 400, "container x is not valid for pod web"),
        (
            "pair/log",
            400,
            "a container name must be specified for pod pair, choose one of: [a b] or one of the init containers: [setup]",
        ),
        (
            "web/log?tailLines=-1",
            422,
            "PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
        ),
        ("none/log", 404, "pods \"none\" not found"),
    ] {
        let answer = ask(&recording, &format!("/api/v1/namespaces/shop/pods/{path}"));
        assert_eq!((answer.status, parsed(&answer)["message"].as_str()), (code, Some(message)), "{path}");
    }
    assert_eq!(ask(&recording, "/api/v1/namespaces/shop/pods/idle/log").body, "");
}

#[test]
fn secrets_are_masked_in_lists_and_alone() {
    let (_folder, recording) = shop();
    for path in
        ["/api/v1/secrets", "/api/v1/namespaces/shop/secrets/db", "/api/v1/namespaces/shop/secrets?limit=1"]
    {
        let answer = ask(&recording, path);
        assert_eq!(answer.status, 200);
        assert!(text(&answer).contains("<redacted:secret:"), "{path}");
        assert!(!text(&answer).contains(CANARY), "{path}");
    }
}

#[test]
fn the_clock_stands_and_the_summary_counts() {
    let (_folder, recording) = shop();
    assert_eq!(recording.now_unix_ms(), 1_767_326_400_000);
    assert_eq!(recording.cluster(), Some("test"));
    let summary = recording.summary();
    assert_eq!((summary.kinds, summary.objects, summary.logs), (3, 6, 1));
    assert_eq!(summary.forbidden, ["nodes"]);
}

#[test]
fn discovery_is_made_up_when_none_was_recorded() {
    let (_folder, recording) = shop();
    assert_eq!(parsed(&ask(&recording, "/version"))["minor"], "36");
    assert_eq!(parsed(&ask(&recording, "/api"))["versions"], json!(["v1"]));
    let groups = parsed(&ask(&recording, "/apis"));
    assert!(groups["groups"].as_array().unwrap().iter().any(|group| group["name"] == "apps"));
    assert_eq!(parsed(&ask(&recording, "/apis/apps"))["preferredVersion"]["groupVersion"], "apps/v1");
    let core = parsed(&ask(&recording, "/api/v1"));
    assert!(
        core["resources"]
            .as_array()
            .unwrap()
            .iter()
            .any(|kind| kind["name"] == "pods" && kind["namespaced"] == true)
    );
}
