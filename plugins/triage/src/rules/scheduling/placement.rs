//! What decides on which nodes a pod may run, as the scheduler's filters see it: selectors, affinity, taints,
//! the place of its volumes. And which pods wait for a node at all.

use serde_json::Value;

use crate::object::{Object, Seconds, expression_holds, label};
use crate::observations::Kind;
use crate::view::{View, event_time, labels};

/// The scheduler tries again at once; a scale-up of the node pool takes minutes.
const GRACE: Seconds = 30;
const SCALE_UP: Seconds = 600;

const CORDON: &str = "node.kubernetes.io/unschedulable";
const REQUIRED: &str =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";

/// Pods that fit no node, past the grace, each with what the scheduler said.
pub(super) fn unschedulable<'a>(view: &View<'a>) -> Vec<(&'a Value, &'a Value)> {
    view.all(Kind::Pod).iter().filter_map(|pod| Some((pod, waiting(view, pod)?))).collect()
}

fn waiting<'a>(view: &View<'a>, pod: &'a Value) -> Option<&'a Value> {
    if pod.text("/status/phase") != "Pending" || pod.is_deleting() {
        return None;
    }
    let condition = pod.condition("PodScheduled")?;
    let unschedulable = condition.text("/status") == "False" && condition.text("/reason") == "Unschedulable";
    // Without events a scale-up can not be seen: it gets its time.
    let grace = if view.is_complete(Kind::Event, pod.namespace()) { GRACE } else { SCALE_UP };
    let old = view.age(condition.time("/lastTransitionTime"))? >= grace;
    (unschedulable && old && !is_scaling_up(view, pod)).then_some(condition)
}

/// Was a node asked for lately, and has the autoscaler not given up since?
pub(in crate::rules) fn is_scaling_up(view: &View<'_>, pod: &Value) -> bool {
    let newest = |reasons: &[&str]| view.newest_event(pod, reasons, |_| true).map(event_time);
    newest(&["TriggeredScaleUp", "Nominated"])
        .is_some_and(|asked| view.now - asked < SCALE_UP && newest(&["NotTriggerScaleUp"]) < Some(asked))
}

/// What a pod asks of its node, read once: it is held against every node of the cluster.
pub(super) struct Demands<'a> {
    selector: Vec<(&'a str, &'a str)>,
    terms: &'a [Value],
    tolerations: &'a [Value],
}

impl<'a> Demands<'a> {
    pub(super) fn of(pod: &'a Value) -> Self {
        Self {
            selector: pod.pairs("/spec/nodeSelector"),
            terms: pod.items(REQUIRED),
            tolerations: pod.items("/spec/tolerations"),
        }
    }

    /// Does the pod mean this node, by selector and required affinity?
    pub(super) fn select(&self, node: &Value) -> bool {
        self.select_by_labels(node)
            && (self.terms.is_empty() || self.terms.iter().any(|term| term_holds(term, node)))
    }

    pub(super) fn select_by_labels(&self, node: &Value) -> bool {
        self.selector.is_empty()
            || self.selector.iter().all(|(key, value)| label(labels(node), key) == Some(value))
    }

    /// Taints that keep the pod off the node, the one that a cordon sets left out.
    pub(super) fn untolerated<'n>(&self, node: &'n Value) -> Vec<&'n Value> {
        let taints = node.items("/spec/taints").iter();
        taints
            .filter(|taint| matches!(taint.text("/effect"), "NoSchedule" | "NoExecute"))
            .filter(|taint| taint.text("/key") != CORDON && !self.tolerate(taint))
            .collect()
    }

    /// Is the node closed to this pod by a cordon?
    pub(super) fn is_shut_out(&self, node: &Value) -> bool {
        let cordon = || node.items("/spec/taints").iter().find(|taint| taint.text("/key") == CORDON);
        node.flag("/spec/unschedulable") && !cordon().is_some_and(|taint| self.tolerate(taint))
    }

    fn tolerate(&self, taint: &Value) -> bool {
        self.tolerations.iter().any(|toleration| tolerates(toleration, taint))
    }
}

fn term_holds(term: &Value, node: &Value) -> bool {
    let named = |field: &Value| {
        let listed = field.items("/values").iter().any(|name| name.as_str() == Some(node.name()));
        listed == (field.text("/operator") == "In")
    };
    let (expressions, fields) = (term.items("/matchExpressions"), term.items("/matchFields"));
    // A term without requirements matches nothing.
    !(expressions.is_empty() && fields.is_empty())
        && expressions.iter().all(|one| expression_holds(one, labels(node)))
        && fields.iter().all(named)
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let key = toleration.text("/key");
    let effect = toleration.text("/effect");
    let exists = toleration.text("/operator") == "Exists";
    (key.is_empty() && exists || key == taint.text("/key"))
        && (effect.is_empty() || effect == taint.text("/effect"))
        && (exists || toleration.text("/value") == taint.text("/value"))
}

/// Does the control plane keep pods off the node, because it is lost or under pressure?
pub(super) fn is_ailing(node: &Value) -> bool {
    let keys = node.items("/spec/taints").iter().map(|taint| taint.text("/key"));
    keys.into_iter().any(|key| key.starts_with("node.kubernetes.io/") && key != CORDON)
}

/// The bound volumes of a pod that may be used on some nodes only.
pub(super) fn placed_volumes<'a>(view: &View<'a>, pod: &Value) -> Vec<(&'a Value, &'a Value)> {
    let volumes = pod.items("/spec/volumes").iter();
    volumes
        .filter_map(|volume| {
            let name = volume.text("/persistentVolumeClaim/claimName");
            let claim = view.find(Kind::PersistentVolumeClaim, pod.namespace(), name).found()?;
            let disk = view.find(Kind::PersistentVolume, "", claim.text("/spec/volumeName")).found()?;
            disk.pointer("/spec/nodeAffinity/required").map(|_| (claim, disk))
        })
        .collect()
}

/// May the volume be used on the node?
pub(super) fn reaches(disk: &Value, node: &Value) -> bool {
    disk.items("/spec/nodeAffinity/required/nodeSelectorTerms").iter().any(|term| term_holds(term, node))
}
