//! The pod does not start because an init container keeps failing, or runs for more than five minutes without
//! progress. Its last line tells why, and whom it waits for. Not sidecars, which are meant to run on, and not a long
//! migration whose log goes on.

use holmes_protocol::{Confidence, Severity};
use serde_json::json;

use super::crash::{Crash, crashes};
use crate::address::{service, services_in_line};
use crate::blame::{cite_log, last_words};
use crate::containers::Container;
use crate::decode::unresolved;
use crate::draft::Draft;
use crate::object::{Object, Seconds, parse_time};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::template;
use crate::view::View;

/// Longer than what an init container usually needs to fetch or migrate something.
const HANGING: Seconds = 300;
/// A line this young is progress.
const PROGRESS: Seconds = 120;

pub(super) const RULE: Rule = Rule {
    id: "init-blocked",
    subject: Subject::Pod(64),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failing = crashes(view).filter(|crash| crash.container.blocks_start());
    let failing = failing.map(|crash| self::failing(view, &crash));
    let running = view.troubled_containers().iter().filter(|container| container.is_running());
    let hanging = running.filter(|container| container.blocks_start());
    failing.chain(hanging.filter_map(|container| self::hanging(view, container))).collect()
}

fn failing<'a>(view: &View<'a>, crash: &Crash<'a>) -> Draft {
    let mut draft = crash.draft(view, RULE.id, "failing");
    wait_for(view, &crash.container, &mut draft);
    let line = crash.line();
    let line = if line.is_empty() { String::new() } else { format!(": {line}") };
    draft.summary(format!("{}, the pod does not start{line}", crash.what()));
    draft
}

fn hanging<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let age = view.age(container.running_since())?;
    if age < HANGING || progresses(view, container) {
        return None;
    }
    let (pod, name) = (container.pod, container.name());
    let mut draft = Draft::of_pod(view, RULE.id, "hanging", Severity::Error, pod, Some(name));
    draft.field(pod, &container.status_path(".state.running.startedAt"));
    draft.since(pod, &container.status_path(".state.running.startedAt"));
    draft.changed(template::changes(view, pod));
    cite_log(view, container, &mut draft);
    draft.confidence(Confidence::Medium);
    wait_for(view, container, &mut draft);
    let words = last_words(view, container).map(|words| format!(": {}", words.line.line.trim()));
    let minutes = age / 60;
    draft.summary(format!(
        "init container `{name}` runs for {minutes} minutes and the pod waits for it{}",
        words.unwrap_or_default()
    ));
    let namespace = pod.namespace();
    draft.check(
        &["kubectl", "-n", namespace, "logs", pod.name(), "-c", name, "--tail=50"],
        "what it waits for",
    );
    Some(draft)
}

/// The Services that its command names are what it waits for.
fn wait_for<'a>(view: &View<'a>, container: &Container<'a>, draft: &mut Draft) {
    draft.field(container.pod, &container.spec_path(".command"));
    draft.field(container.pod, &container.spec_path(".args"));
    let Some(spec) = container.spec() else { return };
    let words = format!("{} {}", json!(spec.get("command")), json!(spec.get("args")));
    let namespace = container.pod.namespace();
    let targets = services_in_line(view, namespace, &words);
    draft.depends_on.extend(targets.into_iter().map(Object::key));
    // The name that does not resolve is that of a Service that is not there.
    let Some(told) = last_words(view, container) else { return };
    let Some(host) = unresolved::host(told.line.line).filter(|host| words.contains(host)) else { return };
    let mut labels = host.split('.');
    let name = labels.next().unwrap_or(host);
    let namespace = labels.next().unwrap_or(namespace);
    if service(view, container.pod.namespace(), host).is_absent()
        && view.find(Kind::Service, namespace, name).is_absent()
    {
        draft.absent("Service", namespace, name);
        draft.suggest(format!("it waits for Service {name} in namespace {namespace}: not found"));
    }
}

/// Does its log go on, by the times that its lines begin with, with more than waiting?
fn progresses<'a>(view: &View<'a>, container: &Container<'a>) -> bool {
    let last = view.log(container, false).and_then(|log| log.lines().rfind(|line| !line.trim().is_empty()));
    last.is_some_and(|line| {
        let lower = line.to_ascii_lowercase();
        let waits =
            ["wait", "retry", "retrying", "not ready", "unavailable"].iter().any(|word| lower.contains(word));
        let moment = line.split(' ').next().and_then(parse_time);
        !waits
            && crate::decode::log_line::class(line).is_empty()
            && view.age(moment).is_some_and(|age| age <= PROGRESS)
    })
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn initialising(status: &Value, restart: &str) -> Value {
        let waiting =
            json!({"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}});
        let mut pod = pod("a", &waiting);
        pod["status"]["phase"] = json!("Pending");
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        pod["spec"]["initContainers"] =
            json!([{"name": "wait", "command": ["sh", "-c", "until nc -z db 80; do sleep 1; done"]}]);
        if !restart.is_empty() {
            pod["spec"]["initContainers"][0]["restartPolicy"] = json!(restart);
        }
        pod["status"]["initContainerStatuses"] = json!([status]);
        pod
    }

    fn running(since: &str) -> Value {
        json!({"name": "wait", "restartCount": 0, "started": true, "ready": false, "state": {"running": {"startedAt": since}}})
    }

    fn one(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn a_wait_of_more_than_five_minutes_is_found_with_what_it_waits_for() {
        let scene = one(initialising(&running(EARLIER), ""));
        scene.finds("init-blocked/hanging");
        let scene = scene.with(Kind::Pod, "db-0", crashing_pod("db")).with(
            Kind::Service,
            "db",
            service("db", &json!(8080)),
        );
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }

    #[test]
    fn a_service_that_does_not_exist_is_named() {
        let scene = one(initialising(&running(EARLIER), "")).log("a-1", "wait", "nc: bad address 'db'\n");
        let finding = scene.finds("init-blocked/hanging");
        assert!(finding.suggestion[0].contains("Service db"), "{:?}", finding.suggestion);
        let scene = scene.with(Kind::Service, "db", service("db", &json!(8080)));
        assert!(scene.with(Kind::Pod, "db-0", healthy_pod("db")).findings()[0].suggestion.is_empty());
    }

    #[test]
    fn a_short_wait_and_a_sidecar_are_silent() {
        one(initialising(&running("2026-11-16T11:55:01Z"), "")).is_silent();
        let mut sidecar = running(EARLIER);
        sidecar["ready"] = json!(true);
        let mut pod = initialising(&sidecar, "Always");
        pod["status"]["containerStatuses"][0] = json!({"name": "app", "ready": true, "restartCount": 0,
            "state": {"running": {"startedAt": EARLIER}}});
        one(pod).is_silent();
    }

    #[test]
    fn a_migration_whose_log_goes_on_is_silent() {
        let scene = one(initialising(&running(EARLIER), ""));
        assert!(
            scene.clone().log("a-1", "wait", "2026-11-16T11:59:00Z applied 41 of 90\n").told().is_empty()
        );
        assert_eq!(
            scene.clone().log("a-1", "wait", "2026-11-16T11:50:00Z applied 41 of 90\n").told(),
            ["init-blocked/hanging"]
        );
        assert_eq!(
            scene.log("a-1", "wait", "2026-11-16T11:59:00Z waiting for db\n").told(),
            ["init-blocked/hanging"]
        );
    }

    #[test]
    fn one_that_fails_again_and_again_wraps_what_it_says() {
        let failing = json!({"name": "wait", "ready": false, "restartCount": 4,
            "state": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": LATELY}}});
        let scene =
            one(initialising(&failing, "")).previous_log("a-1", "wait", "connect ECONNREFUSED 10.0.0.9:5432");
        let finding = scene.finds("init-blocked/failing");
        assert!(finding.summary.contains("ECONNREFUSED"), "{}", finding.summary);
    }
}
