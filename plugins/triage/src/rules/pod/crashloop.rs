//! A container ends badly and is restarted again and again within the hour. The class is what its last line says,
//! else what its exit code means. Not a container that lacked memory or that a probe ended, nor an init container:
//! those have rules of their own; one that serves between restarts is `restarting`.

use super::crash::{Crash, crashes};
use crate::decode::exit_code;
use crate::draft::Draft;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "crashloop",
    subject: Subject::Pod(80),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crashes =
        crashes(view).filter(|crash| !crash.container.blocks_start() && !crash.container.is_ready());
    crashes.map(|crash| judge(view, &crash)).collect()
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Draft {
    let class = match crash.log_class() {
        "" => exit_code::class(crash.exit_code().unwrap_or_default()),
        class => class,
    };
    let mut draft = crash.draft(view, RULE.id, class);
    draft.field(crash.container.pod, &crash.container.spec_path(".image"));
    let line = crash.line();
    let line = if line.is_empty() { String::new() } else { format!(": {line}") };
    draft.summary(format!("{}{line}", crash.what()));
    draft
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn ended(code: i64, restarts: i64, finished: &str) -> Value {
        pod(
            "a",
            &json!({"name": "app", "ready": false, "restartCount": restarts,
            "state": {"terminated": {"exitCode": code, "reason": "Error", "finishedAt": finished}}}),
        )
    }

    fn one(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn a_crash_loop_is_told_with_its_last_line() {
        let scene = one(crashing_pod("a")).previous_log("a-1", "app", "starting\nKeyError: 'API_URL'\n");
        let finding = scene.finds("crashloop/config");
        assert!(finding.summary.contains("KeyError"), "{}", finding.summary);
        assert_eq!(finding.since.as_deref(), Some(EARLIER));
        one(crashing_pod("a")).finds("crashloop/app-error");
    }

    #[test]
    fn the_exit_code_speaks_where_no_line_does() {
        for (code, class) in
            [(139, "segfault"), (134, "abort"), (132, "illegal-instruction"), (137, "sigkill")]
        {
            assert_eq!(one(ended(code, 2, LATELY)).told(), [format!("crashloop/{class}")]);
        }
    }

    #[test]
    fn a_program_that_ends_well_and_is_restarted_is_a_crash_loop() {
        let mut pod = crashing_pod("a");
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] = json!(0);
        one(pod).finds("crashloop/exits-zero");
    }

    #[test]
    fn an_end_outside_the_window_or_a_first_one_is_silent() {
        one(ended(1, 2, "2026-11-16T11:00:00Z")).finds("crashloop/app-error");
        one(ended(1, 2, "2026-11-16T10:59:59Z")).is_silent();
        one(ended(1, 0, LATELY)).is_silent();
    }

    #[test]
    fn a_pod_that_finished_or_leaves_is_silent() {
        let mut done = ended(1, 2, LATELY);
        done["status"]["phase"] = json!("Succeeded");
        one(done).is_silent();
        let mut leaving = crashing_pod("a");
        leaving["metadata"]["deletionTimestamp"] = json!("2026-11-16T12:00:20Z");
        one(leaving).is_silent();
    }

    #[test]
    fn replicas_collapse_and_their_owner_is_named() {
        let set =
            json!({"metadata": {}, "spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": 0}});
        let mut scene = Scene::new().with(Kind::ReplicaSet, "a", set);
        for number in 0..2 {
            let pod = owned(crashing_pod("a"), "ReplicaSet", "a", "replicasets-a");
            scene = scene.with(Kind::Pod, &format!("a-{number}"), pod);
        }
        let findings = scene.findings();
        assert_eq!(scene.told(), ["crashloop/app-error"]);
        assert_eq!((findings[0].count, findings[0].owner_chain[0].kind.as_str()), (2, "ReplicaSet"));
    }
}
