//! A pod that no controller owns has failed within the day, and nobody will make another.

use holmes_protocol::Severity;
use serde_json::Value;

use super::ended_at;
use crate::blame::cite_log;
use crate::containers::containers;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, controller};

const WINDOW: Seconds = 24 * 3600;

pub(super) const RULE: Rule = Rule {
    id: "pod-failed",
    subject: Subject::Pod(92),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failed = view.all(Kind::Pod).iter().filter(|pod| pod.text("/status/phase") == "Failed");
    let alone = failed.filter(|pod| controller(pod).is_none() && !pod.is_deleting());
    alone.filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    if view.age(ended_at(pod))? > WINDOW {
        return None;
    }
    let mut draft = Draft::of_pod(view, RULE.id, "", Severity::Warning, pod, None);
    draft.field(pod, ".status.phase");
    draft.field(pod, ".spec.restartPolicy");
    let mut codes = Vec::new();
    for container in containers(pod) {
        let Some((end, path)) = container.last_end() else { continue };
        let code = end.number("/exitCode").unwrap_or_default();
        if code != 0 {
            draft.field(pod, &container.status_path(&format!("{path}.exitCode")));
            draft.field(pod, &container.status_path(&format!("{path}.reason")));
            draft.since(pod, &container.status_path(&format!("{path}.finishedAt")));
            codes.push(format!("`{}` ended with exit code {code}", container.name()));
            cite_log(view, &container, &mut draft);
        }
    }
    draft.field(pod, ".status.reason");
    let why = if codes.is_empty() { pod.text("/status/reason").to_owned() } else { codes.join(", ") };
    draft.summary(format!("pod failed and nothing will replace it: {why}"));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "how it ended");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn failed(finished: &str) -> Value {
        json!({"metadata": {}, "spec": {"restartPolicy": "Never", "containers": [{"name": "app"}]},
            "status": {"phase": "Failed", "containerStatuses": [{"name": "app", "restartCount": 0,
                "state": {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": finished}}}]}})
    }

    #[test]
    fn a_pod_of_nobody_that_failed_within_the_day_is_told() {
        let finding =
            Scene::new().with(Kind::Pod, "a-1", failed("2026-11-15T12:00:00Z")).finds("pod-failed/");
        assert!(finding.summary.contains("exit code 3"));
        Scene::new().with(Kind::Pod, "a-1", failed("2026-11-15T11:59:59Z")).is_silent();
    }

    #[test]
    fn a_pod_of_a_controller_is_its_matter() {
        let pod = owned(failed(LATELY), "ReplicaSet", "a", "replicasets-a");
        Scene::new().with(Kind::Pod, "a-1", pod).is_silent();
    }
}
