//! The objects that a constraint is written on, cited: request and largest node, taint, selector and labels,
//! volume and zones, the pod that holds a port or a claim.

use std::cell::OnceCell;
use std::collections::HashMap;

use serde_json::{Value, json};

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, label, quantity};
use crate::observations::Kind;
use crate::rules::scheduling::placement::{Demands, placed_volumes};
use crate::view::{View, labels};

/// Nodes that a finding cites; the message has the count.
const SAMPLES: usize = 3;

/// Who holds which port of a node, found when it is first asked.
pub(super) type Holders<'a> = OnceCell<HashMap<i64, &'a Value>>;

/// Cites what the class is about; returns what the summary adds.
pub(super) fn cite<'a>(
    view: &View<'a>,
    holders: &Holders<'a>,
    pod: &'a Value,
    class: &str,
    nodes: &[&'a Value],
    draft: &mut Draft,
) -> String {
    match class {
        "cpu" | "memory" | "ephemeral-storage" => resource(pod, class, nodes, draft),
        "extended-resource" => extended_resource(pod, nodes, draft),
        "taint" => taints(pod, nodes, draft),
        "node-selector" => selector(pod, nodes, draft),
        "node-affinity" => part(pod, ".spec.affinity.nodeAffinity", draft),
        "node-name" => part(pod, ".spec.nodeName", draft),
        "cordoned" => cordons(pod, nodes, draft),
        "volume-zone" => volumes(view, pod, nodes, draft),
        "volume-in-use" => shared_claim(view, pod, draft),
        "host-port" => host_ports(view, holders, pod, draft),
        "max-pods" => each(nodes, ".status.allocatable.pods", draft),
        "pod-anti-affinity" => part(pod, ".spec.affinity.podAntiAffinity", draft),
        "pod-affinity" => part(pod, ".spec.affinity.podAffinity", draft),
        "topology-spread" => part(pod, ".spec.topologySpreadConstraints", draft),
        _ => String::new(),
    }
}

fn part(pod: &Value, path: &str, draft: &mut Draft) -> String {
    draft.field(pod, path);
    String::new()
}

fn each(nodes: &[&Value], path: &str, draft: &mut Draft) -> String {
    nodes.iter().take(SAMPLES).for_each(|node| draft.field(node, path));
    String::new()
}

fn resource(pod: &Value, class: &str, nodes: &[&Value], draft: &mut Draft) -> String {
    let mut total = 0;
    let mut text = String::new();
    for container in pod.items("/spec/containers") {
        let name = container.text("/name");
        draft.field(pod, &format!(".spec.containers[name={name}].resources.requests.{class}"));
        let request = container.text(&format!("/resources/requests/{class}"));
        total += quantity(request).unwrap_or_default();
        if text.is_empty() {
            request.clone_into(&mut text);
        }
    }
    let pointer = format!("/status/allocatable/{class}");
    let allocatable = |node: &Value| quantity(node.text(&pointer)).unwrap_or_default();
    let Some(largest) = nodes.iter().max_by_key(|node| (allocatable(node), node.name())) else {
        return String::new();
    };
    draft.field(largest, &format!(".status.allocatable.{class}"));
    let most = largest.text(&pointer);
    if total > allocatable(largest) {
        draft.suggest(format!("the pod requests more {class} than any node has ({most})"));
    } else {
        draft.suggest(format!(
            "no node has that much {class} left beside what runs there; the largest has {most} in all"
        ));
    }
    format!("; requests {text} {class}")
}

/// Devices: a node that never heard of them has no device plugin, one that offers none lost it.
fn extended_resource(pod: &Value, nodes: &[&Value], draft: &mut Draft) -> String {
    for container in pod.items("/spec/containers") {
        for (resource, wanted) in container.pairs("/resources/limits") {
            if !resource.contains('/') {
                continue;
            }
            let name = container.text("/name");
            draft.field(pod, &format!(".spec.containers[name={name}].resources.limits['{resource}']"));
            let path = format!(".status.allocatable['{resource}']");
            let offers: Vec<&Value> =
                nodes.iter().filter_map(|node| node.pointer("/status/allocatable")?.get(resource)).collect();
            each(nodes, &path, draft);
            draft.suggest(if offers.is_empty() {
                format!("no node offers {resource}: is its device plugin installed?")
            } else if offers.iter().all(|offer| offer.as_str() == Some("0")) {
                format!("nodes offer 0 {resource}: its device plugin does not work there")
            } else {
                format!("the pod wants {wanted} {resource}; what nodes offer is in use or less")
            });
        }
    }
    String::new()
}

fn taints(pod: &Value, nodes: &[&Value], draft: &mut Draft) -> String {
    draft.field(pod, ".spec.nodeSelector");
    draft.field(pod, ".spec.tolerations");
    let demands = Demands::of(pod);
    let mut texts = Vec::new();
    for node in nodes.iter().take(SAMPLES) {
        for taint in demands.untolerated(node) {
            let key = taint.text("/key");
            draft.field(node, &format!(".spec.taints[key={key}]"));
            texts.push(format!("{key}={}:{}", taint.text("/value"), taint.text("/effect")));
        }
        draft.affects(node);
    }
    texts.sort();
    texts.dedup();
    draft.suggest(format!("the pod tolerates none of {}", texts.join(", ")));
    format!("; no toleration for {}", texts.join(", "))
}

fn selector(pod: &Value, nodes: &[&Value], draft: &mut Draft) -> String {
    draft.field(pod, ".spec.nodeSelector");
    draft.field(pod, ".spec.affinity.nodeAffinity");
    for (key, value) in pod.pairs("/spec/nodeSelector") {
        let mut values: Vec<&str> = nodes.iter().filter_map(|node| label(labels(node), key)).collect();
        values.sort_unstable();
        values.dedup();
        if values.contains(&value) {
            continue;
        }
        let known = match (values.is_empty(), nearest::name(value, values.iter().copied())) {
            (true, _) => "no node has this label".to_owned(),
            (false, Some(near)) => format!("did you mean `{near}`? nodes have {}", values.join(", ")),
            (false, None) => format!("nodes have {}", values.join(", ")),
        };
        draft.suggest(format!("the pod wants {key}={value}; {known}"));
        draft.check(&["kubectl", "get", "nodes", "-L", key], "the label of each node");
    }
    String::new()
}

fn cordons(pod: &Value, nodes: &[&Value], draft: &mut Draft) -> String {
    let demands = Demands::of(pod);
    for node in nodes.iter().filter(|node| demands.is_shut_out(node)).take(SAMPLES) {
        draft.field(node, ".spec.unschedulable");
        draft.affects(node);
        draft.fix(&["kubectl", "uncordon", node.name()], "lets pods on the node again", "low");
    }
    String::new()
}

fn volumes<'a>(view: &View<'a>, pod: &'a Value, nodes: &[&'a Value], draft: &mut Draft) -> String {
    let mut text = String::new();
    for (claim, disk) in placed_volumes(view, pod) {
        draft.affects(claim);
        draft.affects(disk);
        draft.field(disk, ".spec.nodeAffinity.required");
        let terms = disk.items("/spec/nodeAffinity/required/nodeSelectorTerms").iter();
        for expression in terms.flat_map(|term| term.items("/matchExpressions")) {
            let key = expression.text("/key");
            let mut have: Vec<&str> = nodes.iter().filter_map(|node| label(labels(node), key)).collect();
            have.sort_unstable();
            have.dedup();
            let wanted = json!(expression.items("/values"));
            text =
                format!("; volume {} wants {key} in {wanted}, nodes are in {}", disk.name(), have.join(", "));
            each(nodes, &format!(".metadata.labels['{key}']"), draft);
        }
    }
    text
}

/// The pod that holds a claim which one pod alone may use.
fn shared_claim<'a>(view: &View<'a>, pod: &'a Value, draft: &mut Draft) -> String {
    let claims = |pod: &'a Value| {
        let volumes = pod.items("/spec/volumes").iter();
        volumes.map(|volume| volume.text("/persistentVolumeClaim/claimName")).filter(|name| !name.is_empty())
    };
    let wanted: Vec<&str> = claims(pod).collect();
    let holder = view.pods_in(pod.namespace()).iter().copied().find(|other| {
        is_on_a_node(other) && other.name() != pod.name() && claims(other).any(|name| wanted.contains(&name))
    });
    holder.map_or_else(String::new, |holder| {
        draft.affects(holder);
        draft.field(holder, ".spec.nodeName");
        format!("; pod {} holds the claim", holder.name())
    })
}

/// The pod that holds a port of the node.
fn host_ports<'a>(view: &View<'a>, holders: &Holders<'a>, pod: &'a Value, draft: &mut Draft) -> String {
    let ports = |pod: &'a Value| {
        let containers = pod.items("/spec/containers").iter();
        containers.flat_map(|container| container.items("/ports")).filter_map(|port| port.number("/hostPort"))
    };
    let holders = holders.get_or_init(|| {
        let running = view.all(Kind::Pod).iter().filter(|pod| is_on_a_node(pod));
        running.flat_map(|pod| ports(pod).map(move |port| (port, pod))).collect()
    });
    for container in pod.items("/spec/containers") {
        let name = container.text("/name");
        draft.field(pod, &format!(".spec.containers[name={name}].ports"));
    }
    let holder = ports(pod).find_map(|port| holders.get(&port).copied());
    holder.map_or_else(String::new, |holder| {
        draft.affects(holder);
        draft.field(holder, ".spec.nodeName");
        format!("; pod {} holds the port on {}", holder.name(), holder.text("/spec/nodeName"))
    })
}

fn is_on_a_node(pod: &Value) -> bool {
    !pod.text("/spec/nodeName").is_empty() && !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
}
