//! `NetworkPolicies` that deny a path which a failing pod needs. A policy as such is never a finding.

use std::collections::BTreeMap;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::address::{addresses, service, services_in_line};
use crate::containers::Container;
use crate::decode::log_line::telling;
use crate::draft::Draft;
use crate::object::{Object, label_selector_matches};
use crate::observations::Kind;
use crate::rules::crash::cite_log;
use crate::view::{View, labels};

/// A direction of traffic, as `policyTypes` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

/// Where a connection goes, or comes from.
#[derive(Debug, Clone, Copy)]
struct Peer<'a> {
    pod: &'a Value,
    port: i64,
    protocol: &'a str,
}

/// What is denied, and by which policies.
struct Denial<'a> {
    policies: Vec<&'a Value>,
    direction: Direction,
    dns: bool,
    target: String,
}

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    if view.all(Kind::NetworkPolicy).is_empty() {
        return Vec::new();
    }
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for container in view.working_containers() {
        let Some(denial) = complaint(view, &container).and_then(|line| denied(view, &container, line)) else {
            continue;
        };
        let Some(policy) = denial.policies.first() else { continue };
        let key = format!("{} {}", policy.key(), denial.target);
        let draft = drafts.entry(key).or_insert_with(|| draft(view, &container, policy, &denial));
        draft.affects(container.pod);
        draft.takes_down.insert(container.pod.key());
        draft.takes_down.insert(view.top(container.pod).key());
        draft.since(container.pod, ".status.conditions[type=Ready].lastTransitionTime");
    }
    drafts.into_values().collect()
}

/// A line of a container that is not well and speaks of a name or a host that does not answer.
fn complaint<'a>(view: &View<'a>, container: &Container<'a>) -> Option<&'a str> {
    if container.is_ready() && container.has_recovered(view.now) {
        return None;
    }
    let line = [false, true].into_iter().find_map(|previous| telling(view.log(container, previous)?))?;
    matches!(line.class, "dep-dns" | "dep-timeout").then_some(line.line)
}

fn denied<'a>(view: &View<'a>, container: &Container<'a>, line: &str) -> Option<Denial<'a>> {
    let pod = container.pod;
    if pod.flag("/spec/hostNetwork") {
        return None;
    }
    let resolver = view.find(Kind::Service, "kube-system", "kube-dns").found();
    let resolvers = resolver.map(|service| view.selected_by(service)).unwrap_or_default();
    if let Some(dns) = resolvers.first() {
        let open = ["UDP", "TCP"]
            .iter()
            .any(|protocol| allows(view, Direction::Egress, pod, Peer { pod: dns, port: 53, protocol }));
        if !open {
            let policies = isolating(view, pod, Direction::Egress);
            return Some(Denial {
                policies,
                direction: Direction::Egress,
                dns: true,
                target: "DNS".to_owned(),
            });
        }
    }
    let mut targets = services_in_line(view, pod.namespace(), line);
    targets.extend(
        addresses(container)
            .iter()
            .filter_map(|address| service(view, pod.namespace(), address.host).found()),
    );
    targets.iter().find_map(|service| path_denied(view, pod, service))
}

fn path_denied<'a>(view: &View<'a>, client: &'a Value, service: &'a Value) -> Option<Denial<'a>> {
    let target = *view.selected_by(service).first()?;
    let port = service.items("/spec/ports").first()?;
    let number = target_port(target, port)?;
    let protocol = if port.text("/protocol").is_empty() { "TCP" } else { port.text("/protocol") };
    let name = service.key();
    let out = Peer { pod: target, port: number, protocol };
    if !allows(view, Direction::Egress, client, out) {
        let policies = isolating(view, client, Direction::Egress);
        return Some(Denial { policies, direction: Direction::Egress, dns: false, target: name });
    }
    // Seen from the target, the peer is the client and the port is the target's own.
    if !allows(view, Direction::Ingress, target, Peer { pod: client, port: number, protocol }) {
        let policies = isolating(view, target, Direction::Ingress);
        return Some(Denial { policies, direction: Direction::Ingress, dns: false, target: name });
    }
    None
}

fn target_port(pod: &Value, port: &Value) -> Option<i64> {
    match port.pointer("/targetPort") {
        Some(Value::String(name)) => {
            let mut ports =
                pod.items("/spec/containers").iter().flat_map(|container| container.items("/ports"));
            ports.find(|port| port.text("/name") == name)?.number("/containerPort")
        }
        Some(Value::Number(number)) => number.as_i64(),
        _ => port.number("/port"),
    }
}

/// The policies that isolate a pod in a direction; those without any rule first, for they only deny.
fn isolating<'a>(view: &View<'a>, pod: &Value, direction: Direction) -> Vec<&'a Value> {
    let all = view.all(Kind::NetworkPolicy).iter();
    let mut found: Vec<&Value> = all.filter(|policy| isolates(policy, pod, direction)).collect();
    found.sort_by_key(|policy| (rules(policy, direction).len(), policy.name()));
    found
}

fn isolates(policy: &Value, pod: &Value, direction: Direction) -> bool {
    let types = policy.items("/spec/policyTypes");
    let named = |name: &str| types.iter().any(|kind| kind.as_str() == Some(name));
    let is_typed = match direction {
        Direction::Ingress => types.is_empty() || named("Ingress"),
        Direction::Egress => named("Egress") || types.is_empty() && policy.pointer("/spec/egress").is_some(),
    };
    let selector = policy.pointer("/spec/podSelector").unwrap_or(&Value::Null);
    is_typed && policy.namespace() == pod.namespace() && label_selector_matches(selector, labels(pod))
}

fn rules(policy: &Value, direction: Direction) -> &[Value] {
    policy.items(match direction {
        Direction::Ingress => "/spec/ingress",
        Direction::Egress => "/spec/egress",
    })
}

/// Policies only add permissions; a pod that none isolates is open.
fn allows(view: &View<'_>, direction: Direction, pod: &Value, peer: Peer<'_>) -> bool {
    let policies = isolating(view, pod, direction);
    policies.is_empty()
        || policies.iter().any(|policy| {
            rules(policy, direction).iter().any(|rule| permits(view, policy, rule, direction, pod, peer))
        })
}

fn permits(
    view: &View<'_>,
    policy: &Value,
    rule: &Value,
    direction: Direction,
    pod: &Value,
    peer: Peer<'_>,
) -> bool {
    let (peers, destination) = match direction {
        Direction::Ingress => (rule.items("/from"), pod),
        Direction::Egress => (rule.items("/to"), peer.pod),
    };
    let ports = rule.items("/ports");
    let port_fits = ports.is_empty() || ports.iter().any(|port| port_matches(port, destination, peer));
    port_fits && (peers.is_empty() || peers.iter().any(|one| peer_matches(view, policy, one, peer.pod)))
}

fn port_matches(port: &Value, destination: &Value, peer: Peer<'_>) -> bool {
    let protocol = if port.text("/protocol").is_empty() { "TCP" } else { port.text("/protocol") };
    let number = match port.pointer("/port") {
        None => true,
        Some(Value::String(name)) => {
            let mut ports =
                destination.items("/spec/containers").iter().flat_map(|container| container.items("/ports"));
            ports.any(|one| one.text("/name") == name && one.number("/containerPort") == Some(peer.port))
        }
        Some(first) => {
            let first = first.as_i64().unwrap_or_default();
            (first..=port.number("/endPort").unwrap_or(first)).contains(&peer.port)
        }
    };
    protocol == peer.protocol && number
}

fn peer_matches(view: &View<'_>, policy: &Value, element: &Value, pod: &Value) -> bool {
    // What an address block means for a pod's address depends on the network plug-in: not denied.
    if element.pointer("/ipBlock").is_some() {
        return true;
    }
    let namespace_fits = match element.pointer("/namespaceSelector") {
        None => policy.namespace() == pod.namespace(),
        Some(selector) => match view.find(Kind::Namespace, "", pod.namespace()).found() {
            Some(namespace) => label_selector_matches(selector, labels(namespace)),
            // Unreadable namespaces must not turn into a denial.
            None => true,
        },
    };
    let pod_fits =
        element.pointer("/podSelector").is_none_or(|selector| label_selector_matches(selector, labels(pod)));
    namespace_fits && pod_fits
}

fn draft<'a>(view: &View<'a>, container: &Container<'a>, policy: &'a Value, denial: &Denial<'a>) -> Draft {
    let (rule, class) = match (denial.dns, denial.direction) {
        (true, _) => ("netpol-blocks-dns", "egress"),
        (false, Direction::Egress) => ("netpol-blocks-path", "egress"),
        (false, Direction::Ingress) => ("netpol-blocks-path", "ingress"),
    };
    let mut draft = Draft::new(rule, class, Severity::Error, policy);
    draft.confidence(Confidence::Medium);
    draft.parameters.push(denial.target.clone());
    for policy in denial.policies.iter().take(3) {
        draft.field(policy, ".spec");
    }
    cite_log(view, container, &mut draft);
    draft.depends_on.clear();
    draft.since(policy, ".metadata.creationTimestamp");
    let what = if denial.dns { "DNS on port 53".to_owned() } else { denial.target.clone() };
    let workload = view.top(container.pod);
    draft.summary(format!(
        "NetworkPolicy {} isolates {} {} and no policy allows {class} traffic to {what}",
        policy.name(),
        workload.kind(),
        workload.name()
    ));
    draft.suggest(format!("add a policy that allows {class} for these pods: {what}"));
    draft.check(
        &["kubectl", "-n", policy.namespace(), "get", "networkpolicies", "-o", "yaml"],
        "what is allowed",
    );
    draft
}
