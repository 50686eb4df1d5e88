use crate::observations::Kind;
use crate::rules::scene::*;
use holmes_protocol::Severity;
use serde_json::{Value, json};

fn given(mut pod: Value, name: &str, value: &str) -> Scene {
    pod["spec"]["containers"][0]["env"] = json!([{"name": name, "value": value}]);
    Scene::new().with(Kind::Pod, "api-1", pod).with(Kind::Pod, "cart-1", healthy_pod("cart")).with(
        Kind::Service,
        "cart",
        service("cart", &json!(8080)),
    )
}

fn failing(value: &str, line: &str) -> Scene {
    given(crashing_pod("api"), "CART_URL", value).previous_log("api-1", "app", line)
}

const NO_SUCH_HOST: &str = "lookup crat on 10.0.0.10:53: no such host";

#[test]
fn an_address_of_a_service_that_is_not_there_is_named() {
    let scene = failing("http://crat:80", NO_SUCH_HOST);
    let finding = scene.findings().remove(0);
    assert_eq!(scene.told(), ["env-address-mismatch/service-missing"]);
    assert!(finding.suggestion[0].contains("`cart`"));
    assert_eq!(failing("http://cart:80", NO_SUCH_HOST).told(), ["dependency-unreachable/dns"]);
}

#[test]
fn the_controller_that_holds_the_address_is_the_root_and_its_pods_failure_the_symptom() {
    let mut pod = owned(crashing_pod("api"), "StatefulSet", "api", "statefulsets-api");
    pod["spec"]["containers"][0]["env"] = json!([{"name": "CART_URL", "value": "http://crat:80"}]);
    let scene = Scene::new()
        .with(Kind::StatefulSet, "api", json!({"spec": {"replicas": 1}, "status": {"readyReplicas": 0}}))
        .with(Kind::Pod, "api-1", pod)
        .with(Kind::Pod, "cart-1", healthy_pod("cart"))
        .with(Kind::Service, "cart", service("cart", &json!(8080)))
        .previous_log("api-1", "app", NO_SUCH_HOST);
    let finding = scene.finds("env-address-mismatch/service-missing");
    assert_eq!(finding.objects[0].kind, "StatefulSet");
    assert!(finding.symptoms.iter().any(|symptom| symptom.rule == "dependency-unreachable"));
}

#[test]
fn a_controller_that_may_not_be_read_is_still_the_one_on_top() {
    let mut pod = owned(crashing_pod("api"), "ReplicaSet", "api-1", "replicasets-api-1");
    pod["spec"]["containers"][0]["env"] = json!([{"name": "CART_URL", "value": "http://crat:80"}]);
    let scene = Scene::new()
        .with(Kind::ReplicaSet, "api-1", owned(json!({}), "Deployment", "api", "deployments-api"))
        .with(Kind::Pod, "api-1-1", pod)
        .with(Kind::Pod, "cart-1", healthy_pod("cart"))
        .with(Kind::Service, "cart", service("cart", &json!(8080)))
        .previous_log("api-1-1", "app", NO_SUCH_HOST)
        .forbid(Kind::Deployment);
    assert_eq!(scene.told(), ["env-address-mismatch/service-missing"]);
    assert_eq!(scene.findings()[0].owner_chain[0].name, "api");
}

#[test]
fn services_that_may_not_be_read_are_not_missing() {
    let scene = failing("http://crat:80", NO_SUCH_HOST).forbid(Kind::Service);
    assert_eq!(scene.told(), ["dependency-unreachable/dns"]);
}

#[test]
fn a_port_that_the_service_does_not_have_is_told_with_those_it_has() {
    let scene = failing("http://cart:8080", "dial tcp cart:8080: connect: connection refused");
    assert_eq!(scene.told(), ["env-address-mismatch/port-missing"]);
    assert!(scene.findings()[0].suggestion[0].contains("port 80"));
    let auth = failing("http://cart:8080", "cart: password authentication failed for user \"x\"");
    assert_eq!(auth.told(), ["dependency-unreachable/auth"]);
}

#[test]
fn a_service_of_another_namespace_needs_its_name() {
    let other = json!({"metadata": {"namespace": "bank"}, "spec": {"ports": [{"port": 80}]}});
    let scene = failing("http://ledger:80", "lookup ledger on 10.0.0.10:53: no such host");
    let scene = scene.with(Kind::Service, "ledger", other);
    assert_eq!(scene.told(), ["env-address-mismatch/namespace"]);
    assert!(scene.findings()[0].suggestion[0].contains("ledger.bank"));
}

#[test]
fn a_port_on_the_pods_own_loopback_needs_a_container() {
    let line = "dial tcp 127.0.0.1:6379: connect: connection refused";
    let told = |port: i64| {
        let mut pod = crashing_pod("api");
        pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": port}]);
        given(pod, "REDIS_ADDR", "localhost:6379").previous_log("api-1", "app", line).told()
    };
    assert_eq!(told(8080), ["env-address-mismatch/localhost"]);
    assert_eq!(told(6379), ["dependency-unreachable/refused"]);
}

#[test]
fn an_address_in_a_config_map_is_read_too() {
    let mut pod = crashing_pod("api");
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "settings"}}]);
    let scene = Scene::new()
        .with(Kind::Pod, "api-1", pod)
        .with(Kind::ConfigMap, "settings", json!({"data": {"CART_URL": "http://app:hunter2@crat:80/x"}}))
        .with(Kind::Service, "cart", service("nobody", &json!(8080)))
        .previous_log("api-1", "app", NO_SUCH_HOST);
    let finding = scene.findings().remove(0);
    assert_eq!((finding.rule.as_str(), finding.class.as_str()), ("env-address-mismatch", "service-missing"));
    let text = serde_json::to_string(&finding).unwrap();
    assert!(text.contains(".data['CART_URL']") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_container_that_runs_is_warned_of_what_is_surely_misspelt_and_else_noted() {
    let scene = given(healthy_pod("api"), "CART_URL", "http://crat:80");
    let finding = scene.finds("env-address-mismatch/service-missing");
    assert_eq!(finding.severity, Severity::Warning);
    let other = given(healthy_pod("api"), "PAY_URL", "http://payments:80");
    other.is_silent();
    assert_eq!(other.noted(), ["env-address-mismatch/service-missing"]);
}

#[test]
fn collectors_aliases_and_services_that_answer_are_silent() {
    given(healthy_pod("api"), "CART_URL", "http://cart:80").is_silent();
    given(healthy_pod("api"), "OTEL_EXPORTER_OTLP_ENDPOINT", "http://cert:4317").is_silent();
    let mut pod = healthy_pod("api");
    pod["spec"]["hostAliases"] = json!([{"ip": "10.9.9.9", "hostnames": ["crat"]}]);
    given(pod, "CART_URL", "http://crat:80").is_silent();
    let external = json!({"spec": {"type": "ExternalName", "externalName": "x.example"}});
    given(healthy_pod("api"), "X_URL", "http://ext:99").with(Kind::Service, "ext", external).is_silent();
}

#[test]
fn a_minute_is_waited_for() {
    let mut pod = healthy_pod("api");
    pod["metadata"]["creationTimestamp"] = json!("2026-11-16T11:59:01Z");
    given(pod, "CART_URL", "http://crat:80").is_silent();
}

#[test]
fn a_port_that_is_written_apart_from_its_host_counts() {
    let scene = |port: &str| {
        let mut pod = crashing_pod("api");
        pod["spec"]["containers"][0]["env"] =
            json!([{"name": "CART_HOST", "value": "cart"}, {"name": "CART_PORT", "value": port}]);
        Scene::new()
            .with(Kind::Pod, "api-1", pod)
            .with(Kind::Pod, "cart-1", healthy_pod("cart"))
            .with(Kind::Service, "cart", service("cart", &json!(8080)))
            .previous_log("api-1", "app", "connect ETIMEDOUT")
    };
    assert_eq!(scene("8081").told(), ["env-address-mismatch/port-missing"]);
    let finding = scene("8081").findings().remove(0);
    assert!(finding.evidence.iter().any(|item| item.path.contains("CART_PORT")), "{:?}", finding.evidence);
    assert_eq!(scene("80").told(), ["dependency-unreachable/timeout"]);
}

#[test]
fn a_headless_service_has_the_ports_of_its_pods_too() {
    let scene = |line: &str, port: i64| {
        let mut headless = service("cart", &json!(8080));
        headless["spec"]["clusterIP"] = json!("None");
        let mut pod = crashing_pod("api");
        let address = format!("http://cart-0.cart.shop.svc.cluster.local:{port}");
        pod["spec"]["containers"][0]["env"] = json!([{"name": "CART_URL", "value": address}]);
        let mut cart = healthy_pod("cart");
        cart["spec"]["containers"][0]["ports"] = json!([{"containerPort": 8080}]);
        Scene::new()
            .with(Kind::Pod, "api-1", pod)
            .with(Kind::Pod, "cart-0", cart)
            .with(Kind::Service, "cart", headless)
            .previous_log("api-1", "app", line)
            .told()
    };
    let refused = "dial tcp: connect: connection refused";
    assert_eq!(scene(refused, 8082), ["env-address-mismatch/port-missing"]);
    assert_eq!(scene(refused, 8080), ["dependency-unreachable/refused"]);
}
