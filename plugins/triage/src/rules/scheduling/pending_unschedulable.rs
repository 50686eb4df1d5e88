//! A pod is Pending because it fits no node: which constraint closes which nodes.
//!
//! Fires on `PodScheduled=False/Unschedulable` after half a minute. Not while the autoscaler brings a node
//! (ten minutes after `TriggeredScaleUp`), not where the missing claim is the finding, not for gangs that a
//! batch scheduler holds back.

mod constraint;
#[cfg(test)]
mod tests;

use holmes_protocol::Severity;
use serde_json::Value;

use super::placement::{Demands, is_ailing, placed_volumes, reaches, unschedulable};
use crate::decode::scheduler::{Reason, order, reasons};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::template;
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "pending-unschedulable",
    subject: Subject::Pod(90),
    reads: &[Kind::Pod, Kind::Node],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let holders = constraint::Holders::default();
    let pods = unschedulable(view).into_iter();
    pods.filter_map(|(pod, condition)| judge(view, &holders, pod, condition)).collect()
}

fn judge<'a>(
    view: &View<'a>,
    holders: &constraint::Holders<'a>,
    pod: &'a Value,
    condition: &'a Value,
) -> Option<Draft> {
    let message = condition.text("/message");
    let reasons = reasons(message);
    let is_gang = message.starts_with("pod group is not ready") || message.contains("gang unschedulable");
    if is_gang || reasons.iter().any(|reason| reason.class == "missing-pvc") {
        return None;
    }
    let demands = Demands::of(pod);
    let meant: Vec<&Value> = view.all(Kind::Node).iter().filter(|node| demands.select(node)).collect();
    let (class, nodes) = choose(view, pod, &demands, &meant, &reasons);
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, None);
    draft.field(pod, ".status.conditions[type=PodScheduled].message");
    if let Some(event) = view.newest_event(pod, &["NotTriggerScaleUp", "FailedScheduling"], |_| true) {
        draft.event(event);
    }
    // A node that is lost, under pressure or cordoned may be why the others do not suffice.
    let closed = meant.iter().filter(|node| is_ailing(node) || demands.is_shut_out(node));
    draft.depends_on.extend(closed.map(|node| node.key()));
    for volume in pod.items("/spec/volumes") {
        let claim = volume.text("/persistentVolumeClaim/claimName");
        if !claim.is_empty() {
            draft.depends_on.insert(object_key("PersistentVolumeClaim", pod.namespace(), claim));
        }
    }
    let texts: Vec<String> = reasons
        .iter()
        .map(|reason| {
            reason.count.map_or_else(|| reason.text.clone(), |count| format!("{count} {}", reason.text))
        })
        .collect();
    let detail = constraint::cite(view, holders, pod, class, &nodes, &mut draft);
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
fn choose<'a>(
    view: &View<'a>,
    pod: &Value,
    demands: &Demands<'_>,
    meant: &[&'a Value],
    reasons: &[Reason],
) -> (&'static str, Vec<&'a Value>) {
    let nodes: Vec<&Value> = view.all(Kind::Node).iter().collect();
    let mut ranked: Vec<&Reason> = reasons.iter().collect();
    ranked.sort_by_key(|reason| (std::cmp::Reverse(reason.count.unwrap_or(u32::MAX)), order(reason.class)));
    let first = ranked.first().map_or("other", |reason| reason.class);
    let said = |class: &str| reasons.iter().any(|reason| reason.class == class);
    if nodes.is_empty() || first == "other" && reasons.len() == 1 {
        return (first, nodes);
    }
    if meant.is_empty() && said("node-selector") {
        let by_labels = nodes.iter().any(|node| demands.select_by_labels(node));
        return (if by_labels { "node-affinity" } else { "node-selector" }, nodes);
    }
    let welcome: Vec<&Value> =
        meant.iter().copied().filter(|node| demands.untolerated(node).is_empty()).collect();
    let open: Vec<&Value> = welcome.iter().copied().filter(|node| !demands.is_shut_out(node)).collect();
    if open.is_empty() && !welcome.is_empty() && said("cordoned") {
        return ("cordoned", welcome);
    }
    if open.is_empty() && !meant.is_empty() && said("taint") {
        let healthy: Vec<&Value> = meant.iter().copied().filter(|node| !is_ailing(node)).collect();
        return ("taint", if healthy.is_empty() { meant.to_vec() } else { healthy });
    }
    let disks = placed_volumes(view, pod);
    let unreachable = |node: &&Value| disks.iter().any(|(_, disk)| !reaches(disk, node));
    if said("volume-zone") && !open.is_empty() && open.iter().all(unreachable) {
        return ("volume-zone", open);
    }
    let about_open = |reason: &&&Reason| !matches!(reason.class, "taint" | "node-selector" | "cordoned");
    (ranked.iter().find(about_open).map_or(first, |reason| reason.class), open)
}
