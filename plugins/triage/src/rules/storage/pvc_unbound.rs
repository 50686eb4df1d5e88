//! `pvc-unbound`: a claim stays Pending although it is used, or although its class binds at once. The class tells
//! why: `class-missing`, `no-default-class`, `provisioning-failed`, `provisioner-absent` or `zone` where a volume
//! is to be made; `capacity`, `access-mode`, `volume-mode`, `selector`, `occupied` or `node-affinity`, the first
//! condition that the nearest volume fails, where one is to be found.
//!
//! Not on: claims that wait for their first pod, or whose pod is held up by something else; a provisioner at work.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::binding::{self, Candidate, class_name};
use super::users::Users;
use crate::decode::nearest;
use crate::decode::scheduler::reasons;
use crate::draft::Draft;
use crate::object::{Object, Seconds, label};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{Lookup, View, labels};

#[cfg(test)]
mod tests;

const GRACE: Seconds = 60;
/// Clouds need minutes for a disk.
const PROVISIONING: Seconds = 300;
const DEFAULT: (&str, &str) = ("storageclass.kubernetes.io/is-default-class", "true");
/// The provisioner of classes whose volumes somebody makes by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";

pub(super) const RULE: Rule = Rule {
    id: "pvc-unbound",
    subject: Subject::Storage,
    reads: &[Kind::PersistentVolumeClaim, Kind::PersistentVolume, Kind::StorageClass],
    explains: &[
        Effect::MissingPods,
        Effect::Rule("pending-unschedulable"),
        Effect::Rule("volume-mount-failed"),
        Effect::Rule("volume-attach-failed"),
    ],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let pending = |claim: &&Value| {
        claim.text("/status/phase") == "Pending"
            && !claim.is_deleting()
            && view.age(claim.created()) >= Some(GRACE)
    };
    let claims: Vec<&Value> = view.all(Kind::PersistentVolumeClaim).iter().filter(pending).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let users = Users::new(view);
    claims
        .into_iter()
        .filter_map(|claim| Some(draft(view, &diagnose(view, claim, &users)?, &users)))
        .collect()
}

/// A Pending claim and what is known of it.
struct Pending<'a> {
    claim: &'a Value,
    /// The class by name: "" for none.
    class: &'a str,
    found: Lookup<'a>,
    /// Does a provisioner make its volumes?
    dynamic: bool,
    failed: Option<&'a Value>,
    newest: Option<&'a Value>,
    users: Vec<&'a Value>,
}

/// What is wrong.
struct Diagnosis<'a> {
    claim: &'a Value,
    class: &'static str,
    why: String,
    event: Option<&'a Value>,
    candidate: Option<Candidate<'a>>,
    /// The class that is not there.
    absent: Option<&'a str>,
    confidence: Confidence,
}

fn diagnose<'a>(view: &View<'a>, claim: &'a Value, users: &Users<'a>) -> Option<Diagnosis<'a>> {
    let pinned = claim.text("/spec/volumeName");
    if !pinned.is_empty() && view.find(Kind::PersistentVolume, "", pinned).found().is_none() {
        // A volume that is named and not there is the matter of `pvc-lost`.
        return None;
    }
    let named = class_name(claim);
    let class = named.or_else(|| default_class(view).map(Object::name)).unwrap_or_default();
    let found = match class {
        "" => Lookup::Unknown,
        class => view.find(Kind::StorageClass, "", class),
    };
    let provisioner = found.found().map(|class| class.text("/provisioner"));
    let pending = Pending {
        claim,
        class,
        found,
        dynamic: provisioner.is_some_and(|provisioner| provisioner != BY_HAND) && pinned.is_empty(),
        failed: view.newest_event(claim, &["ProvisioningFailed"], |_| true),
        newest: view.events(claim).last().copied(),
        users: users.of(claim).to_vec(),
    };
    if pending.waits(view) {
        None
    } else if pending.dynamic {
        pending.of_provisioner(view)
    } else if named.is_none() && class.is_empty() {
        pending.without_default(view)
    } else if pending.found.is_absent() {
        pending.without_class(view)
    } else if class.is_empty() || pending.found.found().is_some() {
        pending.of_volumes(view)
    } else {
        pending.as_told()
    }
}

fn default_class<'a>(view: &View<'a>) -> Option<&'a Value> {
    let classes = view.all(Kind::StorageClass).iter();
    let defaults = classes.filter(|class| class.pairs("/metadata/annotations").contains(&DEFAULT));
    defaults.max_by_key(|class| (class.created(), std::cmp::Reverse(class.name())))
}

impl<'a> Pending<'a> {
    fn newest_reason(&self) -> &'a str {
        self.newest.map(|event| event.text("/reason")).unwrap_or_default()
    }

    /// Does the claim wait by design: for its first pod, or for a provisioner that just began?
    fn waits(&self, view: &View<'a>) -> bool {
        let reason = self.newest_reason();
        let mode = self.found.found().map(|class| class.text("/volumeBindingMode"));
        let lazy = mode == Some("WaitForFirstConsumer")
            || matches!(reason, "WaitForFirstConsumer" | "WaitForPodScheduled");
        let young = view.age(self.claim.created()).is_none_or(|age| age < PROVISIONING);
        if self.failed.is_some() {
            false
        } else if lazy {
            !self.users.iter().any(|pod| is_held_up_by_its_volume(pod))
        } else if matches!(reason, "ExternalProvisioning" | "Provisioning") {
            young || reason == "Provisioning"
        } else {
            // Nobody misses a claim that nobody uses, unless its class binds at once or the binder complains.
            let at_once = mode.is_some_and(|mode| matches!(mode, "" | "Immediate"));
            self.users.is_empty() && !at_once && !self.found.is_absent() && reason != "FailedBinding"
        }
    }

    fn diagnosis(&self, class: &'static str, why: impl Into<String>) -> Diagnosis<'a> {
        let event = self.failed.or(self
            .newest
            .filter(|event| matches!(event.text("/reason"), "FailedBinding" | "ExternalProvisioning")));
        Diagnosis {
            claim: self.claim,
            class,
            why: why.into(),
            event,
            candidate: None,
            absent: None,
            confidence: Confidence::High,
        }
    }

    fn of_provisioner(&self, view: &View<'a>) -> Option<Diagnosis<'a>> {
        let class = self.found.found()?;
        let provisioner = class.text("/provisioner");
        if self.failed.is_some() {
            return self.as_told();
        }
        if is_out_of_reach(view, class) {
            let why = format!("no node is in the zones that StorageClass {} allows", self.class);
            return Some(self.diagnosis("zone", why));
        }
        let why = format!("its provisioner {provisioner} does not answer");
        if self.newest_reason() == "ExternalProvisioning" {
            return Some(self.diagnosis("provisioner-absent", why));
        }
        // Silence proves something only where events may be read.
        let silent = self.newest.is_none() && view.is_complete(Kind::Event, self.claim.namespace());
        let old = view.age(self.claim.created())? >= PROVISIONING;
        let confidence = Confidence::Medium;
        (silent && old).then(|| Diagnosis { confidence, ..self.diagnosis("provisioner-absent", why) })
    }

    /// What the cluster says of a claim whose class may not be read, or whose provisioner failed.
    fn as_told(&self) -> Option<Diagnosis<'a>> {
        if self.newest_reason() == "ExternalProvisioning" && self.failed.is_none() {
            return Some(self.diagnosis("provisioner-absent", "its provisioner does not answer"));
        }
        let message = self.failed?.text("/message");
        let text = message.to_ascii_lowercase();
        let class = if text.contains("storageclass") && text.contains("not found") {
            "class-missing"
        } else if text.contains("topolog") || text.contains("zone") {
            "zone"
        } else if ["access mode", "accessmode", "multi_node_multi_writer"]
            .iter()
            .any(|word| text.contains(word))
        {
            "access-mode"
        } else {
            "provisioning-failed"
        };
        Some(self.diagnosis(class, message))
    }

    fn without_default(&self, view: &View<'a>) -> Option<Diagnosis<'a>> {
        if !view.is_complete(Kind::StorageClass, "") {
            return None;
        }
        // A free volume without a class would do as well: then it is the volume that does not fit.
        let candidate = self.candidate(view).filter(|one| !one.failures.contains(&"class-missing"));
        if let Some(candidate) = candidate.filter(|one| !one.failures.contains(&"occupied")) {
            return self.unfit(candidate);
        }
        Some(self.diagnosis("no-default-class", "it names no class and there is no default one"))
    }

    fn without_class(&self, view: &View<'a>) -> Option<Diagnosis<'a>> {
        // Volumes made by hand may carry the name of a class that needs no object.
        let candidate = self.candidate(view).filter(|one| class_name(one.volume) == Some(self.class));
        if let Some(candidate) = candidate {
            return self.unfit(candidate);
        }
        let why = format!("StorageClass {} not found", self.class);
        Some(Diagnosis { absent: Some(self.class), ..self.diagnosis("class-missing", why) })
    }

    fn of_volumes(&self, view: &View<'a>) -> Option<Diagnosis<'a>> {
        if !view.is_complete(Kind::PersistentVolume, "") {
            return None;
        }
        match self.candidate(view) {
            Some(candidate) => self.unfit(candidate),
            None => Some(
                self.diagnosis("capacity", "there is no PersistentVolume at all and none is provisioned"),
            ),
        }
    }

    fn candidate(&self, view: &View<'a>) -> Option<Candidate<'a>> {
        binding::nearest(view, self.claim, self.class)
    }

    /// A volume that fits is about to be bound.
    fn unfit(&self, candidate: Candidate<'a>) -> Option<Diagnosis<'a>> {
        let class = *candidate.failures.first()?;
        let why = format!(
            "no PersistentVolume fits; the nearest, {}, {}",
            candidate.volume.name(),
            candidate.failures.iter().map(|class| binding::in_words(class)).collect::<Vec<_>>().join(" and ")
        );
        Some(Diagnosis { candidate: Some(candidate), ..self.diagnosis(class, why) })
    }
}

/// Is the pod scheduled, or does the scheduler say that it is the volume that keeps it from being?
fn is_held_up_by_its_volume(pod: &Value) -> bool {
    match pod.condition("PodScheduled") {
        Some(condition) if condition.text("/status") == "False" => reasons(condition.text("/message"))
            .iter()
            .any(|reason| matches!(reason.class, "volume-bind" | "volume-zone" | "unbound-pvc")),
        Some(_) => !pod.text("/spec/nodeName").is_empty(),
        None => false,
    }
}

/// Does the class allow only zones in which there is no node?
fn is_out_of_reach(view: &View<'_>, class: &Value) -> bool {
    let terms = class.items("/allowedTopologies");
    let holds = |term: &Value, node: &Value| {
        term.items("/matchLabelExpressions").iter().all(|expression| {
            let found = label(labels(node), expression.text("/key"));
            expression.items("/values").iter().any(|value| value.as_str() == found)
        })
    };
    let nodes = view.all(Kind::Node);
    !terms.is_empty()
        && view.is_complete(Kind::Node, "")
        && !nodes.iter().any(|node| terms.iter().any(|term| holds(term, node)))
}

fn draft<'a>(view: &View<'a>, diagnosis: &Diagnosis<'a>, users: &Users<'a>) -> Draft {
    let claim = diagnosis.claim;
    let mut draft = Draft::new(RULE.id, diagnosis.class, Severity::Error, claim);
    draft.confidence(diagnosis.confidence);
    for path in
        [".status.phase", ".spec.storageClassName", ".spec.accessModes", ".spec.resources.requests.storage"]
    {
        draft.field(claim, path);
    }
    if let Some(event) = diagnosis.event {
        draft.event(event);
    }
    if let Some(candidate) = &diagnosis.candidate {
        binding::cite(&mut draft, claim, candidate);
    }
    if let Some(class) = view.find(Kind::StorageClass, "", class_name(claim).unwrap_or_default()).found() {
        draft.field(class, ".provisioner");
        draft.field(class, ".allowedTopologies");
    }
    if let Some(absent) = diagnosis.absent {
        draft.absent("StorageClass", "", absent);
        let classes: Vec<&str> = view.all(Kind::StorageClass).iter().map(Value::name).collect();
        let near = nearest::name(absent, classes.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        draft.suggest(format!("{near}There are the classes {}", classes.join(", ")));
    }
    draft.since(claim, ".metadata.creationTimestamp");
    draft.summary(format!("claim {} is Pending: {}", claim.name(), diagnosis.why));
    users.affect(view, claim, &mut draft);
    draft.check(&["kubectl", "-n", claim.namespace(), "describe", "pvc", claim.name()], "the claim's events");
    draft.check(&["kubectl", "get", "pv,storageclasses"], "which volumes and classes there are");
    draft
}
