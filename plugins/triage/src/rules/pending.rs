//! Pods that fit no node: which constraint, on which nodes.

use holmes_protocol::Severity;
use serde_json::{Value, json};

use crate::decode::scheduler::{Reason, order, reasons};
use crate::draft::Draft;
use crate::object::{Object, expression_holds, label, quantity};
use crate::observations::Kind;
use crate::template;
use crate::view::{View, event_time, labels};

/// The scheduler tries again at once; a scale-up of the node pool takes minutes.
const GRACE: i64 = 30;
const SCALE_UP: i64 = 600;
/// A scheduler looks at a new pod within a second.
const UNSEEN: i64 = 60;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pods = view.all(Kind::Pod).iter();
    pods.filter(|pod| pod.text("/status/phase") == "Pending" && !pod.is_deleting())
        .filter_map(|pod| judge(view, pod).or_else(|| unseen(view, pod)))
        .collect()
}

/// A pod that no scheduler has looked at.
fn unseen<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let looked_at = pod.condition("PodScheduled").is_some() || !pod.text("/spec/nodeName").is_empty();
    if looked_at || view.age(pod.created())? < UNSEEN || !pod.items("/spec/schedulingGates").is_empty() {
        return None;
    }
    let scheduler = pod.text("/spec/schedulerName");
    let class = if scheduler == "default-scheduler" { "scheduler-down" } else { "unknown-scheduler" };
    let mut draft = Draft::of_pod(view, "pending-no-scheduler", class, Severity::Error, pod, None);
    draft.field(pod, ".spec.schedulerName");
    draft.field(pod, ".status.phase");
    draft.since(pod, ".metadata.creationTimestamp");
    draft.summary(format!("pod is Pending and scheduler {scheduler} has not looked at it"));
    draft.check(
        &["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()],
        "whether a scheduler saw it",
    );
    Some(draft)
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let condition = pod.condition("PodScheduled")?;
    let waiting = condition.text("/status") == "False" && condition.text("/reason") == "Unschedulable";
    if !waiting {
        return None;
    }
    let age = view.age(condition.time("/lastTransitionTime"))?;
    let scaling = view
        .newest_event(pod, &["TriggeredScaleUp", "Nominated"], |_| true)
        .is_some_and(|event| view.now - event_time(event) < SCALE_UP);
    if age < GRACE || scaling {
        return None;
    }
    let message = condition.text("/message");
    let reasons = reasons(message);
    if reasons.iter().any(|reason| reason.class == "missing-pvc") {
        // The missing claim is a finding of its own.
        return None;
    }
    let (class, nodes) = choose(view, pod, &reasons);
    let mut draft = Draft::of_pod(view, "pending-unschedulable", class, Severity::Error, pod, None);
    draft.field(pod, ".status.conditions[type=PodScheduled].message");
    if let Some(event) = view.newest_event(pod, &["NotTriggerScaleUp", "FailedScheduling"], |_| true) {
        draft.event(event);
    }
    for node in view.all(Kind::Node).iter().filter(|node| selects_node(pod, node) && is_ailing(node)) {
        draft.depends_on.insert(node.key());
    }
    let texts: Vec<String> = reasons
        .iter()
        .map(|reason| {
            reason.count.map_or_else(|| reason.text.clone(), |count| format!("{count} {}", reason.text))
        })
        .collect();
    let detail = explain(view, pod, class, &nodes, &mut draft);
    draft.summary(format!("pod can not be scheduled ({class}): {}{detail}", texts.join(", ")));
    draft.since(pod, ".status.conditions[type=PodScheduled].lastTransitionTime");
    draft.changed(template::changes(view, pod));
    let namespace = pod.namespace();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", pod.name()], "the scheduler's reasons");
    draft.check(&["kubectl", "get", "nodes", "-o", "wide"], "which nodes there are");
    Some(draft)
}

/// The class that matters, and the nodes it is about. Nodes that the pod never meant (by selector, or by a
/// taint that keeps a pool for others) give reasons too, and often the most.
fn choose<'a>(view: &View<'a>, pod: &Value, reasons: &[Reason]) -> (&'static str, Vec<&'a Value>) {
    let nodes: Vec<&Value> = view.all(Kind::Node).iter().collect();
    let mut ranked: Vec<&Reason> = reasons.iter().collect();
    ranked.sort_by_key(|reason| (std::cmp::Reverse(reason.count.unwrap_or(u32::MAX)), order(reason.class)));
    let first = ranked.first().map_or("other", |reason| reason.class);
    if nodes.is_empty() {
        return (first, nodes);
    }
    let meant: Vec<&Value> = nodes.iter().copied().filter(|node| selects_node(pod, node)).collect();
    if meant.is_empty() {
        return ("node-selector", nodes);
    }
    let open: Vec<&Value> = meant
        .iter()
        .copied()
        .filter(|node| untolerated(pod, node).is_empty() && !node.flag("/spec/unschedulable"))
        .collect();
    if open.is_empty() {
        let cordoned: Vec<&Value> = meant
            .iter()
            .copied()
            .filter(|node| node.flag("/spec/unschedulable") && hard_taints(pod, node).is_empty())
            .collect();
        return if cordoned.is_empty() { ("taint", meant) } else { ("cordoned", cordoned) };
    }
    let rest = ranked.iter().find(|reason| !matches!(reason.class, "taint" | "node-selector" | "cordoned"));
    (rest.map_or(first, |reason| reason.class), open)
}

fn selects_node(pod: &Value, node: &Value) -> bool {
    let selector = pod.pairs("/spec/nodeSelector");
    let terms = pod.items(
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
    );
    let holds =
        |term: &Value| term.items("/matchExpressions").iter().all(|one| expression_holds(one, labels(node)));
    selector.iter().all(|(key, value)| label(labels(node), key) == Some(value))
        && (terms.is_empty() || terms.iter().any(holds))
}

/// Taints that keep the pod off the node.
fn untolerated<'n>(pod: &Value, node: &'n Value) -> Vec<&'n Value> {
    let taints = node.items("/spec/taints").iter();
    taints
        .filter(|taint| matches!(taint.text("/effect"), "NoSchedule" | "NoExecute"))
        .filter(|taint| !pod.items("/spec/tolerations").iter().any(|toleration| tolerates(toleration, taint)))
        .collect()
}

/// Does the control plane keep pods off the node, because it is lost or under pressure?
fn is_ailing(node: &Value) -> bool {
    let keys = node.items("/spec/taints").iter().map(|taint| taint.text("/key"));
    keys.into_iter()
        .any(|key| key.starts_with("node.kubernetes.io/") && key != "node.kubernetes.io/unschedulable")
}

/// Without the taint that a cordon sets.
fn hard_taints<'n>(pod: &Value, node: &'n Value) -> Vec<&'n Value> {
    let taints = untolerated(pod, node).into_iter();
    taints.filter(|taint| taint.text("/key") != "node.kubernetes.io/unschedulable").collect()
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let key = toleration.text("/key");
    let effect = toleration.text("/effect");
    let exists = toleration.text("/operator") == "Exists";
    (key.is_empty() && exists || key == taint.text("/key"))
        && (effect.is_empty() || effect == taint.text("/effect"))
        && (exists || toleration.text("/value") == taint.text("/value"))
}

/// Cites what the class is about; returns what the summary adds.
fn explain<'a>(
    view: &View<'a>,
    pod: &'a Value,
    class: &str,
    nodes: &[&'a Value],
    draft: &mut Draft,
) -> String {
    match class {
        "cpu" | "memory" | "ephemeral-storage" => cite_resource(pod, class, nodes, draft),
        "taint" => {
            draft.field(pod, ".spec.nodeSelector");
            draft.field(pod, ".spec.tolerations");
            let mut texts = Vec::new();
            for node in nodes.iter().take(3) {
                for taint in hard_taints(pod, node) {
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
        "node-selector" => {
            draft.field(pod, ".spec.nodeSelector");
            draft.field(pod, ".spec.affinity.nodeAffinity");
            for (key, value) in pod.pairs("/spec/nodeSelector") {
                let mut values: Vec<&str> =
                    nodes.iter().filter_map(|node| label(labels(node), key)).collect();
                values.sort_unstable();
                values.dedup();
                if !values.contains(&value) {
                    let known = if values.is_empty() {
                        "no node has this label".to_owned()
                    } else {
                        format!("nodes have {}", values.join(", "))
                    };
                    draft.suggest(format!("the pod wants {key}={value}; {known}"));
                }
            }
            String::new()
        }
        "cordoned" => {
            for node in nodes.iter().take(3) {
                draft.field(node, ".spec.unschedulable");
                draft.affects(node);
                draft.fix(&["kubectl", "uncordon", node.name()], "lets pods on the node again", "low");
            }
            String::new()
        }
        "volume-zone" => cite_volumes(view, pod, nodes, draft),
        "pod-anti-affinity" | "pod-affinity" => {
            draft.field(pod, ".spec.affinity");
            String::new()
        }
        "topology-spread" => {
            draft.field(pod, ".spec.topologySpreadConstraints");
            String::new()
        }
        _ => String::new(),
    }
}

fn cite_resource(pod: &Value, class: &str, nodes: &[&Value], draft: &mut Draft) -> String {
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
    let allocatable =
        |node: &Value| quantity(node.text(&format!("/status/allocatable/{class}"))).unwrap_or_default();
    let Some(largest) = nodes.iter().max_by_key(|node| (allocatable(node), node.name())) else {
        return String::new();
    };
    draft.field(largest, &format!(".status.allocatable.{class}"));
    let most = largest.text(&format!("/status/allocatable/{class}"));
    if total > allocatable(largest) {
        draft.suggest(format!("the pod requests more {class} than any node has ({most})"));
    } else {
        draft.suggest(format!(
            "no node has that much {class} left beside what runs there; the largest has {most} in all"
        ));
    }
    format!("; requests {text} {class}")
}

fn cite_volumes<'a>(view: &View<'a>, pod: &'a Value, nodes: &[&'a Value], draft: &mut Draft) -> String {
    let mut text = String::new();
    for volume in pod.items("/spec/volumes") {
        let claim = volume.text("/persistentVolumeClaim/claimName");
        let Some(claim) = view.find(Kind::PersistentVolumeClaim, pod.namespace(), claim).found() else {
            continue;
        };
        let Some(disk) = view.find(Kind::PersistentVolume, "", claim.text("/spec/volumeName")).found() else {
            continue;
        };
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
            for node in nodes.iter().take(3) {
                draft.field(node, &format!(".metadata.labels['{key}']"));
            }
        }
    }
    text
}
