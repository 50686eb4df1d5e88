//! The paths that somebody means to use and that policies deny: from a container to a Service that it was given,
//! and what to say of them.

use std::collections::BTreeMap;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::complaint::Complaint;
use super::endpoints::pods_of_service;
use super::policy::{Connection, Direction, Policies};
use super::target_port::{number_in, protocol};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::View;

/// Replicas are alike: a few of them stand for all.
const SAMPLES: usize = 8;
/// Policies that a finding shows.
const SHOWN: usize = 3;

/// Agents that enforce policies, as their `DaemonSets` are called.
const AGENTS: [&str; 12] = [
    "cilium",
    "calico-node",
    "canal",
    "azure-npm",
    "antrea-agent",
    "kube-router",
    "weave-net",
    "ovnkube-node",
    "aws-node",
    "anetd",
    "kindnet",
    "kube-ovn-cni",
];

/// A denied connection, and by which policies.
#[derive(Debug)]
pub(super) struct Denial<'a> {
    pub(super) direction: Direction,
    pub(super) policies: Vec<&'a Value>,
}

/// Is every way from a client to a Service denied? `port` is the Service's, where one is named.
pub(super) fn denied<'a>(
    view: &View<'a>,
    policies: &Policies<'_, 'a>,
    client: &'a Value,
    service: &'a Value,
    port: Option<i64>,
) -> Option<Denial<'a>> {
    if !policies.concern(client.namespace()) && !policies.concern(service.namespace()) {
        return None;
    }
    let ports = service.items("/spec/ports");
    let named: Vec<&Value> =
        ports.iter().filter(|one| port.is_some() && one.number("/port") == port).collect();
    let ports: Vec<&Value> = if named.is_empty() { ports.iter().collect() } else { named };
    let targets = pods_of_service(view, service);
    let mut ways = targets.iter().take(SAMPLES).flat_map(|target| {
        ports.iter().filter_map(|port| {
            let connection =
                Connection { client, target, port: number_in(target, port)?, protocol: protocol(port) };
            Some((connection, policies.denied(connection)))
        })
    });
    let (connection, direction) = ways.next()?;
    let direction = direction?;
    if ways.any(|(_, denied)| denied.is_none()) {
        return None;
    }
    let isolated = match direction {
        Direction::Egress => connection.client,
        Direction::Ingress => connection.target,
    };
    Some(Denial { direction, policies: policies.isolating(isolated, direction) })
}

/// What a finding about a denied path is made of.
pub(super) struct Path<'p, 'a> {
    pub(super) rule: &'static str,
    pub(super) denial: &'p Denial<'a>,
    pub(super) client: &'a Value,
    /// `DNS`, or the key of a Service.
    pub(super) target: &'p str,
    /// Where the client was told the address.
    pub(super) address: Option<(&'a Value, &'p str)>,
    pub(super) complaint: Option<&'p Complaint<'a>>,
}

/// Adds a denied path to the findings: one for each policy and target. Those that somebody complains of come first;
/// one that nobody complains of adds nothing to them.
pub(super) fn tell<'a>(view: &View<'a>, path: &Path<'_, 'a>, drafts: &mut BTreeMap<String, Draft>) {
    let Some(policy) = path.denial.policies.first() else { return };
    let key = format!("{} {}", policy.key(), path.target);
    let is_told = |draft: &Draft| draft.finding.severity > Severity::Note;
    if path.complaint.is_none() && drafts.get(&key).is_some_and(is_told) {
        return;
    }
    let draft = drafts.entry(key).or_insert_with(|| draft(view, path, policy));
    draft.affects(path.client);
    draft.takes_down.insert(path.client.key());
    draft.takes_down.insert(view.top(path.client).key());
}

fn draft<'a>(view: &View<'a>, path: &Path<'_, 'a>, policy: &'a Value) -> Draft {
    let class = match path.denial.direction {
        Direction::Egress => "egress",
        Direction::Ingress => "ingress",
    };
    let severity = if path.complaint.is_some() { Severity::Error } else { Severity::Note };
    let mut draft = Draft::new(path.rule, class, severity, policy);
    // Policies of another kind are a layer of their own; what they add is not known here.
    let layered = !view.all(Kind::CiliumNetworkPolicy).is_empty();
    let sure = path.complaint.is_some() && !layered;
    draft.confidence(if sure { Confidence::Medium } else { Confidence::Low });
    draft.collapse = format!("{} {}", policy.key(), path.target);
    draft.parameters.push(path.target.to_owned());
    for policy in path.denial.policies.iter().take(SHOWN) {
        draft.field(policy, ".spec");
    }
    match path.complaint {
        Some(complaint) => complaint.words.cite(&mut draft, &complaint.container),
        None => path.address.iter().for_each(|(source, place)| draft.field(source, place)),
    }
    draft.since(policy, ".metadata.creationTimestamp");
    let client = view.top(path.client);
    let (name, namespace) = (policy.name(), policy.namespace());
    let what = if path.target == "DNS" { "DNS on port 53" } else { path.target };
    draft.summary(format!(
        "NetworkPolicy {name}: no NetworkPolicy allows {class} traffic of {} {} to {what}",
        client.kind(),
        client.name()
    ));
    draft.suggest(format!("add a policy that allows {class} for these pods: {what}"));
    if view.is_complete(Kind::DaemonSet, "kube-system") && !is_enforced(view) {
        draft.suggest("no agent that enforces policies was seen; without one they have no effect");
    }
    draft.check(&["kubectl", "-n", namespace, "get", "networkpolicies", "-o", "yaml"], "what is allowed");
    draft
}

/// Was something seen that enforces policies?
fn is_enforced(view: &View<'_>) -> bool {
    let agent =
        view.all(Kind::DaemonSet).iter().any(|set| AGENTS.iter().any(|agent| set.name().starts_with(agent)));
    // This distribution has it in its one process.
    let version = |node: &Value| node.text("/status/nodeInfo/kubeletVersion").contains("+k3s");
    agent || view.all(Kind::Node).iter().any(version)
}
