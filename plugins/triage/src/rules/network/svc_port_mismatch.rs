//! `svc-port-mismatch`: a port of a Service leads to a port that its ready pods do not have. `named`: no pod has a
//! port of the target's name, so none is published. `number`: every container declares ports, none is the target,
//! and a probe, a log or a refused client shows that nothing listens there. `unpublished`: the slices lack the port.
//!
//! Not on: a number that no pod declares but that a probe uses, and pods that declare nothing.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::complaint::{Complaint, complaints};
use super::endpoints::{is_ready, is_selecting, pods_of_service, ready_endpoints};
use super::route::severity;
use super::target_port::{Target, declared, listed, number_in, probed, serving, target};
use crate::containers::containers;
use crate::decode::log_line::listening_ports;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Slices follow the pods within seconds.
const GRACE: Seconds = 30;

pub(super) const RULE: Rule = Rule {
    id: "svc-port-mismatch",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[
        Effect::Dependents,
        Effect::Rule("apiservice-unavailable"),
        Effect::Rule("webhook-unreachable"),
        Effect::Rule("svc-no-ready-endpoints"),
    ],
    yields_to: &[],
    evaluate,
};

/// What is wrong with a port, and how certain that is.
struct Mismatch<'s, 'a> {
    class: &'static str,
    confidence: Confidence,
    severity: Severity,
    refused: Option<&'s Complaint<'a>>,
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let complaints = complaints(view);
    let services = view.all(Kind::Service).iter().filter(|service| is_selecting(service));
    services.filter_map(|service| judge(view, service, &complaints)).collect()
}

fn judge<'a>(view: &View<'a>, service: &'a Value, complaints: &[Complaint<'a>]) -> Option<Draft> {
    let mut pods = pods_of_service(view, service);
    pods.retain(|pod| is_ready(pod));
    let ready_at = |pod: &&Value| pod.condition("Ready").and_then(|ready| ready.time("/lastTransitionTime"));
    let settled = pods.iter().filter_map(ready_at).max().or_else(|| service.created());
    if pods.is_empty() || view.age(settled)? < GRACE || view.age(service.created())? < GRACE {
        return None;
    }
    service.items("/spec/ports").iter().find_map(|port| {
        let mismatch = mismatch(view, service, port, &pods, complaints)?;
        Some(draft(view, service, port, &pods, &mismatch))
    })
}

fn mismatch<'s, 'a>(
    view: &View<'a>,
    service: &Value,
    port: &Value,
    pods: &[&'a Value],
    complaints: &'s [Complaint<'a>],
) -> Option<Mismatch<'s, 'a>> {
    let certain = |class| Mismatch {
        class,
        confidence: Confidence::High,
        severity: severity(view, service),
        refused: None,
    };
    match target(port)? {
        Target::Name(_) => {
            let missing = pods.iter().all(|pod| number_in(pod, port).is_none());
            (missing && is_published(view, service, port) != Some(true)).then(|| certain("named"))
        }
        Target::Number(number) => {
            if is_published(view, service, port) == Some(false) {
                return Some(certain("unpublished"));
            }
            let elsewhere = pods.iter().all(|pod| {
                let each = serving(pod).all(|container| !container.items("/ports").is_empty());
                each && declared(pod).iter().all(|one| one.number("/containerPort") != Some(number))
            });
            if !elsewhere || pods.iter().any(|pod| probed(pod).contains(&number)) {
                return None;
            }
            let refused = complaints.iter().find(|complaint| {
                matches!(complaint.words.line.class, "dep-refused" | "dep-timeout")
                    && complaint.names(view, service)
            });
            if refused.is_some() || pods.iter().any(|pod| listens_elsewhere(view, pod, number)) {
                return Some(Mismatch { refused, ..certain("number") });
            }
            let (confidence, severity) = (Confidence::Medium, Severity::Warning);
            let probes_another = pods.iter().all(|pod| !probed(pod).is_empty());
            probes_another.then_some(Mismatch { class: "number", confidence, severity, refused: None })
        }
    }
}

/// Does a log that was read tell of ports, and not of this one?
fn listens_elsewhere(view: &View<'_>, pod: &Value, number: i64) -> bool {
    let logs = containers(pod).into_iter().filter_map(|container| view.log(&container, false));
    let ports: Vec<i64> = logs.flat_map(listening_ports).collect();
    !ports.is_empty() && !ports.contains(&number)
}

/// Do the slices with endpoints hold the port? None where there are no such slices.
fn is_published(view: &View<'_>, service: &Value, port: &Value) -> Option<bool> {
    let slices = view.slices_of(service).iter();
    let mut serving = slices.filter(|slice| ready_endpoints(slice).next().is_some()).peekable();
    serving.peek()?;
    let name = port.text("/name");
    Some(serving.any(|slice| slice.items("/ports").iter().any(|one| one.text("/name") == name)))
}

fn draft<'a>(
    view: &View<'a>,
    service: &'a Value,
    port: &Value,
    pods: &[&'a Value],
    mismatch: &Mismatch<'_, 'a>,
) -> Draft {
    let number = port.number("/port").unwrap_or_default();
    let mut draft = Draft::new(RULE.id, mismatch.class, mismatch.severity, service);
    draft.confidence(mismatch.confidence);
    draft.parameters.push(number.to_string());
    let path = format!(".spec.ports[port={number}]");
    draft.field(service, &path);
    let mut ports: Vec<&Value> = Vec::new();
    for pod in pods.iter().take(1) {
        for container in pod.items("/spec/containers") {
            let name = container.text("/name");
            draft.field(pod, &format!(".spec.containers[name={name}].ports"));
            draft.field(pod, &format!(".spec.containers[name={name}].readinessProbe"));
        }
        ports.extend(declared(pod));
    }
    for slice in view.slices_of(service) {
        draft.field(slice, ".ports");
    }
    if let Some(complaint) = mismatch.refused {
        complaint.words.cite(&mut draft, &complaint.container);
        draft.affects(complaint.container.pod);
    }
    if !ports.is_empty() {
        draft.suggest(format!("the pods have {}", listed(&ports, "/containerPort")));
    }
    draft.since(service, ".metadata.creationTimestamp");
    let (name, namespace) = (service.name(), service.namespace());
    draft.summary(match (mismatch.class, target(port)) {
        ("unpublished", _) => format!("port {number} of Service {name} is in none of its endpoint slices"),
        (_, Some(Target::Name(target))) => {
            format!(
                "port {number} of Service {name} leads to targetPort {target}, which its pods do not have"
            )
        }
        (_, Some(Target::Number(target))) => {
            format!(
                "port {number} of Service {name} leads to targetPort {target}, which its pods do not have"
            )
        }
        (_, None) => format!("port {number} of Service {name} leads nowhere"),
    });
    let label = format!("kubernetes.io/service-name={name}");
    draft.check(
        &["kubectl", "-n", namespace, "get", "endpointslices", "-l", &label, "-o", "yaml"],
        "which ports are published",
    );
    draft
}

#[cfg(test)]
mod tests {
    use holmes_protocol::{Confidence, Severity};
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn cluster(target: &Value) -> Scene {
        Scene::new().with(Kind::Pod, "web-1", healthy_pod("web")).with(
            Kind::Service,
            "web",
            service("web", target),
        )
    }

    fn slice(ports: &Value) -> Value {
        json!({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}], "ports": ports})
    }

    #[test]
    fn a_name_that_no_pod_has_is_certain() {
        let finding = cluster(&json!("web")).finds("svc-port-mismatch/named");
        assert_eq!(finding.confidence, Confidence::High);
        assert_eq!(finding.suggestion, ["the pods have http 8080"]);
        cluster(&json!("web"))
            .with(Kind::EndpointSlice, "web-x", slice(&Value::Null))
            .finds("svc-port-mismatch/named");
    }

    #[test]
    fn a_name_of_another_protocol_is_not_published_either() {
        let mut body = service("web", &json!("http"));
        body["spec"]["ports"][0]["protocol"] = json!("UDP");
        let scene =
            Scene::new().with(Kind::Pod, "web-1", healthy_pod("web")).with(Kind::Service, "web", body);
        scene.finds("svc-port-mismatch/named");
    }

    #[test]
    fn a_number_beside_the_probed_one_is_a_warning_and_an_error_once_a_client_is_refused() {
        let scene = cluster(&json!(9090));
        assert_eq!(scene.finds("svc-port-mismatch/number").severity, Severity::Warning);
        let scene = scene.with(Kind::Pod, "api-1", crashing_pod("api"));
        let scene = scene.log("api-1", "app", "dial tcp: connect web:80: connection refused");
        let findings = scene.findings();
        assert_eq!(scene.told(), ["svc-port-mismatch/number"], "{findings:#?}");
        assert_eq!((findings[0].severity, findings[0].confidence), (Severity::Error, Confidence::High));
    }

    #[test]
    fn a_log_that_names_another_port_makes_it_certain() {
        let scene = cluster(&json!(9090)).log("web-1", "app", "server listening on :8080");
        assert_eq!(scene.findings()[0].confidence, Confidence::High);
    }

    #[test]
    fn ports_that_fit_are_silent() {
        cluster(&json!("http")).is_silent();
        cluster(&json!(8080)).is_silent();
    }

    #[test]
    fn a_number_that_nobody_declares_or_that_the_probe_uses_is_silent() {
        let with = |edit: fn(&mut Value)| {
            let mut pod = healthy_pod("web");
            edit(&mut pod["spec"]["containers"][0]);
            Scene::new().with(Kind::Pod, "web-1", pod).with(
                Kind::Service,
                "web",
                service("web", &json!(9090)),
            )
        };
        with(|container| container["ports"] = json!([])).is_silent();
        with(|container| container["readinessProbe"] = json!({"httpGet": {"port": 9090}})).is_silent();
        with(|container| container["readinessProbe"] = Value::Null).is_silent();
    }

    #[test]
    fn a_sidecar_may_have_the_port() {
        let mut pod = healthy_pod("web");
        pod["spec"]["initContainers"] = json!([{"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "web", "containerPort": 1}]}]);
        let scene = Scene::new().with(Kind::Pod, "web-1", pod);
        scene.with(Kind::Service, "web", service("web", &json!("web"))).is_silent();
    }

    #[test]
    fn slices_without_the_port_are_told() {
        let other = slice(&json!([{"name": "old", "port": 8080}]));
        cluster(&json!(8080))
            .with(Kind::EndpointSlice, "web-x", other)
            .finds("svc-port-mismatch/unpublished");
        let own = slice(&json!([{"name": "", "port": 8080}]));
        cluster(&json!(8080)).with(Kind::EndpointSlice, "web-x", own).is_silent();
    }

    #[test]
    fn slices_are_given_time_after_the_youngest_pod() {
        let mut young = healthy_pod("web");
        young["status"]["conditions"][0]["lastTransitionTime"] = json!(JUST_NOW);
        let scene = Scene::new().with(Kind::Pod, "web-1", young).with(
            Kind::Service,
            "web",
            service("web", &json!("web")),
        );
        assert!(scene.told().is_empty());
        assert_eq!(scene.at("2026-11-16T12:00:30Z").told(), ["svc-port-mismatch/named"]);
    }
}
