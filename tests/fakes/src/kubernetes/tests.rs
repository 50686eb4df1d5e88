//! The control is held to the API server's rules.

use std::path::PathBuf;

use reqwest::header::ACCEPT;
use serde_json::json;

use super::*;

fn archive(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../examples/clusters").join(format!("{name}.tar.gz"))
}

async fn ask(fake: &FakeKubernetes, token: &str, path: &str, accept: &str) -> (u16, Value) {
    let request = reqwest::Client::new().get(format!("http://{}{path}", fake.address));
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let answer = request.header(ACCEPT, accept).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn get(fake: &FakeKubernetes, path: &str) -> (u16, Value) {
    ask(fake, fake.token(), path, "application/json").await
}

fn role(rules: &Value) -> Vec<Value> {
    let group = "rbac.authorization.k8s.io";
    vec![
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": rules}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "r"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "holmes"}]}),
    ]
}

#[tokio::test]
async fn a_role_decides_and_a_refusal_is_in_the_api_servers_words() {
    let roles = role(&json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]));
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).with_roles(&roles).start().await;
    let (status, pod) = get(&fake, "/api/v1/namespaces/billing/pods/postgres-0").await;
    assert_eq!((status, &pod["metadata"]["name"]), (200, &json!("postgres-0")));
    let (status, refusal) = get(&fake, "/api/v1/namespaces/billing/pods").await;
    assert_eq!(status, 403);
    let user = "User \"system:serviceaccount:holmes:reader\"";
    assert_eq!(
        refusal["message"],
        format!(
            "pods is forbidden: {user} cannot list resource \"pods\" in API group \"\" in the namespace \"billing\""
        )
    );
    let (_, refusal) = get(&fake, "/apis/apps/v1/namespaces/billing/deployments/api").await;
    assert_eq!(
        refusal["message"],
        format!(
            "deployments.apps \"api\" is forbidden: {user} cannot get resource \"deployments\" in API group \"apps\" in the namespace \"billing\""
        )
    );
    assert_eq!(refusal["details"], json!({"name": "api", "group": "apps", "kind": "deployments"}));
    let (_, refusal) = get(&fake, "/api/v1/namespaces/billing/pods/postgres-0/log").await;
    assert!(refusal["message"].as_str().unwrap().contains("resource \"pods/log\""), "{refusal}");
    let asked = fake.asked();
    let seen: Vec<_> =
        asked.iter().map(|one| (one.verb.as_str(), one.resource.as_str(), one.decision)).collect();
    assert_eq!(
        seen,
        [
            ("get", "pods", Decision::Allowed),
            ("list", "pods", Decision::Forbidden),
            ("get", "deployments.apps", Decision::Forbidden),
            ("get", "pods/log", Decision::Forbidden),
        ]
    );
    assert_eq!(asked[0].user, "system:serviceaccount:holmes:reader");
}

#[tokio::test]
async fn tokens_are_somebodys_or_are_refused() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    assert_eq!(ask(&fake, "made-up", "/api/v1/pods", "*/*").await.0, 401);
    let (status, refusal) = ask(&fake, "", "/api/v1/pods", "*/*").await;
    assert_eq!(status, 403);
    assert!(refusal["message"].as_str().unwrap().contains("User \"system:anonymous\""), "{refusal}");
    assert_eq!(ask(&fake, "", "/version", "*/*").await.0, 200);
    let other = fake.account("shop", "web");
    assert_eq!(ask(&fake, &other, "/api/v1/pods", "*/*").await.0, 403);
    assert_eq!(ask(&fake, &other, "/apis", "*/*").await.0, 200);
}

#[tokio::test]
async fn pages_follow_each_other_and_an_expired_one_says_how_to_go_on() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).expiring(1).page_size(7).start().await;
    let (_, all) = get(&fake, "/api/v1/pods").await;
    let all = all["items"].as_array().unwrap();
    let (_, first) = get(&fake, "/api/v1/pods?limit=500").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 7);
    let token = first["metadata"]["continue"].as_str().unwrap();
    assert_eq!(first["metadata"]["remainingItemCount"], all.len() - 7);
    let (status, expired) = get(&fake, &format!("/api/v1/pods?limit=500&continue={token}")).await;
    assert_eq!((status, &expired["reason"]), (410, &json!("Expired")));
    let token = expired["metadata"]["continue"].as_str().unwrap();
    let (_, second) = get(&fake, &format!("/api/v1/pods?limit=500&continue={token}")).await;
    assert_eq!(second["items"][0]["metadata"]["name"], all[7]["metadata"]["name"]);
    let (status, _) = get(&fake, &format!("/api/v1/services?limit=500&continue={token}")).await;
    assert_eq!(status, 400, "a token belongs to its list");
    let (status, _) = get(&fake, "/api/v1/pods?limit=500&continue=made-up").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn discovery_is_given_whole_when_it_is_asked_for_so() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let (_, all) = ask(&fake, fake.token(), "/apis", accept).await;
    assert_eq!(all["kind"], "APIGroupDiscoveryList");
    let apps =
        all["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == "apps").unwrap();
    let resources = apps["versions"][0]["resources"].as_array().unwrap();
    let deployments = resources.iter().find(|one| one["resource"] == "deployments").unwrap();
    assert_eq!(
        (&deployments["scope"], &deployments["shortNames"]),
        (&json!("Namespaced"), &json!(["deploy"]))
    );
    assert_eq!(deployments["subresources"][0]["subresource"], "scale");
    let (_, core) = ask(&fake, fake.token(), "/api", accept).await;
    assert_eq!(core["items"][0]["versions"][0]["version"], "v1");
    let (_, plain) = get(&fake, "/apis").await;
    assert_eq!(plain["kind"], "APIGroupList");
}

#[tokio::test]
async fn tables_and_metadata_are_given_when_they_are_asked_for() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    let path = "/api/v1/namespaces/billing/pods";
    let (_, table) = ask(&fake, fake.token(), path, "application/json;as=Table;v=v1;g=meta.k8s.io").await;
    assert_eq!((&table["kind"], &table["columnDefinitions"][2]["name"]), (&json!("Table"), &json!("Status")));
    let rows = table["rows"].as_array().unwrap();
    let worker = rows.iter().find(|row| row["cells"][0].as_str().unwrap().starts_with("worker")).unwrap();
    assert_eq!(worker["object"]["kind"], "PartialObjectMetadata");
    let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let (_, list) = ask(&fake, fake.token(), path, accept).await;
    assert!(list["items"][0].get("spec").is_none(), "{list}");
    assert_eq!(ask(&fake, fake.token(), path, "application/vnd.kubernetes.protobuf").await.0, 406);
}

#[tokio::test]
async fn logs_are_cut_as_the_kubelet_cuts_them() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    let log = "/api/v1/namespaces/billing/pods/worker-598d75d5d9-69pzv/log";
    let (status, all) = get(&fake, log).await;
    assert_eq!(status, 200);
    let all = all.as_str().unwrap().to_owned();
    let (_, tail) = get(&fake, &format!("{log}?tailLines=1")).await;
    assert_eq!(tail.as_str().unwrap(), all.lines().last().unwrap().to_owned() + "\n");
    let (_, bytes) = get(&fake, &format!("{log}?limitBytes=10")).await;
    assert_eq!(bytes.as_str().unwrap(), &all[..10]);
    let (_, late) = get(&fake, &format!("{log}?sinceTime=2999-01-01T00:00:00Z")).await;
    assert_eq!(late, json!(""));
    let (_, early) = get(&fake, &format!("{log}?sinceSeconds=86400")).await;
    assert_eq!(early, json!(all));
    let (_, stamped) = get(&fake, &format!("{log}?timestamps=true&tailLines=1")).await;
    assert!(stamped.as_str().unwrap().split_once(' ').unwrap().0.parse::<jiff::Timestamp>().is_ok());
    assert_ne!(get(&fake, &format!("{log}?previous=true")).await.1, json!(all));
    for (query, status) in [
        ("tailLines=x", 400),
        ("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", 422),
        ("limitBytes=0", 422),
        ("container=none", 400),
    ] {
        assert_eq!(get(&fake, &format!("{log}?{query}")).await.0, status, "{query}");
    }
    let (status, _) = get(&fake, "/api/v1/namespaces/billing/pods/no-such-pod/log").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_account_may_ask_what_it_may_do() {
    let roles = role(&json!([{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]));
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).with_roles(&roles).start().await;
    let review = async |plural: &str, kind: &str, spec: Value| -> Value {
        let url = format!("http://{}/apis/authorization.k8s.io/v1/{plural}", fake.address);
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec});
        let request = reqwest::Client::new().post(url).bearer_auth(fake.token()).body(body.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["status"].clone()
    };
    for (resource, allowed) in [("pods", true), ("secrets", false)] {
        let spec = json!({"resourceAttributes": {"verb": "list", "group": "", "resource": resource, "namespace": "shop"}});
        let status = review("selfsubjectaccessreviews", "SelfSubjectAccessReview", spec).await;
        assert_eq!(status["allowed"], allowed, "{resource}");
    }
    let status =
        review("selfsubjectrulesreviews", "SelfSubjectRulesReview", json!({"namespace": "shop"})).await;
    let own = status["resourceRules"].as_array().unwrap();
    assert!(own.iter().any(|rule| rule["resources"] == json!(["pods"])), "{status}");
}

#[tokio::test]
async fn whatever_is_no_read_is_refused_and_recorded() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/api/v1/namespaces/billing/pods/postgres-0", fake.address);
    let answer = client.delete(&url).bearer_auth(fake.token()).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    for path in ["/api/v1/pods?watch=true", "/api/v1/pods?labelselector=a", "/metrics"] {
        get(&fake, path).await;
    }
    assert_eq!(fake.take_violations().len(), 4);
    assert_eq!(get(&fake, "/apis/none.example/v1/things").await.0, 404);
    assert_eq!(get(&fake, "/api/v1/namespaces/billing/nodes").await.0, 404);
    assert!(fake.take_violations().is_empty());
}

#[tokio::test]
async fn what_a_test_changes_is_seen_by_the_next_request() {
    let fake = FakeKubernetes::recorded(&archive("oom-crashloop")).start().await;
    let map = "/api/v1/namespaces/billing/configmaps/new";
    assert_eq!(get(&fake, map).await.0, 404);
    fake.put(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": "billing"}}),
    );
    assert_eq!(get(&fake, map).await.0, 200);
    fake.retain("", "configmaps", |object| object["metadata"]["name"] != "new");
    assert_eq!(get(&fake, map).await.0, 404);
    fake.set_mood(Mood::Refuses(503));
    assert_eq!(get(&fake, map).await.0, 503);
}
