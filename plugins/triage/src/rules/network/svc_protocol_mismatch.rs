//! `svc-protocol-mismatch`: a Service and its pods declare the same number with different protocols, and either
//! the kubelet probes that number over TCP although the Service speaks UDP, or a failing client names the Service.
//!
//! Declarations alone are a note: they are informational and default to TCP.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::complaint::{Complaint, complaints};
use super::endpoints::{is_selecting, pods_of_service};
use super::target_port::{Target, declared, probed, protocol, target};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "svc-protocol-mismatch",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let complaints = complaints(view);
    let services = view.all(Kind::Service).iter().filter(|service| is_selecting(service));
    services.flat_map(|service| judge(view, service, &complaints)).collect()
}

fn judge<'a>(view: &View<'a>, service: &'a Value, complaints: &[Complaint<'a>]) -> Vec<Draft> {
    let ports = service.items("/spec/ports");
    let pods = pods_of_service(view, service);
    let Some(pod) = pods.first().copied() else { return Vec::new() };
    let differs = |port: &&Value| {
        let Some(Target::Number(number)) = target(port) else { return false };
        let declared = declared(pod).into_iter().filter(|one| one.number("/containerPort") == Some(number));
        let protocols: Vec<&str> = declared.map(protocol).collect();
        // One number over both protocols, as DNS has it, is two ports of the Service.
        let also = ports.iter().any(|other| {
            target(other) == Some(Target::Number(number)) && protocols.contains(&protocol(other))
        });
        !protocols.is_empty() && !protocols.contains(&protocol(port)) && !also
    };
    ports.iter().filter(differs).map(|port| draft(view, service, port, pod, complaints)).collect()
}

fn draft<'a>(
    view: &View<'a>,
    service: &'a Value,
    port: &Value,
    pod: &'a Value,
    complaints: &[Complaint<'a>],
) -> Draft {
    let number = port.number("/port").unwrap_or_default();
    let is_target = |one: i64| target(port) == Some(Target::Number(one));
    let probed = protocol(port) == "UDP" && probed(pod).into_iter().any(is_target);
    let complaint = complaints.iter().find(|complaint| complaint.names(view, service));
    let severity = if probed || complaint.is_some() { Severity::Error } else { Severity::Note };
    let mut draft = Draft::new(RULE.id, "", severity, service);
    if !probed {
        draft.confidence(Confidence::Medium);
    }
    draft.parameters.push(number.to_string());
    draft.collapse = format!("{} {number}", service.key());
    draft.field(service, &format!(".spec.ports[port={number}]"));
    for container in pod.items("/spec/containers") {
        let name = container.text("/name");
        draft.field(pod, &format!(".spec.containers[name={name}].ports"));
        if probed {
            draft.field(pod, &format!(".spec.containers[name={name}].readinessProbe"));
        }
    }
    if let Some(complaint) = complaint {
        complaint.words.cite(&mut draft, &complaint.container);
        draft.affects(complaint.container.pod);
    }
    draft.since(service, ".metadata.creationTimestamp");
    let theirs = declared(pod).into_iter().find(|one| one.number("/containerPort").is_some_and(is_target));
    draft.summary(format!(
        "port {number} of Service {} is {}, its pods declare that port as {}",
        service.name(),
        protocol(port),
        theirs.map(protocol).unwrap_or_default()
    ));
    draft
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn cluster(protocol: &str, probe: &Value) -> Scene {
        let mut pod = healthy_pod("web");
        pod["spec"]["containers"][0]["readinessProbe"] = probe.clone();
        let mut body = service("web", &json!(8080));
        body["spec"]["ports"][0]["protocol"] = json!(protocol);
        Scene::new().with(Kind::Pod, "web-1", pod).with(Kind::Service, "web", body)
    }

    #[test]
    fn a_tcp_probe_behind_a_udp_service_is_a_failure() {
        cluster("UDP", &json!({"tcpSocket": {"port": 8080}})).finds("svc-protocol-mismatch/");
        cluster("TCP", &json!({"tcpSocket": {"port": 8080}})).is_silent();
    }

    #[test]
    fn declarations_alone_are_a_note_until_a_client_complains() {
        let scene = cluster("UDP", &json!({"exec": {"command": ["true"]}}));
        scene.is_silent();
        assert_eq!(scene.noted(), ["svc-protocol-mismatch/"]);
        let scene = scene.with(Kind::Pod, "api-1", crashing_pod("api")).log(
            "api-1",
            "app",
            "dial tcp web:80: i/o timeout",
        );
        assert_eq!(scene.told(), ["svc-protocol-mismatch/"]);
    }

    #[test]
    fn one_number_over_both_protocols_is_silent() {
        let mut pod = healthy_pod("dns");
        pod["spec"]["containers"][0]["ports"] = json!([{"name": "dns", "containerPort": 53}]);
        pod["spec"]["containers"][0]["readinessProbe"] = json!({"tcpSocket": {"port": 53}});
        let body = json!({"spec": {"selector": {"app": "dns"}, "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]}});
        let scene = Scene::new().with(Kind::Pod, "dns-1", pod).with(Kind::Service, "dns", body);
        scene.is_silent();
        assert!(scene.noted().is_empty());
    }
}
