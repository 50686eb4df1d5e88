//! `netpol-blocks-dns`: policies isolate a pod that uses names of the cluster, and none allows it the cluster's
//! DNS. A failure once the pod complains that names do not resolve or that something does not answer, else a note.
//!
//! Not on: policies as such, pods on the node's network, address blocks (a node-local cache may be in them).

use std::collections::BTreeMap;

use serde_json::Value;

use super::complaint::complaints;
use super::consumer::distinct_addresses;
use super::endpoints::pods_of_service;
use super::intended_path::{Denial, Path, tell};
use super::policy::{Connection, Direction, Policies};
use super::resolver;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "netpol-blocks-dns",
    subject: Subject::Network,
    reads: &[Kind::NetworkPolicy],
    explains: &[
        Effect::MissingPods,
        Effect::Dependents,
        Effect::Rule("netpol-blocks-dns"),
        Effect::Rule("netpol-blocks-path"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    if view.all(Kind::NetworkPolicy).is_empty() {
        return Vec::new();
    }
    let Some(dns) =
        resolver::service(view).and_then(|service| pods_of_service(view, service).first().copied())
    else {
        return Vec::new();
    };
    let policies = Policies::new(view);
    let mut drafts = BTreeMap::new();
    for complaint in complaints(view) {
        let client = complaint.container.pod;
        if !matches!(complaint.words.line.class, "dep-dns" | "dep-timeout") {
            continue;
        }
        if let Some(denial) = blocked(&policies, client, dns) {
            let complaint = Some(&complaint);
            let path =
                Path { rule: RULE.id, denial: &denial, client, target: "DNS", address: None, complaint };
            tell(view, &path, &mut drafts);
        }
    }
    for (container, address) in distinct_addresses(view) {
        let client = container.pod;
        if let Some(denial) =
            policies.concern(client.namespace()).then(|| blocked(&policies, client, dns)).flatten()
        {
            let address = Some((address.source, address.path.as_str()));
            let path =
                Path { rule: RULE.id, denial: &denial, client, target: "DNS", address, complaint: None };
            tell(view, &path, &mut drafts);
        }
    }
    drafts.into_values().collect()
}

/// Is the way to the DNS pods closed for a pod, over both protocols?
pub(super) fn blocked<'a>(
    policies: &Policies<'_, 'a>,
    client: &'a Value,
    dns: &'a Value,
) -> Option<Denial<'a>> {
    let closed = ["UDP", "TCP"].into_iter().all(|protocol| {
        let connection = Connection { client, target: dns, port: 53, protocol };
        policies.denied(connection) == Some(Direction::Egress)
    });
    closed.then(|| Denial {
        direction: Direction::Egress,
        policies: policies.isolating(client, Direction::Egress),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn system(mut object: Value) -> Value {
        object["metadata"]["namespace"] = json!("kube-system");
        object
    }

    fn cluster(client: Value, policy: &Value) -> Scene {
        let dns = json!({"spec": {"selector": {"app": "dns"}, "ports": [{"port": 53, "targetPort": 8080}]}});
        let named = |labels: Value| json!({"metadata": {"labels": labels}});
        Scene::new()
            .with(
                Kind::Namespace,
                "kube-system",
                named(json!({"kubernetes.io/metadata.name": "kube-system"})),
            )
            .with(Kind::Service, "kube-dns", system(dns))
            .with(Kind::Pod, "dns-1", system(healthy_pod("dns")))
            .with(Kind::Pod, "api-1", client)
            .with(Kind::NetworkPolicy, "default-deny", json!({"spec": policy}))
    }

    const LINE: &str = "lookup db.shop.svc on 10.0.0.10:53: read udp: i/o timeout";

    fn deny() -> Value {
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    }

    #[test]
    fn a_name_that_does_not_resolve_behind_a_closed_egress_is_the_policys_fault() {
        let scene = cluster(crashing_pod("api"), &deny()).log("api-1", "app", LINE);
        let finding = scene.finds("netpol-blocks-dns/egress");
        assert_eq!(finding.objects[0].name, "default-deny");
        assert!(finding.summary.contains("port 53"), "{}", finding.summary);
    }

    #[test]
    fn default_deny_is_silent() {
        let scene = cluster(healthy_pod("api"), &deny());
        scene.is_silent();
        assert!(scene.noted().is_empty());
    }

    #[test]
    fn a_pod_that_uses_names_and_does_not_complain_is_a_note() {
        let mut client = healthy_pod("api");
        client["spec"]["containers"][0]["env"] = json!([{"name": "DB_URL", "value": "postgres://db:80"}]);
        let scene = cluster(client, &deny());
        assert!(scene.noted().contains(&"netpol-blocks-dns/egress".to_owned()), "{:?}", scene.noted());
    }

    #[test]
    fn an_address_in_the_environment_takes_nothing_from_a_complaint() {
        let mut client = crashing_pod("api");
        client["spec"]["containers"][0]["env"] = json!([{"name": "DB_URL", "value": "postgres://db:5432"}]);
        let scene = cluster(client, &deny()).with(Kind::Service, "db", service("db", &json!(8080))).with(
            Kind::Pod,
            "db-0",
            healthy_pod("db"),
        );
        assert_eq!(scene.log("api-1", "app", LINE).told(), ["netpol-blocks-dns/egress"]);
    }

    #[test]
    fn open_dns_is_not_blamed() {
        let dns = json!({"ports": [{"port": 53, "protocol": "UDP"}], "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]});
        let cache = json!({"ports": [{"port": 53, "protocol": "UDP"}], "to": [{"ipBlock": {"cidr": "169.254.20.10/32"}}]});
        for rule in [dns, cache] {
            let policy = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]});
            let told = cluster(crashing_pod("api"), &policy).log("api-1", "app", LINE).told();
            assert!(!told.iter().any(|one| one.starts_with("netpol")), "{told:?}");
        }
    }

    #[test]
    fn policies_that_may_not_be_read_are_not_blamed() {
        let scene =
            cluster(crashing_pod("api"), &deny()).log("api-1", "app", LINE).forbid(Kind::NetworkPolicy);
        assert!(!scene.told().iter().any(|one| one.starts_with("netpol")));
    }
}
