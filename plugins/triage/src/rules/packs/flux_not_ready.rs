//! `flux-not-ready` (the kind): a Flux source that can not be fetched, or what it holds that can not be applied.
//! Suspended is a choice.

use holmes_protocol::Severity;
use serde_json::Value;

use super::states::{cite, lasting, words};
use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

const GRACE: i64 = 600;
const KINDS: [Kind; 3] = [Kind::GitRepository, Kind::Kustomization, Kind::HelmRelease];

pub(super) const RULE: Rule = Rule {
    id: "flux-not-ready",
    subject: Subject::Configuration,
    reads: &KINDS,
    explains: &[],
    yields_to: &[Cause::Pods, Cause::Dependency, Cause::Rule("flux-not-ready")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    KINDS.into_iter().flat_map(|kind| view.all(kind)).filter_map(|object| judge(view, object)).collect()
}

fn judge<'a>(view: &View<'a>, object: &'a Value) -> Option<Draft> {
    if object.flag("/spec/suspend") || object.is_deleting() {
        return None;
    }
    let condition = lasting(view, object.items("/status/conditions"), "Ready", "False", GRACE)?;
    // What waits for another of Flux's objects says so, and that one is told.
    if condition.text("/reason") == "DependencyNotReady" {
        return None;
    }
    let mut draft = Draft::new(RULE.id, object.kind(), Severity::Error, object);
    cite(&mut draft, object, "Ready");
    draft.field(object, ".spec.sourceRef");
    draft.field(object, ".spec.url");
    draft.field(object, ".status.lastAppliedRevision");
    let source = match object.text("/spec/sourceRef/namespace") {
        "" => object.namespace(),
        namespace => namespace,
    };
    draft.depends_on.insert(object_key(
        object.text("/spec/sourceRef/kind"),
        source,
        object.text("/spec/sourceRef/name"),
    ));
    draft.summary(format!("{} {} is not ready ({})", object.kind(), object.name(), words(condition)));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene};

    fn scene(suspend: bool, status: &str) -> Scene {
        let body = json!({"spec": {"suspend": suspend, "sourceRef": {"kind": "GitRepository", "name": "fleet"}}, "status": {"conditions": [
            {"type": "Ready", "status": status, "reason": "BuildFailed", "message": "kustomize build failed: accumulating resources", "lastTransitionTime": EARLIER}]}});
        Scene::new().with(Kind::Kustomization, "apps", body)
    }

    #[test]
    fn what_can_not_be_applied_is_found_and_what_is_suspended_is_not() {
        scene(false, "False").finds("flux-not-ready/Kustomization");
        scene(true, "False").is_silent();
        scene(false, "True").is_silent();
    }
}
