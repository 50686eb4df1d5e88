//! `svc-local-policy-hole`: a Service that keeps traffic on the node. `internal`: a client's node has no ready
//! endpoint, so the client reaches nobody. `external`: no node that a load balancer uses has one.
//!
//! Not on: agents of a DaemonSet that cover every client, and Services without any ready endpoint (their pods'
//! matter).

use std::collections::BTreeSet;

use holmes_protocol::Severity;
use serde_json::Value;

use super::endpoints::{is_selecting, serving_nodes};
use crate::address::{Address, addresses, service as service_of};
use crate::containers::Container;
use crate::draft::Draft;
use crate::object::{Object, Seconds, label};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::{View, labels};

const GRACE: Seconds = 30;
/// Clients and nodes that the finding shows.
const SHOWN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "svc-local-policy-hole",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod, Kind::Node],
    explains: &[Effect::Dependents],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let settled = |service: &&Value| is_selecting(service) && view.age(service.created()) >= Some(GRACE);
    let local = |pointer: &'static str| {
        let services = view.all(Kind::Service).iter().filter(settled);
        services.filter(move |service| service.text(pointer) == "Local")
    };
    let internal: Vec<&Value> = local("/spec/internalTrafficPolicy").collect();
    let mut drafts = inside(view, &internal);
    let external = local("/spec/externalTrafficPolicy");
    drafts.extend(external.filter_map(|service| outside(view, service)));
    drafts
}

/// A container that was given the address of a Service.
struct Client<'a> {
    service: &'a Value,
    container: Container<'a>,
    address: Address<'a>,
}

impl<'a> Client<'a> {
    fn node(&self) -> &'a str {
        self.container.pod.text("/spec/nodeName")
    }
}

/// Clients of these Services whose node nobody serves.
fn inside<'a>(view: &View<'a>, services: &[&'a Value]) -> Vec<Draft> {
    if services.is_empty() {
        return Vec::new();
    }
    let mut clients: Vec<Client<'a>> = Vec::new();
    for container in view.working_containers().iter().filter(|one| !one.pod.text("/spec/nodeName").is_empty())
    {
        for address in addresses(container) {
            let found = service_of(view, container.pod.namespace(), address.host).found();
            let found = found.and_then(|found| services.iter().find(|service| service.key() == found.key()));
            clients.extend(found.map(|service| Client { service, container: *container, address }));
        }
    }
    services.iter().filter_map(|service| hole(view, service, &clients)).collect()
}

fn hole<'a>(view: &View<'a>, service: &'a Value, clients: &[Client<'a>]) -> Option<Draft> {
    let served = serving_nodes(view, service);
    let of_service = clients.iter().filter(|client| std::ptr::eq(client.service, service));
    let stranded: Vec<&Client<'a>> = of_service.filter(|client| !served.contains(client.node())).collect();
    if served.is_empty() || stranded.is_empty() {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "internal", Severity::Error, service);
    draft.field(service, ".spec.internalTrafficPolicy");
    for client in stranded.iter().take(SHOWN) {
        draft.field(client.address.source, &client.address.path);
        draft.field(client.container.pod, ".spec.nodeName");
        draft.affects(client.container.pod);
    }
    draft.computed(service, ".spec.selector", format!("ready endpoints on {}", joined(&served)));
    draft.since(service, ".metadata.creationTimestamp");
    let nodes: BTreeSet<&str> = stranded.iter().map(|client| client.node()).collect();
    draft.summary(format!(
        "Service {} serves only its own node, and its clients on {} have no ready endpoint there",
        service.name(),
        joined(&nodes)
    ));
    draft.suggest("run the pods on every client's node, or set internalTrafficPolicy: Cluster");
    Some(draft)
}

/// Endpoints only on nodes that load balancers leave out.
fn outside<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let balanced = service.text("/spec/type") == "LoadBalancer";
    let served = serving_nodes(view, service);
    if !balanced || served.is_empty() || !view.is_complete(Kind::Node, "") {
        return None;
    }
    let nodes: Vec<&Value> =
        served.iter().filter_map(|name| view.find(Kind::Node, "", name).found()).collect();
    let excluded = |node: &&Value| label(labels(node), EXCLUDED).is_some();
    if nodes.len() < served.len() || !nodes.iter().all(excluded) {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "external", Severity::Warning, service);
    draft.field(service, ".spec.externalTrafficPolicy");
    for node in nodes.iter().take(SHOWN) {
        draft.field(node, &format!(".metadata.labels['{EXCLUDED}']"));
    }
    draft.since(service, ".metadata.creationTimestamp");
    draft.summary(format!(
        "Service {} serves only nodes with an endpoint, and load balancers leave out {}",
        service.name(),
        joined(&served)
    ));
    draft.suggest("run a pod on a node that the load balancer uses, or set externalTrafficPolicy: Cluster");
    Some(draft)
}

const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

fn joined(names: &BTreeSet<&str>) -> String {
    names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn on(node: &str, app: &str) -> Value {
        let mut pod = healthy_pod(app);
        pod["spec"]["nodeName"] = json!(node);
        pod
    }

    fn client(node: &str) -> Value {
        let mut pod = on(node, "web");
        pod["spec"]["containers"][0]["env"] = json!([{"name": "CACHE_URL", "value": "http://cache:80"}]);
        pod
    }

    fn cluster(policy: &str, client_node: &str) -> Scene {
        let mut body = service("cache", &json!(8080));
        body["spec"]["internalTrafficPolicy"] = json!(policy);
        Scene::new().with(Kind::Service, "cache", body).with(Kind::Pod, "cache-1", on("n1", "cache")).with(
            Kind::Pod,
            "web-1",
            client(client_node),
        )
    }

    #[test]
    fn a_client_without_a_neighbour_reaches_nobody() {
        let finding = cluster("Local", "n2").finds("svc-local-policy-hole/internal");
        assert!(finding.summary.contains("n2"), "{}", finding.summary);
    }

    #[test]
    fn clients_with_a_neighbour_and_clusterwide_traffic_are_silent() {
        cluster("Local", "n1").is_silent();
        cluster("Cluster", "n2").is_silent();
    }

    #[test]
    fn a_balancer_that_leaves_out_every_serving_node_is_told() {
        let scene = |labels: Value| {
            let mut body = service("web", &json!(8080));
            body["spec"]["type"] = json!("LoadBalancer");
            body["spec"]["externalTrafficPolicy"] = json!("Local");
            body["status"] = json!({"loadBalancer": {"ingress": [{"ip": "20.0.0.1"}]}});
            let ready =
                json!({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]});
            Scene::new()
                .with(Kind::Node, "n1", json!({"metadata": {"labels": labels}, "status": ready}))
                .with(Kind::Service, "web", body)
                .with(Kind::Pod, "web-1", healthy_pod("web"))
        };
        scene(json!({(super::EXCLUDED): ""})).finds("svc-local-policy-hole/external");
        scene(json!({})).is_silent();
    }
}
