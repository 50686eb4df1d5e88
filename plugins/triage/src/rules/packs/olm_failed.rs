//! `olm-failed` (`ClusterServiceVersion`, `InstallPlan`, `CatalogSource`, `OperatorGroup`): an operator that the
//! Operator Lifecycle Manager can not install. An upgrade that waits for approval is a choice.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "olm-failed",
    subject: Subject::Controller,
    reads: &[Kind::ClusterServiceVersion, Kind::InstallPlan, Kind::CatalogSource, Kind::OperatorGroup],
    explains: &[],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let phases = [Kind::ClusterServiceVersion, Kind::InstallPlan].into_iter().flat_map(|kind| view.all(kind));
    let failed = phases
        .filter(|object| object.text("/status/phase") == "Failed")
        // A copy in each namespace repeats what the original says.
        .filter(|object| object.text("/status/reason") != "Copied")
        .map(|object| {
            told(
                object,
                &[".status.phase", ".status.reason", ".status.message"],
                object.text("/status/message"),
            )
        });
    let catalogues = view.all(Kind::CatalogSource).iter().filter(|source| {
        let state = source.text("/status/connectionState/lastObservedState");
        !matches!(state, "" | "READY" | "CONNECTING" | "IDLE")
    });
    let unreachable = catalogues.map(|source| {
        let state = source.text("/status/connectionState/lastObservedState");
        told(source, &[".status.connectionState.lastObservedState", ".spec.image"], state)
    });
    failed.chain(unreachable).chain(crowded(view)).collect()
}

fn told(object: &Value, paths: &[&str], why: &str) -> Draft {
    let mut draft = Draft::new(RULE.id, object.kind(), Severity::Error, object);
    for path in paths {
        draft.field(object, path);
    }
    draft.since(object, ".status.lastTransitionTime");
    draft.summary(format!("{} {} failed: {why}", object.kind(), object.name()));
    draft
}

/// Two groups in one namespace stop every operator in it.
fn crowded(view: &View<'_>) -> Vec<Draft> {
    let groups = view.all(Kind::OperatorGroup);
    let mut drafts = Vec::new();
    for pair in groups.windows(2) {
        let [first, second] = pair else { continue };
        let seen = drafts.iter().any(|draft: &Draft| draft.collapse == first.namespace());
        if first.namespace() != second.namespace() || seen {
            continue;
        }
        let mut draft = told(first, &[".metadata.name"], "a namespace takes one");
        first.namespace().clone_into(&mut draft.collapse);
        draft.field(second, ".metadata.name");
        draft.affects(second);
        draft.summary(format!(
            "namespace {} has two OperatorGroups, {} and {}: no operator is installed in it",
            first.namespace(),
            first.name(),
            second.name()
        ));
        drafts.push(draft);
    }
    drafts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    #[test]
    fn what_can_not_be_installed_says_so() {
        let version = |phase: &str, reason: &str| {
            let body = json!({"status": {"phase": phase, "reason": reason, "message": "install strategy failed: deployments.apps is forbidden"}});
            Scene::new().with(Kind::ClusterServiceVersion, "db.v1", body)
        };
        version("Failed", "InstallComponentFailed").finds("olm-failed/ClusterServiceVersion");
        version("Failed", "Copied").is_silent();
        version("Succeeded", "InstallSucceeded").is_silent();
        let catalogue = |state: &str| {
            Scene::new().with(
                Kind::CatalogSource,
                "community",
                json!({"status": {"connectionState": {"lastObservedState": state}}}),
            )
        };
        catalogue("TRANSIENT_FAILURE").finds("olm-failed/CatalogSource");
        catalogue("READY").is_silent();
    }

    #[test]
    fn a_namespace_takes_one_group() {
        let one = Scene::new().with(Kind::OperatorGroup, "a", json!({}));
        one.is_silent();
        assert_eq!(one.with(Kind::OperatorGroup, "b", json!({})).told(), ["olm-failed/OperatorGroup"]);
    }
}
