use holmes_protocol::Severity;
use serde_json::{Value, json};

use crate::observations::Kind;
use crate::rules::scene::*;

const GOOD: &str = ".:53 {\n    errors\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n        pods insecure\n    }\n    forward . /etc/resolv.conf\n    cache 30\n    loop\n    import custom/*.override\n}\nimport custom/*.server\n";

fn system(mut object: Value) -> Value {
    object["metadata"]["namespace"] = json!("kube-system");
    object
}

fn cluster(corefile: &str) -> Scene {
    let dns = json!({"spec": {"selector": {"app": "dns"}, "clusterIP": "10.0.0.10", "ports": [{"port": 53, "targetPort": 8080}]}});
    let mut web = service("web", &json!(8080));
    web["spec"]["clusterIP"] = json!("10.0.0.7");
    Scene::new()
        .with(Kind::ConfigMap, "coredns", system(json!({"data": {"Corefile": corefile}})))
        .with(Kind::Service, "kube-dns", system(dns))
        .with(Kind::Pod, "coredns-1", system(healthy_pod("dns")))
        .with(Kind::Service, "web", web)
        .with(Kind::Pod, "web-1", healthy_pod("web"))
}

fn added(lines: &str) -> Scene {
    cluster(&GOOD.replace("    cache 30\n", &format!("    cache 30\n{lines}\n")))
}

#[test]
fn the_usual_corefile_is_silent() {
    cluster(GOOD).is_silent();
}

#[test]
fn a_corefile_without_kubernetes_is_a_warning_until_somebody_complains() {
    let scene = cluster(".:53 {\n  forward . /etc/resolv.conf\n}\n");
    assert_eq!(scene.finds("coredns-config/").severity, Severity::Warning);
    let scene = scene.with(Kind::Pod, "api-1", crashing_pod("api")).log(
        "api-1",
        "app",
        "lookup web.shop.svc.cluster.local: no such host",
    );
    let findings = scene.findings();
    assert_eq!((findings[0].rule.as_str(), findings[0].severity), ("coredns-config", Severity::Critical));
}

#[test]
fn what_answers_for_the_clusters_names_is_told() {
    for lines in [
        "template ANY ANY cluster.local {\n rcode NXDOMAIN\n }",
        "template IN A shop.svc.cluster.local {\n answer \"{{ .Name }} 60 IN A 192.0.2.1\"\n }",
        "template ANY ANY . {\n rcode NXDOMAIN\n }",
        "rewrite name web.shop.svc.cluster.local gone.shop.svc.cluster.local",
        "rewrite name suffix .svc.cluster.local .example.org",
        "hosts {\n 192.0.2.1 web.shop.svc.cluster.local\n fallthrough\n }",
        "forward . 10.0.0.10",
    ] {
        assert_eq!(added(lines).told(), ["coredns-config/"], "{lines}");
    }
    let narrow = GOOD.replace("pods insecure", "namespaces billing");
    assert_eq!(cluster(&narrow).told(), ["coredns-config/"]);
}

#[test]
fn other_zones_and_aliases_are_silent() {
    for lines in [
        "template ANY ANY internal.cloudapp.net {\n match \"^(?:[^.]+\\.){4,}internal\\.cloudapp\\.net\\.$\"\n rcode NXDOMAIN\n }",
        "template IN AAAA . {\n rcode NOERROR\n }",
        "rewrite name regex (.*)\\.old\\.example {1}.shop.svc.cluster.local answer auto",
        "rewrite name shop.example web.shop.svc.cluster.local",
        "rewrite name alias.shop.svc.cluster.local web.shop.svc.cluster.local",
        "hosts {\n 192.0.2.1 db.example\n 10.0.0.7 web.shop.svc.cluster.local\n }",
        "forward corp.example 10.1.1.1",
    ] {
        assert!(added(lines).told().is_empty(), "{lines}: {:?}", added(lines).told());
    }
}

#[test]
fn additions_of_the_operator_count() {
    let custom = |text: &str| {
        cluster(GOOD).with(Kind::ConfigMap, "coredns-custom", system(json!({"data": {"x.server": text}})))
    };
    custom("svc.cluster.local:53 {\n forward . 10.1.1.1\n}").finds("coredns-config/");
    custom("corp.example:53 {\n forward . 10.1.1.1\n}").is_silent();
}

#[test]
fn what_coredns_itself_says_is_critical_and_explains_its_crash() {
    let dns = json!({"spec": {"selector": {"app": "dns"}, "ports": [{"port": 53}]}});
    let mut corefile = json!({"data": {"Corefile": GOOD}});
    corefile["metadata"] = json!({"namespace": "kube-system"});
    let mut broken = crashing_pod("dns");
    broken["metadata"]["namespace"] = json!("shop");
    let mut service = dns;
    service["metadata"] = json!({"namespace": "shop", "labels": {"k8s-app": "kube-dns"}});
    let scene = Scene::new()
        .with(Kind::ConfigMap, "coredns", corefile)
        .with(Kind::Service, "dns", service)
        .with(Kind::Pod, "coredns-1", broken)
        .log("coredns-1", "app", "[FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected for zone \".\"");
    let findings = scene.findings();
    assert_eq!(scene.told(), ["coredns-config/"], "{findings:#?}");
    assert_eq!(findings[0].severity, Severity::Critical);
}
