//! Rules on small clusters: each failure, and the twin beside it that must stay silent.

use holmes_protocol::Severity;
use serde_json::json;

use super::scene::*;
use crate::observations::Kind;

#[test]
fn a_database_that_crashes_explains_its_clients() {
    let database = owned(crashing_pod("db"), "StatefulSet", "db", "statefulsets-db");
    let scene = Scene::new()
        .with(Kind::Pod, "db-0", database)
        .with(Kind::Pod, "api-1", crashing_pod("api"))
        .with(Kind::StatefulSet, "db", json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 0}}))
        .with(Kind::Service, "db", service("db", &json!(8080)))
        .log("db-0", "app", "FATAL: data directory is corrupt")
        .log("api-1", "app", "dial tcp db:80: connect: connection refused");
    let findings = scene.findings();
    assert_eq!(scene.told(), ["crashloop/app-error"], "{findings:#?}");
    let symptoms: Vec<&str> = findings[0].symptoms.iter().map(|symptom| symptom.rule.as_str()).collect();
    for rule in ["dependency-unreachable", "sts-ordinal-blocked", "svc-no-ready-endpoints"] {
        assert!(symptoms.contains(&rule), "{symptoms:?}");
    }
}

#[test]
fn a_fail_webhook_without_receiver_is_critical_and_one_that_ignores_is_silent() {
    let hook = |policy: &str| {
        let body = json!({"webhooks": [{"name": "v.example", "failurePolicy": policy,
            "clientConfig": {"service": {"namespace": "shop", "name": "gone"}},
            "rules": [{"resources": ["pods"]}]}]});
        Scene::new().with(Kind::ValidatingWebhookConfiguration, "v", body).findings()
    };
    assert_eq!(hook("Fail")[0].severity, Severity::Critical);
    assert!(hook("Ignore").is_empty());
}

#[test]
fn thousands_of_healthy_pods_are_silent() {
    let mut scene = Scene::new();
    for number in 0..3000 {
        let app = format!("app{}", number % 100);
        scene = scene.with(Kind::Pod, &format!("{app}-{number}"), healthy_pod(&app));
    }
    for number in 0..100 {
        let app = format!("app{number}");
        scene = scene.with(Kind::Service, &app, service(&app, &json!("http")));
    }
    assert!(scene.told().is_empty());
}

#[test]
fn every_finding_is_of_a_rule_in_a_table() {
    let mut ids: Vec<&str> = super::all().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "a rule stands in two tables");
    Scene::new().with(Kind::Pod, "a-1", crashing_pod("a")).finds("crashloop/app-error");
}
