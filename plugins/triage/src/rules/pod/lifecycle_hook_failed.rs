//! The hook after a container's start fails, and the container is ended for it. A hook before its end that fails
//! again and again is a note: the container ends without it.

use holmes_protocol::{Confidence, Severity};

use crate::containers::Container;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{View, event_count};

pub(super) const RULE: Rule = Rule {
    id: "lifecycle-hook-failed",
    subject: Subject::Pod(44),
    reads: &[Kind::Pod, Kind::Event],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let troubled = view.troubled_containers().iter();
    troubled
        .filter(|container| !container.blocks_start())
        .filter_map(|container| judge(view, container))
        .collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let pod = container.pod;
    let field = format!("{{{}}}", container.name());
    let named = format!("\"{}\"", container.name());
    let newest = |reason: &str| {
        view.events(pod).into_iter().rev().find(|event| {
            let path = event.text("/involvedObject/fieldPath");
            let ours = path.ends_with(&field) || path.is_empty() && event.text("/message").contains(&named);
            let alone = path.is_empty() && pod.items("/spec/containers").len() == 1;
            event.text("/reason") == reason && (ours || alone)
        })
    };
    let waits = container.waiting_reason() == "PostStartHookError";
    let start = newest("FailedPostStartHook").filter(|_| !container.is_ready());
    let (event, severity, hook) = if waits || start.is_some() {
        (start, Severity::Error, "postStart")
    } else {
        let stop =
            newest("FailedPreStopHook").filter(|event| container.is_ready() && event_count(event) > 1)?;
        (Some(stop), Severity::Note, "preStop")
    };
    let mut draft = Draft::of_pod(view, RULE.id, "", severity, pod, Some(container.name()));
    if severity == Severity::Note {
        draft.confidence(Confidence::Low);
    }
    if let Some(event) = event {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    if waits {
        draft.field(pod, &container.status_path(".state.waiting.reason"));
        draft.field(pod, &container.status_path(".state.waiting.message"));
    }
    draft.field(pod, &container.spec_path(&format!(".lifecycle.{hook}")));
    draft.changed(template::changes(view, pod));
    let said = event.map_or(container.waiting_message(), |event| event.text("/message"));
    draft.summary(format!("the {hook} hook of container `{}` fails: {said}", container.name()));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "what the hook says");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    const FAILED: &str = "PostStartHook failed";

    fn with_hook(mut pod: Value, hook: &str) -> Scene {
        pod["spec"]["containers"][0]["lifecycle"][hook] = json!({"exec": {"command": ["/srv/register"]}});
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn a_start_that_its_hook_blocks_is_told_with_the_hook() {
        let status = json!({"name": "app", "ready": false, "restartCount": 1,
            "state": {"waiting": {"reason": "PostStartHookError", "message": "command '/srv/register' exited with 1"}}});
        with_hook(pod("a", &status), "postStart").finds("lifecycle-hook-failed/");
    }

    #[test]
    fn the_event_tells_it_while_the_container_backs_off() {
        let scene =
            with_hook(crashing_pod("a"), "postStart").event(Kind::Pod, "a-1", "FailedPostStartHook", FAILED);
        assert_eq!(scene.told(), ["lifecycle-hook-failed/"]);
        with_hook(healthy_pod("a"), "postStart")
            .event(Kind::Pod, "a-1", "FailedPostStartHook", FAILED)
            .is_silent();
    }
}
