//! The kubelet restarts the container because its liveness probe fails, twice or more within the window. The class
//! is what the probe was told; `no-event` when events may not be read and a signal ended it again and again. Not a
//! container that has recovered.

use holmes_protocol::{Confidence, Severity};

use super::crash::finish;
use super::probing::{draft, kills, may_have_killed};
use crate::blame::cite_log;
use crate::containers::Container;
use crate::decode::probe::Probe;
use crate::draft::Draft;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "liveness-failing",
    subject: Subject::Pod(60),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    killed_by(view, RULE.id, Probe::Liveness)
}

/// Findings about containers that the kubelet ends again and again because of this probe.
pub(super) fn killed_by(view: &View<'_>, rule: &str, probe: Probe) -> Vec<Draft> {
    let containers = view.troubled_containers().iter().filter(|container| !container.blocks_start());
    containers.filter_map(|container| judge(view, container, rule, probe)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>, rule: &str, probe: Probe) -> Option<Draft> {
    let Some((event, killing)) = kills(view, container, probe) else {
        return may_have_killed(view, container, probe).then(|| unseen(view, container, rule, probe));
    };
    let mut draft = draft(view, container, (rule, probe), event);
    if let Some(killing) = killing {
        draft.event(killing);
        draft.since(killing, ".firstTimestamp");
    } else {
        draft.confidence(Confidence::Medium);
    }
    draft.field(container.pod, &container.status_path(".restartCount"));
    if let Some((_, path)) = container.last_end() {
        draft.field(container.pod, &container.status_path(&format!("{path}.exitCode")));
    }
    Some(draft)
}

/// The end tells of a signal and the probe is there; who sent it, only an event would say.
fn unseen<'a>(view: &View<'a>, container: &Container<'a>, rule: &str, probe: Probe) -> Draft {
    let (pod, name) = (container.pod, container.name());
    let mut draft = Draft::of_pod(view, rule, "no-event", Severity::Error, pod, Some(name));
    draft.confidence(Confidence::Medium);
    draft.field(pod, &container.spec_path(&format!(".{}", probe.field())));
    draft.field(pod, &container.status_path(".restartCount"));
    if let Some((_, path)) = container.last_end() {
        draft.field(pod, &container.status_path(&format!("{path}.exitCode")));
    }
    cite_log(view, container, &mut draft);
    finish(view, container, &mut draft);
    let (times, word) = (container.restarts(), probe.word().to_ascii_lowercase());
    draft.summary(format!(
        "container `{name}` is ended by a signal again and again ({times} restarts); it has a {word} probe, and its events can not be read"
    ));
    draft
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    const REFUSED: &str = "Liveness probe failed: Get \"http://10.0.0.1:9999/live\": dial tcp 10.0.0.1:9999: connect: connection refused";

    fn killed(restarts: i64, started: &str, port: i64) -> Value {
        let mut pod = healthy_pod("a");
        pod["spec"]["containers"][0]["livenessProbe"] = json!({"httpGet": {"path": "/live", "port": port}});
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": restarts,
            "state": {"running": {"startedAt": started}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": started}}});
        pod
    }

    fn scene(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod).event(Kind::Pod, "a-1", "Unhealthy", REFUSED).event(
            Kind::Pod,
            "a-1",
            "Killing",
            "Container app failed liveness probe, will be restarted",
        )
    }

    #[test]
    fn a_probe_of_a_port_that_nobody_declares_kills() {
        let finding = scene(killed(2, LATELY, 9999)).finds("liveness-failing/wrong-port");
        assert!(finding.suggestion[0].contains("8080"));
    }

    #[test]
    fn a_declared_port_is_only_refused() {
        assert_eq!(scene(killed(2, LATELY, 8080)).told(), ["liveness-failing/refused"]);
    }

    #[test]
    fn one_kill_or_an_old_one_is_silent() {
        scene(killed(1, LATELY, 9999)).is_silent();
        scene(killed(2, LONG_AGO, 9999)).is_silent();
    }

    #[test]
    fn a_kill_without_the_failures_text_is_still_the_probes() {
        let mut pod = crashing_pod("a");
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] = json!(137);
        let scene = Scene::new().with(Kind::Pod, "a-1", pod).event(
            Kind::Pod,
            "a-1",
            "Killing",
            "Container app failed liveness probe, will be restarted",
        );
        assert_eq!(scene.told(), ["liveness-failing/failed"]);
    }

    #[test]
    fn without_events_the_signal_and_the_probe_are_all_that_is_known() {
        let scene = scene(killed(2, LATELY, 9999)).forbid(Kind::Event);
        assert_eq!(scene.told(), ["liveness-failing/no-event"]);
    }

    #[test]
    fn a_container_with_a_tenth_of_a_processor_is_starved_and_a_hasty_probe_is_timing() {
        let late = "Liveness probe failed: Get \"http://10.0.0.1:8080/live\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        let told = |limit: &str, threshold: i64, period: i64| {
            let mut pod = killed(2, LATELY, 8080);
            pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": limit}});
            pod["spec"]["containers"][0]["livenessProbe"]["failureThreshold"] = json!(threshold);
            pod["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = json!(period);
            Scene::new().with(Kind::Pod, "a-1", pod).event(Kind::Pod, "a-1", "Unhealthy", late).told()
        };
        assert_eq!(told("100m", 3, 10), ["liveness-failing/starved"]);
        assert_eq!(told("2", 3, 10), ["liveness-failing/timeout"]);
        assert_eq!(told("2", 2, 1), ["liveness-failing/timing"]);
    }
}
