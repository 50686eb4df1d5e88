//! The container runs and its readiness probe fails although it had its time. The class is what the probe was told,
//! `no-event` when no current event tells it. Not failures before it became ready, nor pods that leave.

use holmes_protocol::{Confidence, Severity};

use super::probing::{CURRENT, draft, is_current, is_overdue, newest};
use crate::blame::cite_log;
use crate::containers::Container;
use crate::decode::probe::Probe;
use crate::draft::Draft;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "readiness-failing",
    subject: Subject::Pod(85),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let containers = view.troubled_containers().iter().filter(|container| !container.blocks_start());
    containers.filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    if !is_overdue(view, container) {
        return None;
    }
    if let Some(event) = newest(view, container, Probe::Readiness).filter(|event| is_current(view, event)) {
        return Some(draft(view, container, (RULE.id, Probe::Readiness), event));
    }
    container.spec()?.pointer("/readinessProbe")?;
    if view.age(container.running_since())? < CURRENT {
        return None;
    }
    // The events are gone or could not be read: the status says unready, and nothing says why.
    let pod = container.pod;
    let mut draft = Draft::of_pod(view, RULE.id, "no-event", Severity::Error, pod, Some(container.name()));
    draft.confidence(Confidence::Medium);
    draft.field(pod, &container.status_path(".ready"));
    draft.field(pod, &container.spec_path(".readinessProbe"));
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!(
        "container `{}` runs but is not ready; no current event says why",
        container.name()
    ));
    cite_log(view, container, &mut draft);
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn unready(started: &str) -> Value {
        pod(
            "a",
            &json!({"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": started}}}),
        )
    }

    fn scene(message: &str) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", unready(EARLIER)).event(Kind::Pod, "a-1", "Unhealthy", message)
    }

    #[test]
    fn what_the_probe_was_told_is_the_class() {
        scene("Readiness probe failed: HTTP probe failed with statuscode: 404")
            .finds("readiness-failing/wrong-path");
        let cases = [
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", "app-unhealthy"),
            ("Readiness probe failed: HTTP probe failed with statuscode: 401", "auth"),
            (
                "Readiness probe failed: Get \"https://10.0.0.1:8080/\": http: server gave HTTP response to HTTPS client",
                "wrong-scheme",
            ),
            (
                "Readiness probe failed: Get \"http://10.0.0.1:8080/\": net/http: HTTP/1.x transport connection broken: malformed HTTP response",
                "wrong-protocol",
            ),
            ("Readiness probe errored: strconv.Atoi: parsing \"htp\": invalid syntax", "wrong-port"),
        ];
        for (message, class) in cases {
            assert_eq!(scene(message).told(), [format!("readiness-failing/{class}")], "{message}");
        }
    }

    #[test]
    fn a_log_that_names_another_port_tells_the_wrong_one() {
        let refused = "Readiness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused";
        assert_eq!(scene(refused).told(), ["readiness-failing/refused"]);
        let scene = scene(refused).log("a-1", "app", "INFO server listening on 0.0.0.0:9090\n");
        assert_eq!(scene.told(), ["readiness-failing/wrong-port"]);
    }

    #[test]
    fn without_an_event_the_status_speaks_and_forbidden_events_hide_nothing() {
        let scene = Scene::new().with(Kind::Pod, "a-1", unready(EARLIER));
        scene.finds("readiness-failing/no-event");
        assert_eq!(scene.forbid(Kind::Event).told(), ["readiness-failing/no-event"]);
    }

    #[test]
    fn the_budget_of_the_probe_is_waited_for() {
        let event = "Readiness probe failed: HTTP probe failed with statuscode: 404";
        let young = |started: &str| {
            Scene::new().with(Kind::Pod, "a-1", unready(started)).event(Kind::Pod, "a-1", "Unhealthy", event)
        };
        young("2026-11-16T11:59:01Z").is_silent();
        assert_eq!(young("2026-11-16T11:59:00Z").told(), ["readiness-failing/wrong-path"]);
    }

    #[test]
    fn a_pod_that_became_ready_or_leaves_is_silent() {
        let event = "Readiness probe failed: HTTP probe failed with statuscode: 404";
        let scene =
            |pod| Scene::new().with(Kind::Pod, "a-1", pod).event(Kind::Pod, "a-1", "Unhealthy", event);
        scene(healthy_pod("a")).is_silent();
        let mut leaving = unready(EARLIER);
        leaving["metadata"]["deletionTimestamp"] = json!("2026-11-16T12:00:20Z");
        scene(leaving).is_silent();
    }

    #[test]
    fn a_dependency_in_the_log_makes_it_the_applications_matter() {
        let scene = scene("Readiness probe failed: HTTP probe failed with statuscode: 500").log(
            "a-1",
            "app",
            "dial tcp db:5432: connect: connection refused",
        );
        assert_eq!(scene.told(), ["readiness-failing/app-unhealthy"]);
        let scene = scene.with(Kind::Pod, "db-0", crashing_pod("db")).with(
            Kind::Service,
            "db",
            service("db", &json!(8080)),
        );
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }
}
