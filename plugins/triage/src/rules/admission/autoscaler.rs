//! What the autoscaler rules share: which condition fails, what is scaled, and the facts that each finding cites.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::View;

/// The controller looks every 15 seconds, and metrics of new pods take minutes.
const GRACE: Seconds = 300;

/// An autoscaler that says it can not scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing<'a> {
    pub(super) autoscaler: &'a Value,
    /// The condition's type: `AbleToScale` or `ScalingActive`.
    kind: &'static str,
    pub(super) condition: &'a Value,
}

impl<'a> Failing<'a> {
    pub(super) fn reason(&self) -> &'a str {
        self.condition.text("/reason")
    }

    pub(super) fn message(&self) -> &'a str {
        self.condition.text("/message")
    }

    /// A draft that cites the condition and the target.
    pub(super) fn draft(&self, view: &View<'a>, rule: &str, class: &str) -> Draft {
        let mut draft = Draft::new(rule, class, Severity::Error, self.autoscaler);
        let path = format!(".status.conditions[type={}]", self.kind);
        draft.field(self.autoscaler, &format!("{path}.reason"));
        draft.field(self.autoscaler, &format!("{path}.message"));
        draft.field(self.autoscaler, ".spec.scaleTargetRef");
        draft.since(self.autoscaler, &format!("{path}.lastTransitionTime"));
        if let Some(target) = target(view, self.autoscaler) {
            draft.affects(target);
        }
        let (name, reason) = (self.autoscaler.name(), self.reason());
        draft.summary(format!("autoscaler {name} can not scale ({reason}): {}", self.message()));
        describe(&mut draft, self.autoscaler);
        draft
    }
}

/// Autoscalers whose condition fails for longer than the grace. A target at zero replicas is scaled by hand.
pub(super) fn failing<'a>(view: &View<'a>) -> Vec<Failing<'a>> {
    let fails = |autoscaler: &'a Value, kind| {
        let condition =
            autoscaler.condition(kind).filter(|condition| condition.text("/status") == "False")?;
        let old = view.age(condition.time("/lastTransitionTime"))? >= GRACE;
        old.then_some(Failing { autoscaler, kind, condition })
    };
    let settled = view
        .all(Kind::HorizontalPodAutoscaler)
        .iter()
        .filter(|autoscaler| !autoscaler.is_deleting() && view.age(autoscaler.created()) >= Some(GRACE));
    settled
        .filter_map(|autoscaler| {
            fails(autoscaler, "AbleToScale")
                .filter(|failing| failing.reason().starts_with("Failed"))
                .or_else(|| fails(autoscaler, "ScalingActive"))
        })
        .filter(|failing| failing.reason() != "ScalingDisabled")
        .collect()
}

/// What an autoscaler scales, where it is of a kind that is read.
pub(super) fn target<'a>(view: &View<'a>, autoscaler: &Value) -> Option<&'a Value> {
    let kind = Kind::parse(autoscaler.text("/spec/scaleTargetRef/kind"))?;
    view.find(kind, autoscaler.namespace(), autoscaler.text("/spec/scaleTargetRef/name")).found()
}

/// Where a person looks.
pub(super) fn describe(draft: &mut Draft, autoscaler: &Value) {
    let (namespace, name) = (autoscaler.namespace(), autoscaler.name());
    draft.check(&["kubectl", "-n", namespace, "describe", "hpa", name], "its conditions and metrics");
}

/// Autoscalers for the tests of the rules.
#[cfg(test)]
pub(super) mod scenes {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene};

    /// An autoscaler of Deployment `web`, which exists and lets one container go without a request.
    pub(crate) fn with(kind: &str, reason: &str, message: &str) -> Scene {
        failing_since(kind, reason, message, EARLIER)
    }

    pub(crate) fn failing_since(kind: &str, reason: &str, message: &str, since: &str) -> Scene {
        Scene::new().with(Kind::HorizontalPodAutoscaler, "web", autoscaler(kind, reason, message, since)).with(
            Kind::Deployment,
            "web",
            json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                {"name": "app", "resources": {"requests": {"cpu": "100m"}}}, {"name": "proxy", "resources": {}}]}}},
                "status": {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}}),
        )
    }

    pub(crate) fn autoscaler(kind: &str, reason: &str, message: &str, since: &str) -> Value {
        json!({"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5},
            "status": {"currentReplicas": 2, "conditions": [
                {"type": kind, "status": "False", "reason": reason, "message": message, "lastTransitionTime": since}]}})
    }
}
