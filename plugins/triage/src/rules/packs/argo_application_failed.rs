//! `argo-application-failed` (`sync`, `degraded`): an Argo CD application whose synchronisation failed or whose parts
//! are degraded. That it drifted is a note; that it progresses is none.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "argo-application-failed",
    subject: Subject::Network,
    reads: &[Kind::Application],
    explains: &[],
    yields_to: &[Cause::Pods, Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Application).iter().filter_map(judge).collect()
}

fn judge(application: &Value) -> Option<Draft> {
    let phase = application.text("/status/operationState/phase");
    let health = application.text("/status/health/status");
    let (class, severity) = match (phase, health) {
        ("Failed" | "Error", _) => ("sync", Severity::Error),
        (_, "Degraded") => ("degraded", Severity::Error),
        _ if application.text("/status/sync/status") == "OutOfSync" => ("drift", Severity::Note),
        _ => return None,
    };
    let mut draft = Draft::new(RULE.id, class, severity, application);
    for path in [
        ".status.operationState.phase",
        ".status.operationState.message",
        ".status.health.status",
        ".status.sync.status",
        ".spec.source.repoURL",
        ".status.sync.revision",
    ] {
        draft.field(application, path);
    }
    draft.since(application, ".status.operationState.finishedAt");
    // The parts that are degraded are the reason, where triage knows them.
    for part in application.items("/status/resources") {
        if part.text("/health/status") == "Degraded" {
            let key = object_key(part.text("/kind"), part.text("/namespace"), part.text("/name"));
            draft.depends_on.insert(key);
        }
    }
    let what = match class {
        "sync" => format!("can not be synchronised: {}", application.text("/status/operationState/message")),
        "degraded" => "is degraded".to_owned(),
        _ => "is out of sync".to_owned(),
    };
    draft.summary(format!("Argo CD application {} {what}", application.name()));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn scene(status: Value) -> Scene {
        Scene::new().with(
            Kind::Application,
            "web",
            json!({"spec": {"source": {"repoURL": "https://git.example/fleet"}}, "status": status}),
        )
    }

    #[test]
    fn a_failed_synchronisation_is_found_and_drift_is_a_note() {
        let failed = json!({"sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"},
            "operationState": {"phase": "Failed", "message": "one or more objects failed to apply", "finishedAt": "2026-11-16T11:00:00Z"}});
        scene(failed).finds("argo-application-failed/sync");
        scene(json!({"sync": {"status": "Synced"}, "health": {"status": "Degraded"}}))
            .finds("argo-application-failed/degraded");
        let drift = scene(json!({"sync": {"status": "OutOfSync"}, "health": {"status": "Healthy"}}));
        assert!(drift.told().is_empty());
        assert_eq!(drift.noted(), ["argo-application-failed/drift"]);
        scene(json!({"sync": {"status": "Synced"}, "health": {"status": "Progressing"}})).is_silent();
    }
}
