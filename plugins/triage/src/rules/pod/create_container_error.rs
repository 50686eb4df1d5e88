//! The runtime refuses to create a container, for half a minute and for another reason than a reference that is
//! missing: it would run as root, a hook or a device fails, or its name is taken.

use holmes_protocol::Severity;

use crate::containers::Container;
use crate::decode::holds_any;
use crate::decode::reference::missing;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::View;

const GRACE: Seconds = 30;
const REASONS: [&str; 4] =
    ["CreateContainerError", "CreateContainerConfigError", "PreCreateHookError", "PreStartHookError"];

/// Texts of the kubelet and the runtime and their classes; the first hit wins.
const CLASSES: [(&str, &[&str]); 4] = [
    ("nonroot", &["runasnonroot", "non-numeric user", "non-root policy"]),
    ("name-conflict", &["is already in use", "is reserved for"]),
    ("device", &["device", "nvidia-container-cli", "cdi"]),
    ("hook", &["hook"]),
];

pub(super) const RULE: Rule = Rule {
    id: "create-container-error",
    subject: Subject::Pod(42),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let waiting = view.troubled_containers().iter();
    waiting
        .filter(|container| REASONS.contains(&container.waiting_reason()))
        .filter_map(|container| judge(view, container))
        .collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let (reason, message) = (container.waiting_reason(), container.waiting_message());
    let pod = container.pod;
    if missing(message).is_some() || view.age(pod.created())? < GRACE {
        return None;
    }
    let text = message.to_ascii_lowercase();
    let class = match CLASSES.iter().find(|(_, texts)| holds_any(&text, texts)) {
        _ if reason.ends_with("HookError") => "hook",
        Some((class, _)) => class,
        None => "other",
    };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, Some(container.name()));
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    if class == "nonroot" {
        draft.field(pod, ".spec.securityContext");
        draft.field(pod, &container.spec_path(".securityContext"));
        draft.suggest("set runAsUser to a number other than 0, or build the image with one");
    }
    draft.field(pod, &container.spec_path(".image"));
    draft.since(pod, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, pod));
    draft.summary(format!("container `{}` can not be created ({reason}): {message}", container.name()));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "the runtime's message");
    super::crash::undo(view, pod, &mut draft, "goes back to the revision before the change");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn waiting(reason: &str, message: &str) -> Scene {
        let mut pod = pod(
            "a",
            &json!({"name": "app", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": reason, "message": message}}}),
        );
        pod["status"]["phase"] = json!("Pending");
        pod["spec"]["containers"][0]["securityContext"] = json!({"runAsNonRoot": true});
        pod["metadata"]["creationTimestamp"] = json!(EARLIER);
        pod["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]);
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn what_the_runtime_says_is_the_class() {
        let root = "container has runAsNonRoot and image will run as root (pod: \"a-1\", container: app)";
        waiting("CreateContainerConfigError", root).finds("create-container-error/nonroot");
        let cases = [
            ("failed to reserve container name app_a-1: name is reserved for \"0af\"", "name-conflict"),
            ("failed to inject CDI devices: unresolvable CDI devices nvidia.com/gpu=0", "device"),
            ("failed to generate spec: no command specified", "other"),
        ];
        for (message, class) in cases {
            assert_eq!(
                waiting("CreateContainerError", message).told(),
                [format!("create-container-error/{class}")]
            );
        }
        assert_eq!(waiting("PreStartHookError", "x").told(), ["create-container-error/hook"]);
    }

    #[test]
    fn half_a_minute_is_waited_for() {
        let scene = waiting("CreateContainerError", "context deadline exceeded");
        scene.clone().at("2026-11-16T11:30:29Z").is_silent();
        assert_eq!(scene.at("2026-11-16T11:30:30Z").told(), ["create-container-error/other"]);
    }
}
