//! The startup probe fails: the kubelet restarts the container because of it, or it does not get past it although it
//! had its time. The class is what the probe was told. Not failures that ended in success.

use super::liveness_failing::killed_by;
use super::probing::{draft, is_current, is_overdue, kills, newest};
use crate::containers::Container;
use crate::decode::probe::Probe;
use crate::draft::Draft;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "startup-failing",
    subject: Subject::Pod(62),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let containers = view.troubled_containers().iter().filter(|container| !container.blocks_start());
    let waiting = containers.filter_map(|container| judge(view, container));
    killed_by(view, RULE.id, Probe::Startup).into_iter().chain(waiting).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    if !is_overdue(view, container) || kills(view, container, Probe::Startup).is_some() {
        return None;
    }
    let event = newest(view, container, Probe::Startup).filter(|event| is_current(view, event))?;
    Some(draft(view, container, (RULE.id, Probe::Startup), event))
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    const FAILED: &str = "Startup probe failed: HTTP probe failed with statuscode: 404";

    fn scene(ready: bool, started: &str, seen: &str) -> Scene {
        let mut pod = if ready { healthy_pod("a") } else { pod("a", &json!({})) };
        pod["spec"]["containers"][0]["startupProbe"] =
            json!({"httpGet": {"path": "/up", "port": 8080}, "failureThreshold": 6});
        pod["spec"]["containers"][0].as_object_mut().unwrap().remove("readinessProbe");
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": ready, "restartCount": 0,
            "state": {"running": {"startedAt": started}}});
        Scene::new().with(Kind::Pod, "a-1", pod).event_at(Kind::Pod, "a-1", "Unhealthy", FAILED, seen)
    }

    #[test]
    fn an_application_that_does_not_start_on_the_path_is_found() {
        scene(false, EARLIER, LATELY).finds("startup-failing/wrong-path");
    }

    #[test]
    fn failures_before_success_and_within_the_budget_are_silent() {
        scene(true, EARLIER, LATELY).is_silent();
        // Six failures at ten seconds, and thirty more.
        scene(false, "2026-11-16T11:58:31Z", NOW).is_silent();
        assert_eq!(scene(false, "2026-11-16T11:58:29Z", NOW).told(), ["startup-failing/wrong-path"]);
        scene(false, EARLIER, EARLIER).is_silent();
    }
}
