//! `netpol-blocks-path` (`egress`, `ingress`): policies deny a path that is meant to be used, from a container to a
//! Service that it was given, or from an ingress controller to a backend. A failure once the client complains of
//! names or time-outs, else a note.
//!
//! Not on: policies as such, default-deny included, and clients that may not even ask the DNS (`netpol-blocks-dns`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::complaint::complaints;
use super::consumer::distinct_addresses;
use super::endpoints::pods_of_service;
use super::intended_path::{Path, denied, tell};
use super::netpol_blocks_dns::blocked;
use super::policy::Policies;
use super::resolver;
use super::route::backends;
use crate::address::{addresses, service as service_of};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Ingress controllers, as their pods are labelled with `app.kubernetes.io/name`.
const CONTROLLERS: [&str; 6] =
    ["ingress-nginx", "nginx-ingress", "traefik", "haproxy-ingress", "kong", "contour"];

pub(super) const RULE: Rule = Rule {
    id: "netpol-blocks-path",
    subject: Subject::Network,
    reads: &[Kind::NetworkPolicy],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("netpol-blocks-path")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    if view.all(Kind::NetworkPolicy).is_empty() {
        return Vec::new();
    }
    let policies = Policies::new(view);
    let mut drafts = BTreeMap::new();
    complained(view, &policies, &mut drafts);
    quiet(view, &policies, &mut drafts);
    from_controllers(view, &policies, &mut drafts);
    drafts.into_values().collect()
}

fn complained<'a>(view: &View<'a>, policies: &Policies<'_, 'a>, drafts: &mut BTreeMap<String, Draft>) {
    let dns = resolver::service(view).and_then(|service| pods_of_service(view, service).first().copied());
    for complaint in complaints(view) {
        let client = complaint.container.pod;
        let relevant = matches!(complaint.words.line.class, "dep-dns" | "dep-timeout");
        if !relevant || dns.is_some_and(|dns| blocked(policies, client, dns).is_some()) {
            continue;
        }
        let given = addresses(&complaint.container);
        for service in complaint.services(view) {
            let port = given.iter().find_map(|address| {
                let found = service_of(view, client.namespace(), address.host).found()?;
                (found.key() == service.key()).then(|| address.port.map(i64::from)).flatten()
            });
            if let Some(denial) = denied(view, policies, client, service, port) {
                let (target, complaint) = (&service.key(), Some(&complaint));
                let path = Path { rule: RULE.id, denial: &denial, client, target, address: None, complaint };
                tell(view, &path, drafts);
            }
        }
    }
}

/// Addresses of containers that say nothing.
fn quiet<'a>(view: &View<'a>, policies: &Policies<'_, 'a>, drafts: &mut BTreeMap<String, Draft>) {
    for (container, address) in distinct_addresses(view) {
        let client = container.pod;
        let port = address.port.map(i64::from);
        let Some(service) = service_of(view, client.namespace(), address.host).found() else { continue };
        if let Some(denial) = denied(view, policies, client, service, port) {
            let (target, address) = (&service.key(), Some((address.source, address.path.as_str())));
            let path = Path { rule: RULE.id, denial: &denial, client, target, address, complaint: None };
            tell(view, &path, drafts);
        }
    }
}

/// Backends that no ingress controller reaches.
fn from_controllers<'a>(view: &View<'a>, policies: &Policies<'_, 'a>, drafts: &mut BTreeMap<String, Draft>) {
    let namespaces = view.all(Kind::Namespace).iter();
    let controllers: Vec<&'a Value> = namespaces
        .flat_map(|namespace| {
            let labelled = |name: &&str| view.selected(namespace.name(), &[("app.kubernetes.io/name", name)]);
            CONTROLLERS.iter().filter_map(move |name| labelled(name).first().copied())
        })
        .collect();
    for ingress in view.all(Kind::Ingress).iter().filter(|ingress| policies.concern(ingress.namespace())) {
        for backend in backends(ingress) {
            let Some(service) = view.find(Kind::Service, ingress.namespace(), backend.service).found() else {
                continue;
            };
            let port = backend.port.and_then(|port| port.number("/number"));
            let ways =
                controllers.iter().map(|client| (*client, denied(view, policies, client, service, port)));
            let mut ways: Vec<_> = ways.collect();
            if ways.iter().any(|(_, denial)| denial.is_none()) {
                continue;
            }
            if let Some((client, Some(denial))) = ways.pop() {
                let address = Some((ingress, backend.path.as_str()));
                let target = &service.key();
                let path = Path { rule: RULE.id, denial: &denial, client, target, address, complaint: None };
                tell(view, &path, drafts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    const LINE: &str = "dial tcp db:80: i/o timeout";

    fn cluster(client: Value, policy: &Value) -> Scene {
        Scene::new()
            .with(Kind::Pod, "db-1", healthy_pod("db"))
            .with(Kind::Service, "db", service("db", &json!(8080)))
            .with(Kind::Pod, "api-1", client)
            .with(Kind::NetworkPolicy, "db", json!({"spec": policy}))
    }

    fn from(app: &str) -> Value {
        json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": app}}}]}]})
    }

    #[test]
    fn a_target_that_lets_in_somebody_else_is_told_at_its_policy() {
        let scene = cluster(crashing_pod("api"), &from("web")).log("api-1", "app", LINE);
        let finding = scene.finds("netpol-blocks-path/ingress");
        assert_eq!(finding.objects[0].name, "db");
        assert!(
            cluster(crashing_pod("api"), &from("api"))
                .log("api-1", "app", LINE)
                .told()
                .iter()
                .all(|one| !one.starts_with("netpol"))
        );
    }

    #[test]
    fn a_client_that_may_not_go_out_is_told_at_its_policy() {
        let policy = json!({"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 443}]}]});
        cluster(crashing_pod("api"), &policy).log("api-1", "app", LINE).finds("netpol-blocks-path/egress");
    }

    #[test]
    fn a_denied_address_of_a_quiet_client_is_a_note_and_no_address_is_nothing() {
        let mut client = healthy_pod("api");
        client["spec"]["containers"][0]["env"] = json!([{"name": "DB_URL", "value": "postgres://db:80"}]);
        let scene = cluster(client, &from("web"));
        scene.is_silent();
        assert_eq!(scene.noted(), ["netpol-blocks-path/ingress"]);
        assert!(cluster(healthy_pod("api"), &from("web")).noted().is_empty());
    }

    #[test]
    fn a_backend_that_its_controller_may_not_reach_is_a_note() {
        let ingress = json!({"spec": {"ingressClassName": "nginx", "rules": [{"http": {"paths": [{"backend": {"service": {"name": "db", "port": {"number": 80}}}}]}}]}});
        let mut controller = healthy_pod("controller");
        controller["metadata"] =
            json!({"namespace": "ingress", "labels": {"app.kubernetes.io/name": "ingress-nginx"}});
        let scene = cluster(healthy_pod("api"), &from("web"))
            .with(Kind::Namespace, "ingress", json!({}))
            .with(Kind::Namespace, "shop", json!({}))
            .with(Kind::IngressClass, "nginx", json!({}))
            .with(Kind::Pod, "controller", controller)
            .with(Kind::Ingress, "db", ingress);
        scene.is_silent();
        assert_eq!(scene.noted(), ["netpol-blocks-path/ingress"]);
    }

    #[test]
    fn pods_on_the_nodes_network_are_not_judged() {
        let mut client = crashing_pod("api");
        client["spec"]["hostNetwork"] = json!(true);
        let told = cluster(client, &from("web")).log("api-1", "app", LINE).told();
        assert!(told.iter().all(|one| !one.starts_with("netpol")), "{told:?}");
    }
}
