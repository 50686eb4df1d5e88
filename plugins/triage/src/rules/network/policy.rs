//! What `NetworkPolicies` allow between two pods. Policies only add permissions: a pod that none isolates is open.

use std::collections::HashMap;

use serde_json::Value;

use super::target_port::{declared, protocol};
use crate::object::{Object, label_selector_matches};
use crate::observations::Kind;
use crate::view::{View, labels};

/// A direction of traffic, as `policyTypes` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// A connection to a port of a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) client: &'a Value,
    pub(super) target: &'a Value,
    /// The pod's own port, after the Service has translated it.
    pub(super) port: i64,
    pub(super) protocol: &'a str,
}

/// The policies of the cluster, by namespace.
#[derive(Debug)]
pub(super) struct Policies<'v, 'a> {
    view: &'v View<'a>,
    by_namespace: HashMap<&'a str, Vec<&'a Value>>,
}

impl<'v, 'a> Policies<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>) -> Self {
        let mut by_namespace: HashMap<&str, Vec<&Value>> = HashMap::new();
        for policy in view.all(Kind::NetworkPolicy).iter().filter(|policy| !policy.is_deleting()) {
            by_namespace.entry(policy.namespace()).or_default().push(policy);
        }
        Self { view, by_namespace }
    }

    /// Is there any policy at one end?
    pub(super) fn concern(&self, namespace: &str) -> bool {
        self.by_namespace.contains_key(namespace)
    }

    /// The end at which the connection is denied, if it is: the client's first.
    pub(super) fn denied(&self, connection: Connection<'a>) -> Option<Direction> {
        [Direction::Egress, Direction::Ingress]
            .into_iter()
            .find(|direction| !self.allows(*direction, connection))
    }

    /// The policies that isolate a pod in a direction; those without any rule first, for they only deny.
    pub(super) fn isolating(&self, pod: &Value, direction: Direction) -> Vec<&'a Value> {
        let all = self.by_namespace.get(pod.namespace()).into_iter().flatten().copied();
        let mut found: Vec<&Value> = all.filter(|policy| isolates(policy, pod, direction)).collect();
        found.sort_by_key(|policy| (rules(policy, direction).len(), policy.name()));
        found
    }

    fn allows(&self, direction: Direction, connection: Connection<'a>) -> bool {
        let (own, other) = match direction {
            Direction::Ingress => (connection.target, connection.client),
            Direction::Egress => (connection.client, connection.target),
        };
        // What a policy means for a pod on the node's network, or to it, depends on the network plug-in.
        if own.flag("/spec/hostNetwork") || other.flag("/spec/hostNetwork") {
            return true;
        }
        let policies = self.isolating(own, direction);
        policies.is_empty()
            || policies.iter().any(|policy| {
                rules(policy, direction)
                    .iter()
                    .any(|rule| self.permits(policy, rule, direction, connection, other))
            })
    }

    fn permits(
        &self,
        policy: &Value,
        rule: &Value,
        direction: Direction,
        connection: Connection<'_>,
        other: &Value,
    ) -> bool {
        let peers = match direction {
            Direction::Ingress => rule.items("/from"),
            Direction::Egress => rule.items("/to"),
        };
        let ports = rule.items("/ports");
        let port_fits = ports.is_empty() || ports.iter().any(|port| port_matches(port, connection));
        port_fits && (peers.is_empty() || peers.iter().any(|peer| self.peer_matches(policy, peer, other)))
    }

    fn peer_matches(&self, policy: &Value, element: &Value, pod: &Value) -> bool {
        // What an address block means for a pod's address is not known, and so is not a denial.
        if element.pointer("/ipBlock").is_some() {
            return true;
        }
        let namespace_fits = match element.pointer("/namespaceSelector") {
            None => policy.namespace() == pod.namespace(),
            Some(selector) => match self.view.find(Kind::Namespace, "", pod.namespace()).found() {
                Some(namespace) => label_selector_matches(selector, labels(namespace)),
                // Unreadable namespaces must not turn into a denial.
                None => true,
            },
        };
        let fits = |selector: &Value| label_selector_matches(selector, labels(pod));
        namespace_fits && element.pointer("/podSelector").is_none_or(fits)
    }
}

fn isolates(policy: &Value, pod: &Value, direction: Direction) -> bool {
    let types = policy.items("/spec/policyTypes");
    let named = |name: &str| types.iter().any(|kind| kind.as_str() == Some(name));
    let is_typed = match direction {
        Direction::Ingress => types.is_empty() || named("Ingress"),
        Direction::Egress => named("Egress") || types.is_empty() && !policy.items("/spec/egress").is_empty(),
    };
    let selector = policy.pointer("/spec/podSelector").unwrap_or(&Value::Null);
    is_typed && label_selector_matches(selector, labels(pod))
}

fn rules(policy: &Value, direction: Direction) -> &[Value] {
    policy.items(match direction {
        Direction::Ingress => "/spec/ingress",
        Direction::Egress => "/spec/egress",
    })
}

fn port_matches(port: &Value, connection: Connection<'_>) -> bool {
    let number = match port.pointer("/port") {
        None => true,
        Some(Value::String(name)) => declared(connection.target)
            .into_iter()
            .any(|one| one.text("/name") == name && one.number("/containerPort") == Some(connection.port)),
        Some(first) => {
            let first = first.as_i64().unwrap_or_default();
            (first..=port.number("/endPort").unwrap_or(first)).contains(&connection.port)
        }
    };
    protocol(port) == connection.protocol && number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observations::Observations;
    use serde_json::json;

    /// Is a connection from `web` to port 8080 of `api` denied under this policy of `api`'s namespace?
    fn denied(spec: &Value) -> Option<Direction> {
        let pod = |name: &str| {
            json!({"metadata": {"namespace": "shop", "name": name, "labels": {"app": name}},
                "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}})
        };
        let mut observations = Observations::default();
        let named = |name: &str, labels: Value| json!({"metadata": {"name": name, "labels": labels}});
        observations.add(Kind::Namespace, vec![named("shop", json!({"team": "a"}))]);
        let policy = json!({"metadata": {"namespace": "shop", "name": "p"}, "spec": spec});
        observations.add(Kind::NetworkPolicy, vec![policy]);
        observations.add(Kind::Pod, vec![pod("api"), pod("web")]);
        let view = View::new(&observations, 0);
        let [target, client] = view.all(Kind::Pod) else { panic!("two pods") };
        Policies::new(&view).denied(Connection { client, target, port: 8080, protocol: "TCP" })
    }

    #[test]
    fn policies_isolate_by_type_and_selector() {
        assert_eq!(denied(&json!({"podSelector": {}})), Some(Direction::Ingress));
        assert_eq!(denied(&json!({"podSelector": {}, "policyTypes": ["Egress"]})), Some(Direction::Egress));
        assert_eq!(
            denied(
                &json!({"podSelector": {}, "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "x"}}}]}], "ingress": [{}]})
            ),
            Some(Direction::Egress)
        );
        assert_eq!(denied(&json!({"podSelector": {"matchLabels": {"app": "db"}}})), None);
        let expression = json!([{"key": "app", "operator": "NotIn", "values": ["db"]}]);
        assert_eq!(
            denied(&json!({"podSelector": {"matchExpressions": expression}})),
            Some(Direction::Ingress)
        );
    }

    #[test]
    fn an_empty_rule_allows_everything_and_an_empty_list_nothing() {
        assert_eq!(denied(&json!({"podSelector": {}, "ingress": [{}]})), None);
        assert_eq!(denied(&json!({"podSelector": {}, "ingress": []})), Some(Direction::Ingress));
    }

    #[test]
    fn peers_and_ports_are_matched() {
        let from = |peer: Value, ports: Value| {
            denied(
                &json!({"podSelector": {"matchLabels": {"app": "api"}}, "ingress": [{"from": [peer], "ports": ports}]}),
            )
        };
        let web = json!({"podSelector": {"matchLabels": {"app": "web"}}});
        assert_eq!(from(web.clone(), json!([])), None);
        assert_eq!(
            from(json!({"podSelector": {"matchLabels": {"app": "x"}}}), json!([])),
            Some(Direction::Ingress)
        );
        assert_eq!(from(json!({"namespaceSelector": {"matchLabels": {"team": "a"}}}), json!([])), None);
        let both = json!({"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {"matchLabels": {"app": "web"}}});
        assert_eq!(from(both, json!([])), Some(Direction::Ingress));
        assert_eq!(from(json!({"ipBlock": {"cidr": "10.0.0.0/8"}}), json!([])), None);
        for (ports, open) in [
            (json!([{"port": 8080}]), true),
            (json!([{"port": "http"}]), true),
            (json!([{"port": 8000, "endPort": 8080}]), true),
            (json!([{"port": 8080, "protocol": "UDP"}]), false),
            (json!([{"port": 80}]), false),
            (json!([{"port": "grpc"}]), false),
        ] {
            assert_eq!(from(web.clone(), ports.clone()).is_none(), open, "{ports}");
        }
    }
}
