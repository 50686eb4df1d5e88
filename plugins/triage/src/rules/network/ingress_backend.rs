//! `ingress-backend`: an Ingress routes to a Service that does not exist (`service`), to a port that the Service
//! does not have (`port`), or to a Service for which nobody answers (`unready`, which the Service's or the pods'
//! own findings explain).
//!
//! Not on: resource backends, Services that are names for something outside.

use holmes_protocol::Severity;
use serde_json::Value;

use super::endpoints::{has_ready_endpoint, is_ready, patience, pods_of_service, unready_since};
use super::route::{Backend, backends};
use super::target_port::listed;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Rule, Subject};
use crate::view::{Lookup, View};

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "ingress-backend",
    subject: Subject::Network,
    reads: &[Kind::Ingress, Kind::Service],
    explains: &[],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let settled = |ingress: &&Value| !ingress.is_deleting() && view.age(ingress.created()) >= Some(GRACE);
    let ingresses = view.all(Kind::Ingress).iter().filter(settled);
    ingresses
        .flat_map(|ingress| backends(ingress).into_iter().filter_map(|one| judge(view, ingress, &one)))
        .collect()
}

fn judge<'a>(view: &View<'a>, ingress: &'a Value, backend: &Backend<'a>) -> Option<Draft> {
    match view.find(Kind::Service, ingress.namespace(), backend.service) {
        Lookup::Absent => Some(no_service(view, ingress, backend)),
        Lookup::Found(service) if service.text("/spec/type") == "ExternalName" => None,
        Lookup::Found(service) => {
            no_port(ingress, backend, service).or_else(|| unready(view, ingress, backend, service))
        }
        Lookup::Unknown => None,
    }
}

/// The host of the rule that a backend belongs to.
fn host<'a>(ingress: &'a Value, backend: &Backend<'_>) -> &'a str {
    let index = backend.path.strip_prefix(".spec.rules[").and_then(|rest| rest.split_once(']'));
    let index = index.map_or("0", |(index, _)| index);
    match ingress.text(&format!("/spec/rules/{index}/host")) {
        "" => "any host",
        host => host,
    }
}

fn draft(class: &str, severity: Severity, ingress: &Value, what: String) -> Draft {
    let mut draft = Draft::new(RULE.id, class, severity, ingress);
    draft.collapse = format!("{} {what}", ingress.key());
    draft.parameters.push(what);
    draft
}

fn no_service<'a>(view: &View<'a>, ingress: &'a Value, backend: &Backend<'a>) -> Draft {
    let namespace = ingress.namespace();
    let mut draft = draft("service", Severity::Critical, ingress, backend.service.to_owned());
    draft.field(ingress, &format!("{}.name", backend.path));
    draft.absent("Service", namespace, backend.service);
    draft.since(ingress, ".metadata.creationTimestamp");
    draft.summary(format!(
        "Ingress {} ({}) routes to Service {}, which does not exist (not found)",
        ingress.name(),
        host(ingress, backend),
        backend.service
    ));
    let services = view.all(Kind::Service).iter().filter(|service| service.namespace() == namespace);
    if let Some(near) = nearest::name(backend.service, services.map(Value::name)) {
        draft.suggest(format!("Service `{near}` exists in namespace {namespace}"));
    }
    draft.check(&["kubectl", "-n", namespace, "get", "services"], "which Services there are");
    draft
}

fn no_port<'a>(ingress: &'a Value, backend: &Backend<'a>, service: &'a Value) -> Option<Draft> {
    let wanted = backend.port?;
    let ports = service.items("/spec/ports");
    let (known, text) = match (wanted.number("/number"), wanted.text("/name")) {
        (Some(number), _) => {
            (ports.iter().any(|port| port.number("/port") == Some(number)), number.to_string())
        }
        (None, "") => return None,
        (None, name) => (ports.iter().any(|port| port.text("/name") == name), format!("`{name}`")),
    };
    if known {
        return None;
    }
    let mut draft = draft("port", Severity::Critical, ingress, format!("{}:{text}", backend.service));
    draft.field(ingress, &format!("{}.port", backend.path));
    draft.field(service, ".spec.ports");
    draft.affects(service);
    draft.since(ingress, ".metadata.creationTimestamp");
    let all: Vec<&Value> = ports.iter().collect();
    draft.suggest(format!("Service {} has {}", service.name(), listed(&all, "/port")));
    draft.summary(format!(
        "Ingress {} ({}) routes to port {text} of Service {}, which has no such port",
        ingress.name(),
        host(ingress, backend),
        service.name()
    ));
    Some(draft)
}

/// Pods or endpoints that somebody else keeps, and none of them takes traffic.
fn unready<'a>(
    view: &View<'a>,
    ingress: &'a Value,
    backend: &Backend<'a>,
    service: &'a Value,
) -> Option<Draft> {
    let pods = pods_of_service(view, service);
    let answers = pods.iter().any(|pod| is_ready(pod)) || has_ready_endpoint(view, service);
    let kept_by_hand = service.pairs("/spec/selector").is_empty() && !view.slices_of(service).is_empty();
    let read = view.is_complete(Kind::Pod, service.namespace());
    if answers || pods.is_empty() && !kept_by_hand || !read || service.flag("/spec/publishNotReadyAddresses")
    {
        return None;
    }
    let since = unready_since(&pods);
    if since.is_some() && view.age(since)? < patience(&pods) {
        return None;
    }
    let mut draft = draft("unready", Severity::Critical, ingress, format!("{} unready", backend.service));
    draft.field(ingress, &format!("{}.name", backend.path));
    for pod in pods.iter().take(1) {
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    for slice in view.slices_of(service) {
        draft.field(slice, ".endpoints");
    }
    draft.affects(service);
    draft.since_at(since, "the newest change of .status.conditions[type=Ready]".to_owned());
    draft.summary(format!(
        "Ingress {} ({}) routes to Service {}, which has no ready endpoints",
        ingress.name(),
        host(ingress, backend),
        service.name()
    ));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn ingress(name: &str, port: &Value) -> Value {
        json!({"spec": {"rules": [{"host": "shop.example", "http": {"paths": [
            {"path": "/", "backend": {"service": {"name": name, "port": port}}}]}}]}})
    }

    fn cluster(name: &str, port: &Value) -> Scene {
        Scene::new()
            .with(Kind::Ingress, "shop", ingress(name, port))
            .with(Kind::Service, "web", service("web", &json!(8080)))
            .with(Kind::Pod, "web-1", healthy_pod("web"))
    }

    #[test]
    fn a_service_that_is_not_there_is_named_with_the_one_that_is() {
        let finding = cluster("web-svc", &json!({"number": 80})).finds("ingress-backend/service");
        assert!(finding.summary.contains("shop.example"), "{}", finding.summary);
        let finding = cluster("webb", &json!({"number": 80})).finds("ingress-backend/service");
        assert_eq!(finding.suggestion, ["Service `web` exists in namespace shop"]);
    }

    #[test]
    fn a_port_is_found_by_number_and_by_name() {
        let finding = cluster("web", &json!({"number": 8080})).finds("ingress-backend/port");
        assert_eq!(finding.suggestion, ["Service web has 80"]);
        cluster("web", &json!({"name": "http"})).finds("ingress-backend/port");
        cluster("web", &json!({"number": 80})).is_silent();
    }

    #[test]
    fn a_forbidden_service_is_not_absent() {
        assert!(cluster("gone", &json!({"number": 80})).forbid(Kind::Service).told().is_empty());
    }

    #[test]
    fn a_crash_behind_the_ingress_explains_it() {
        let scene = Scene::new()
            .with(Kind::Ingress, "shop", ingress("web", &json!({"number": 80})))
            .with(Kind::Service, "web", service("web", &json!(8080)))
            .with(Kind::Pod, "web-1", crashing_pod("web"));
        assert_eq!(scene.told(), ["crashloop/app-error"]);
        let findings = scene.findings();
        let symptoms: Vec<&str> = findings[0].symptoms.iter().map(|one| one.class.as_str()).collect();
        assert!(symptoms.contains(&"unready"), "{symptoms:?}");
    }

    #[test]
    fn endpoints_kept_by_hand_that_are_not_ready_are_told() {
        let slice = |ready: bool| {
            json!({"metadata": {"labels": {"kubernetes.io/service-name": "legacy"}}, "addressType": "IPv4",
                "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": ready}}]})
        };
        let scene = |ready: bool| {
            Scene::new()
                .with(Kind::Ingress, "shop", ingress("legacy", &json!({"number": 80})))
                .with(Kind::Service, "legacy", json!({"spec": {"ports": [{"port": 80}]}}))
                .with(Kind::EndpointSlice, "legacy", slice(ready))
        };
        scene(false).finds("ingress-backend/unready");
        scene(true).is_silent();
    }

    #[test]
    fn resource_backends_and_names_outside_are_silent() {
        let bucket = json!({"spec": {"rules": [{"http": {"paths": [{"backend": {"resource": {"kind": "Bucket", "name": "b"}}}]}}]}});
        let outside = json!({"spec": {"type": "ExternalName", "externalName": "x.example"}});
        Scene::new()
            .with(Kind::Ingress, "static", bucket)
            .with(Kind::Ingress, "shop", ingress("outside", &json!({"number": 443})))
            .with(Kind::Service, "outside", outside)
            .is_silent();
    }

    #[test]
    fn a_new_ingress_is_given_a_minute() {
        let mut young = ingress("gone", &json!({"number": 80}));
        young["metadata"] = json!({"creationTimestamp": JUST_NOW});
        let scene = Scene::new().with(Kind::Ingress, "shop", young);
        assert!(scene.told().is_empty());
        assert_eq!(scene.at("2026-11-16T12:00:50Z").told(), ["ingress-backend/service"]);
    }
}
