//! `svc-lb-pending`: a Service of type `LoadBalancer` has had no address for five minutes. A warning where its
//! class belongs to a controller of its own, which may simply not be installed.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::View;

/// Clouds need minutes for an address.
const GRACE: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "svc-lb-pending",
    subject: Subject::Network,
    reads: &[Kind::Service],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let services = view.all(Kind::Service).iter();
    services.filter(|service| waits(view, service)).map(|service| draft(view, service)).collect()
}

fn waits(view: &View<'_>, service: &Value) -> bool {
    service.text("/spec/type") == "LoadBalancer"
        && service.items("/status/loadBalancer/ingress").is_empty()
        && !service.is_deleting()
        && view.age(service.created()) >= Some(GRACE)
}

fn draft<'a>(view: &View<'a>, service: &'a Value) -> Draft {
    let failed = view.newest_event(service, &["SyncLoadBalancerFailed", "AllocationFailed"], |_| true);
    let class = service.text("/spec/loadBalancerClass");
    let severity = if class.is_empty() || failed.is_some() { Severity::Error } else { Severity::Warning };
    let mut draft = Draft::new(RULE.id, "", severity, service);
    match failed {
        Some(event) => draft.event(event),
        None => draft.confidence(Confidence::Medium),
    }
    draft.field(service, ".spec.type");
    draft.field(service, ".spec.loadBalancerClass");
    draft.computed(service, ".status.loadBalancer.ingress", "empty");
    draft.since(service, ".metadata.creationTimestamp");
    let why = match failed {
        Some(event) => format!(": {}", event.text("/message")),
        None if class.is_empty() => ", and no event says why".to_owned(),
        None => format!(": nothing answers for the class {class}"),
    };
    draft.summary(format!("Service {} of type LoadBalancer has no address{why}", service.name()));
    let (namespace, name) = (service.namespace(), service.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "service", name], "what the cloud says");
    draft
}

#[cfg(test)]
mod tests {
    use holmes_protocol::Severity;
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn balancer(addresses: &Value, made: &str) -> Value {
        json!({"metadata": {"creationTimestamp": made}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": addresses}}})
    }

    #[test]
    fn a_balancer_without_address_quotes_the_cloud() {
        let text = "Error syncing load balancer: failed to ensure load balancer: subnet is full";
        let scene = Scene::new().with(Kind::Service, "web", balancer(&json!([]), EARLIER)).event(
            Kind::Service,
            "web",
            "SyncLoadBalancerFailed",
            text,
        );
        assert!(scene.finds("svc-lb-pending/").summary.contains("subnet is full"));
    }

    #[test]
    fn an_address_or_five_minutes_make_it_silent() {
        Scene::new().with(Kind::Service, "web", balancer(&json!([{"ip": "20.0.0.1"}]), LONG_AGO)).is_silent();
        let scene = Scene::new().with(Kind::Service, "web", balancer(&json!([]), LATELY));
        assert!(scene.clone().at("2026-11-16T11:59:59Z").told().is_empty());
        scene.finds("svc-lb-pending/");
    }

    #[test]
    fn a_class_without_controller_is_a_warning() {
        let mut body = balancer(&json!([]), LONG_AGO);
        body["spec"]["loadBalancerClass"] = json!("tailscale");
        let finding = Scene::new().with(Kind::Service, "web", body).finds("svc-lb-pending/");
        assert_eq!(finding.severity, Severity::Warning);
    }
}
