//! Rules on small clusters: each failure, and the twin beside it that must stay silent.

use holmes_protocol::{Finding, ReadOutcome, Severity, Verdict};
use serde_json::{Value, json};

use crate::object::parse_time;
use crate::observations::{Kind, LogKey, Observations};
use crate::report::{Options, evaluate};

const NOW: &str = "2026-11-16T12:00:00Z";
const LONG_AGO: &str = "2026-11-01T12:00:00Z";
const LATELY: &str = "2026-11-16T11:55:00Z";
const EARLIER: &str = "2026-11-16T11:30:00Z";

#[derive(Default)]
struct World {
    objects: std::collections::BTreeMap<Kind, Vec<Value>>,
    logs: Vec<(LogKey, String)>,
}

impl World {
    fn with(mut self, kind: Kind, name: &str, body: Value) -> Self {
        let source = kind.source();
        let mut object = body;
        object["apiVersion"] = json!(source.version);
        object["kind"] = json!(source.name);
        object["metadata"]["name"] = json!(name);
        object["metadata"]["uid"] = json!(format!("{}-{name}", source.plural));
        if source.namespaced {
            object["metadata"]["namespace"] = json!("shop");
        }
        if object.pointer("/metadata/creationTimestamp").is_none() {
            object["metadata"]["creationTimestamp"] = json!(LONG_AGO);
        }
        self.objects.entry(kind).or_default().push(object);
        self
    }

    fn log(mut self, pod: &str, container: &str, text: &str) -> Self {
        let key = LogKey {
            namespace: "shop".into(),
            pod: pod.into(),
            container: container.into(),
            previous: false,
        };
        self.logs.push((key, text.to_owned()));
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let mut observations = Observations::default();
        for source in crate::observations::SOURCES {
            observations.add(source.kind, self.objects.get(&source.kind).cloned().unwrap_or_default());
        }
        observations.logs = self.logs.iter().map(|(key, text)| (key.clone(), Ok(text.clone()))).collect();
        let report = evaluate(&observations, parse_time(NOW).unwrap(), &Options::default());
        assert_eq!(report.verdict == Verdict::Healthy, report.findings.is_empty());
        report.findings
    }

    fn told(&self) -> Vec<String> {
        self.findings().iter().map(|finding| format!("{}/{}", finding.rule, finding.class)).collect()
    }
}

fn pod(app: &str, container_status: &Value) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "registry.example/app:1",
            "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"port": 8080}}}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": EARLIER}],
            "containerStatuses": [container_status]}
    })
}

fn healthy_pod(app: &str) -> Value {
    let mut pod = pod(
        app,
        &json!({"name": "app", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": LONG_AGO}}}),
    );
    pod["status"]["conditions"][0]["status"] = json!("True");
    pod
}

fn crashing(app: &str) -> Value {
    pod(
        app,
        &json!({"name": "app", "ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": LATELY}}}),
    )
}

fn service(app: &str, port: &Value) -> Value {
    json!({"spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": port}]}})
}

fn owned(mut pod: Value, kind: &str, name: &str, uid: &str) -> Value {
    pod["metadata"]["ownerReferences"] =
        json!([{"kind": kind, "name": name, "uid": uid, "controller": true}]);
    pod
}

#[test]
fn a_database_that_crashes_explains_its_clients() {
    let database = owned(crashing("db"), "StatefulSet", "db", "statefulsets-db");
    let world = World::default()
        .with(Kind::Pod, "db-0", database)
        .with(Kind::Pod, "api-1", crashing("api"))
        .with(Kind::StatefulSet, "db", json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 0}}))
        .with(Kind::Service, "db", service("db", &json!(8080)))
        .log("db-0", "app", "FATAL: data directory is corrupt")
        .log("api-1", "app", "dial tcp db:80: connect: connection refused");
    let findings = world.findings();
    assert_eq!(world.told(), ["crashloop/app-error"], "{findings:#?}");
    let symptoms: Vec<&str> = findings[0].symptoms.iter().map(|symptom| symptom.rule.as_str()).collect();
    for rule in ["dependency-unreachable", "sts-ordinal-blocked", "svc-no-ready-endpoints"] {
        assert!(symptoms.contains(&rule), "{symptoms:?}");
    }
}

#[test]
fn a_client_of_a_healthy_database_is_its_own_root() {
    let world = World::default()
        .with(Kind::Pod, "db-0", healthy_pod("db"))
        .with(Kind::Pod, "api-1", crashing("api"))
        .with(Kind::Service, "db", service("db", &json!(8080)))
        .log("api-1", "app", "db: password authentication failed for user \"api\"");
    assert_eq!(world.told(), ["dependency-unreachable/auth"]);
}

#[test]
fn an_address_of_a_service_that_is_not_there_is_named() {
    let mut client = crashing("api");
    client["spec"]["containers"][0]["env"] = json!([{"name": "CART_URL", "value": "http://crat:80"}]);
    let world = World::default()
        .with(Kind::Pod, "api-1", client)
        .with(Kind::Pod, "cart-1", healthy_pod("cart"))
        .with(Kind::Service, "cart", service("cart", &json!(8080)))
        .log("api-1", "app", "lookup crat on 10.0.0.10:53: no such host");
    let findings = world.findings();
    assert_eq!(world.told(), ["env-address-mismatch/service-missing"]);
    assert!(findings[0].suggestion[0].contains("cart"));
}

#[test]
fn one_old_restart_is_forgotten_and_a_quick_series_is_not() {
    let ended = |restarts: i64, finished: &str, started: &str| {
        let mut pod = healthy_pod("a");
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": restarts,
            "state": {"running": {"startedAt": started}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": finished}}});
        World::default().with(Kind::Pod, "a-1", pod)
    };
    assert!(ended(1, LONG_AGO, LONG_AGO).told().is_empty());
    assert!(ended(1, EARLIER, EARLIER).told().is_empty());
    assert_eq!(ended(4, LATELY, LATELY).told(), ["oom-killed/limit"]);
}

#[test]
fn a_missing_key_lists_the_near_one_and_an_existing_object_is_silent() {
    let waiting = |message: &str| {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0,
            "state": {"waiting": {"reason": "CreateContainerConfigError", "message": message}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        World::default().with(Kind::Pod, "a-1", pod).with(
            Kind::Secret,
            "db",
            json!({"data": {"password": "<redacted:secret:1>"}}),
        )
    };
    let world = waiting("couldn't find key pasword in Secret shop/db");
    assert_eq!(world.told(), ["config-ref-missing/secret-key"]);
    assert!(world.findings()[0].suggestion[0].contains("`password`"));
    assert!(waiting("secret \"db\" not found").told().is_empty());
}

#[test]
fn a_pull_without_credentials_is_told_from_a_missing_tag() {
    let pull = |message: &str| {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        World::default().with(Kind::Pod, "a-1", pod).told()
    };
    assert_eq!(pull("failed to authorize: 401 Unauthorized"), ["image-pull/no-pull-secret"]);
    assert_eq!(pull("registry.example/app:1: not found"), ["image-pull/not-found"]);
}

#[test]
fn a_target_port_that_no_pod_has_is_found_by_name_and_by_probe() {
    let cluster = |port: Value| {
        World::default()
            .with(Kind::Pod, "a-1", healthy_pod("a"))
            .with(Kind::Service, "a", service("a", &port))
            .told()
    };
    assert_eq!(cluster(json!("web")), ["svc-port-mismatch/named"]);
    assert_eq!(cluster(json!(9090)), ["svc-port-mismatch/number"]);
    assert!(cluster(json!("http")).is_empty());
    assert!(cluster(json!(8080)).is_empty());
}

#[test]
fn a_fail_webhook_without_receiver_is_critical_and_one_that_ignores_is_silent() {
    let hook = |policy: &str| {
        let body = json!({"webhooks": [{"name": "v.example", "failurePolicy": policy,
            "clientConfig": {"service": {"namespace": "shop", "name": "gone"}},
            "rules": [{"resources": ["pods"]}]}]});
        World::default().with(Kind::ValidatingWebhookConfiguration, "v", body).findings()
    };
    assert_eq!(hook("Fail")[0].severity, Severity::Critical);
    assert!(hook("Ignore").is_empty());
}

#[test]
fn a_tls_secret_that_may_not_be_read_is_not_missing() {
    let ingress = json!({"spec": {"tls": [{"secretName": "web-tls", "hosts": ["web.example"]}]}});
    let world = World::default().with(Kind::Ingress, "web", ingress);
    assert_eq!(world.told(), ["ingress-tls-missing/"]);
    let mut observations = Observations::default();
    for source in crate::observations::SOURCES {
        observations.add(source.kind, world.objects.get(&source.kind).cloned().unwrap_or_default());
    }
    observations.add_failure(Kind::Secret, ReadOutcome::Forbidden, String::new());
    let report = evaluate(&observations, parse_time(NOW).unwrap(), &Options::default());
    assert!(report.findings.is_empty());
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(
        report.unknown_because_forbidden[0].text,
        "not permitted to read secrets in all namespaces (list)"
    );
}

#[test]
fn a_node_under_pressure_is_found_and_an_unknown_condition_is_not() {
    let node = |kind: &str, status: &str| {
        let body = json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO},
            {"type": kind, "status": status, "lastTransitionTime": EARLIER, "message": "m"}]}});
        World::default().with(Kind::Node, "n1", body).told()
    };
    assert_eq!(node("DiskPressure", "True"), ["node-pressure/disk"]);
    assert_eq!(node("KernelDeadlock", "True"), ["node-problem/KernelDeadlock"]);
    assert!(node("KernelDeadlock", "False").is_empty());
    assert!(node("SomethingNew", "True").is_empty());
}

#[test]
fn a_cordon_blocks_only_who_waits_for_it() {
    let node = json!({"spec": {"unschedulable": true, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
    let world = World::default().with(Kind::Node, "n1", node.clone());
    assert!(world.told().is_empty());
    let pending = json!({"spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": EARLIER,
         "message": "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available"}]}});
    let world = world.with(Kind::Pod, "a-1", pending);
    assert_eq!(world.told(), ["pending-unschedulable/cordoned"]);
}

#[test]
fn a_scaled_down_deployment_is_a_failure_only_when_something_routes_to_it() {
    let cluster = |annotations: Value, generation: i64| {
        let deployment = json!({"metadata": {"generation": generation, "annotations": annotations},
            "spec": {"replicas": 0, "template": {"metadata": {"labels": {"app": "a"}}}}, "status": {}});
        let ingress = json!({"spec": {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}]}});
        World::default()
            .with(Kind::Deployment, "a", deployment)
            .with(Kind::Service, "a", service("a", &json!(8080)))
            .with(Kind::Ingress, "a", ingress)
            .told()
    };
    assert_eq!(cluster(json!({}), 3), ["replicas-zero/"]);
    assert!(cluster(json!({}), 1).is_empty());
    assert!(cluster(json!({"downscaler/uptime": "Mon-Fri"}), 3).is_empty());
}

#[test]
fn a_hanging_init_container_names_what_it_waits_for() {
    let init = |restart: Value| {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        pod["spec"]["initContainers"] = json!([{"name": "wait", "command": ["sh", "-c", "until nc -z db 80; do sleep 1; done"], "restartPolicy": restart}]);
        pod["status"]["initContainerStatuses"] =
            json!([{"name": "wait", "restartCount": 0, "state": {"running": {"startedAt": EARLIER}}}]);
        pod
    };
    let world = World::default().with(Kind::Pod, "a-1", init(Value::Null));
    assert_eq!(world.told(), ["init-blocked/hanging"]);
    assert!(World::default().with(Kind::Pod, "a-1", init(json!("Always"))).told().is_empty());
    let world =
        world.with(Kind::Pod, "db-0", crashing("db")).with(Kind::Service, "db", service("db", &json!(8080)));
    assert_eq!(world.told(), ["crashloop/app-error"]);
}

#[test]
fn thousands_of_healthy_pods_are_silent() {
    let mut world = World::default();
    for number in 0..3000 {
        let app = format!("app{}", number % 100);
        world = world.with(Kind::Pod, &format!("{app}-{number}"), healthy_pod(&app));
    }
    for number in 0..100 {
        let app = format!("app{number}");
        world = world.with(Kind::Service, &app, service(&app, &json!("http")));
    }
    assert!(world.told().is_empty());
}

#[test]
fn a_lost_node_explains_the_pod_that_finds_no_other() {
    let condition = |status: &str, since: &str| json!({"type": "Ready", "status": status, "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status.", "lastTransitionTime": since});
    let lost = json!({"spec": {"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]},
        "status": {"conditions": [condition("Unknown", EARLIER)]}});
    let full = json!({"status": {"conditions": [condition("True", LONG_AGO)], "allocatable": {"cpu": "2"}}});
    let pending = json!({"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "lastTransitionTime": LATELY, "message": "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu."}]}});
    let world = World::default().with(Kind::Node, "n2", full.clone()).with(Kind::Node, "n3", full).with(
        Kind::Pod,
        "a-1",
        pending,
    );
    assert_eq!(world.told(), ["pending-unschedulable/cpu"]);
    assert_eq!(world.with(Kind::Node, "n1", lost).told(), ["node-not-ready/unknown"]);
}
