//! Containers that the runtime refuses to create, for another reason than a missing reference.

use holmes_protocol::Severity;

use crate::containers::Container;
use crate::decode::reference::missing;
use crate::draft::Draft;
use crate::object::Object;
use crate::template;
use crate::view::View;

const REASONS: [&str; 6] = [
    "CreateContainerError",
    "CreateContainerConfigError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "RunContainerError",
];

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.working_containers().iter().filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let reason = container.waiting_reason();
    let message = container.status.text("/state/waiting/message");
    if !REASONS.contains(&reason) || missing(message).is_some() || container.last_end().is_some() {
        return None;
    }
    let (rule, class) = match message {
        _ if reason.ends_with("HookError") => ("lifecycle-hook-failed", ""),
        text if text.contains("runAsNonRoot") || text.contains("non-numeric user") => {
            ("create-container-error", "nonroot")
        }
        text if text.contains("exec format error") => ("container-start-failed", "arch"),
        text if text.contains("executable file not found") || text.contains("no such file") => {
            ("container-start-failed", "not-found")
        }
        text if text.contains("permission denied") => ("container-start-failed", "not-executable"),
        text if text.contains("is already in use") || text.contains("reserved for") => {
            ("create-container-error", "name-conflict")
        }
        _ => ("create-container-error", "other"),
    };
    let pod = container.pod;
    let mut draft = Draft::of_pod(view, rule, class, Severity::Error, pod, Some(container.name()));
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    draft.field(pod, &container.spec_path(".securityContext"));
    draft.field(pod, &container.spec_path(".command"));
    draft.field(pod, &container.spec_path(".image"));
    draft.since(pod, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, pod));
    draft.summary(format!("container `{}` can not be created ({reason}): {message}", container.name()));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "the runtime's message");
    Some(draft)
}
