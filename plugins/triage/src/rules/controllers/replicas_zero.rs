//! A workload was scaled to zero although something needs it.
//!
//! Fires when `spec.replicas` is zero, a Service selects its template and has no pod, and a consumer exists: an
//! Ingress or route, an address in a running workload, or a log line that names the Service. A workload that
//! was never above zero, or that a scaler or a schedule keeps there, is at zero by design: a note.

use std::collections::HashMap;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::address::{addresses, service, services_in_line};
use crate::blame::last_words;
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, selects};
use crate::observations::Kind;
use crate::rules::backends;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Words in annotations of those who scale to zero on purpose.
const ON_PURPOSE: [&str; 8] =
    ["downscaler", "sleep", "keda", "knative", "schedule", "scale", "snooze", "hibernate"];

pub(super) const RULE: Rule = Rule {
    id: "replicas-zero",
    subject: Subject::Controller,
    reads: &[Kind::Deployment, Kind::StatefulSet, Kind::Service, Kind::Ingress, Kind::Pod],
    explains: &[Effect::Dependents, Effect::Rule("svc-no-ready-endpoints"), Effect::Rule("ingress-backend")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let kinds = [Kind::Deployment, Kind::StatefulSet].into_iter();
    let idle: Vec<(&Value, &Value)> = kinds
        .flat_map(|kind| view.all(kind))
        .filter(|object| object.number("/spec/replicas") == Some(0) && !object.is_deleting())
        .filter_map(|object| Some((object, idle_service(view, object)?)))
        .collect();
    if idle.is_empty() {
        return Vec::new();
    }
    let consumers = consumers(view);
    idle.into_iter()
        .filter_map(|(object, service)| {
            let consumer = consumers.get(service.key().as_str())?;
            Some(judge(view, object, service, consumer))
        })
        .collect()
}

/// The Service that selects the template and nothing else.
fn idle_service<'a>(view: &View<'a>, object: &Value) -> Option<&'a Value> {
    let labels = object.pointer("/spec/template/metadata/labels")?;
    let mut services = view.all(Kind::Service).iter();
    let service = services.find(|service| {
        service.namespace() == object.namespace() && selects(&service.pairs("/spec/selector"), labels)
    })?;
    let others = view.workloads_in(object.namespace()).iter().any(|other| {
        let labels = other.pointer("/spec/template/metadata/labels");
        other.number("/spec/replicas") != Some(0)
            && labels.is_some_and(|labels| selects(&service.pairs("/spec/selector"), labels))
    });
    (view.selected_by(service).is_empty() && view.is_complete(Kind::Pod, object.namespace()) && !others)
        .then_some(service)
}

/// Who needs a Service, and how a finding cites it.
enum Consumer<'a> {
    Field(&'a Value, String),
    Log(Container<'a>),
}

/// By key of the Service, the first consumer of each.
fn consumers<'a>(view: &View<'a>) -> HashMap<String, Consumer<'a>> {
    let mut found = HashMap::new();
    for ingress in view.all(Kind::Ingress) {
        for backend in backends(ingress) {
            let key = crate::object::object_key("Service", ingress.namespace(), backend.service);
            found.entry(key).or_insert(Consumer::Field(ingress, backend.path));
        }
    }
    for route in view.all(Kind::HttpRoute).iter().chain(view.all(Kind::GrpcRoute)) {
        for (rule, index) in route.items("/spec/rules").iter().zip(0..) {
            for (backend, number) in rule.items("/backendRefs").iter().zip(0..) {
                let namespace = match backend.text("/namespace") {
                    "" => route.namespace(),
                    other => other,
                };
                let key = crate::object::object_key("Service", namespace, backend.text("/name"));
                let path = format!(".spec.rules[{index}].backendRefs[{number}].name");
                found.entry(key).or_insert(Consumer::Field(route, path));
            }
        }
    }
    for container in view.working_containers() {
        let namespace = container.pod.namespace();
        for address in addresses(container) {
            if let Some(service) = service(view, namespace, address.host).found() {
                found.entry(service.key()).or_insert(Consumer::Field(address.source, address.path));
            }
        }
        let words = last_words(view, container).filter(|words| words.line.class.starts_with("dep-"));
        for service in words.iter().flat_map(|words| services_in_line(view, namespace, words.line.line)) {
            found.entry(service.key()).or_insert(Consumer::Log(*container));
        }
    }
    found
}

fn judge<'a>(view: &View<'a>, object: &'a Value, service: &'a Value, consumer: &Consumer<'a>) -> Draft {
    // A Deployment that nobody ever scaled, or that a schedule scales, is at zero by design.
    let was_above_zero = object.number("/metadata/generation").unwrap_or_default() > 1;
    let by_design = !was_above_zero || is_on_purpose(view, object);
    let (severity, confidence) =
        if by_design { (Severity::Note, Confidence::Low) } else { (Severity::Error, Confidence::Medium) };
    let mut draft = Draft::new(RULE.id, "", severity, object);
    draft.confidence(confidence);
    draft.field(object, ".spec.replicas");
    draft.field(service, ".spec.selector");
    draft.affects(service);
    let user = match consumer {
        Consumer::Field(user, path) => {
            draft.field(user, path);
            user
        }
        Consumer::Log(container) => {
            if let Some(words) = last_words(view, container) {
                words.cite(&mut draft, container);
            }
            container.pod
        }
    };
    draft.affects(user);
    if let Some(event) = view.newest_event(object, &["ScalingReplicaSet"], |message| message.contains("to 0"))
    {
        draft.event(event);
        draft.since(event, ".lastTimestamp");
    }
    let verb = if matches!(user.kind(), "Pod" | "ConfigMap") { "needs it" } else { "routes to it" };
    draft.summary(format!(
        "{} {} is scaled to zero, but {} {} {verb}",
        object.kind(),
        object.name(),
        user.kind(),
        user.name()
    ));
    let target = format!("{}/{}", object.kind().to_ascii_lowercase(), object.name());
    draft.fix(
        &["kubectl", "-n", object.namespace(), "scale", &target, "--replicas=1"],
        "runs it again",
        "low",
    );
    draft
}

fn is_on_purpose(view: &View<'_>, object: &Value) -> bool {
    let annotations = object.pairs("/metadata/annotations");
    let marked = annotations.iter().any(|(key, value)| {
        let text = format!("{key} {value}").to_ascii_lowercase();
        ON_PURPOSE.iter().any(|word| text.contains(word))
    });
    let targets = |scaler: &Value| {
        scaler.namespace() == object.namespace() && scaler.text("/spec/scaleTargetRef/name") == object.name()
    };
    let scaled = view
        .all(Kind::HorizontalPodAutoscaler)
        .iter()
        .any(|autoscaler| targets(autoscaler) && autoscaler.number("/spec/minReplicas") == Some(0));
    marked || scaled || view.all(Kind::ScaledObject).iter().any(targets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{Scene, crashing_pod, healthy_pod, service};

    fn idle(annotations: &Value, generation: i64) -> Scene {
        let deployment = json!({"metadata": {"generation": generation, "annotations": annotations},
            "spec": {"replicas": 0, "template": {"metadata": {"labels": {"app": "cart"}}, "spec": {}}}, "status": {"observedGeneration": generation}});
        Scene::new().with(Kind::Deployment, "cart", deployment).with(
            Kind::Service,
            "cart",
            service("cart", &json!(8080)),
        )
    }

    fn routed(annotations: &Value, generation: i64) -> Scene {
        let ingress = json!({"spec": {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "cart", "port": {"number": 80}}}}]}}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
        idle(annotations, generation).with(Kind::Ingress, "web", ingress)
    }

    #[test]
    fn a_scaled_down_deployment_is_a_failure_only_when_something_routes_to_it() {
        assert_eq!(routed(&json!({}), 3).told(), ["replicas-zero/"]);
        idle(&json!({}), 3).is_silent();
        routed(&json!({}), 1).is_silent();
        routed(&json!({"downscaler/uptime": "Mon-Fri"}), 3).is_silent();
    }

    #[test]
    fn an_address_or_a_log_line_of_a_client_counts_too() {
        let mut client = healthy_pod("api");
        client["spec"]["containers"][0]["env"] = json!([{"name": "A_URL", "value": "http://cart:80"}]);
        idle(&json!({}), 3).with(Kind::Pod, "api-1", client).finds("replicas-zero/");
        let scene = idle(&json!({}), 3).with(Kind::Pod, "api-1", crashing_pod("api")).log(
            "api-1",
            "app",
            "dial tcp cart:80: connect: connection refused",
        );
        assert_eq!(scene.told(), ["replicas-zero/"]);
    }

    #[test]
    fn another_workload_behind_the_service_makes_it_a_matter_of_design() {
        let twin = json!({"spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "cart"}}, "spec": {}}},
            "status": {"availableReplicas": 1, "updatedReplicas": 1}});
        let told = routed(&json!({}), 3).with(Kind::Deployment, "cart-green", twin).with(
            Kind::Pod,
            "cart-green-1",
            healthy_pod("cart"),
        );
        assert!(told.told().is_empty(), "{:?}", told.told());
    }
}
