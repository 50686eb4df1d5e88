//! Images that are not pulled, by what the registry or the runtime says.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::containers::Container;
use crate::decode::image_pull::{REASONS, class};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::template;
use crate::view::View;

/// A registry that was away for a moment gets a second try.
const TRANSIENT: i64 = 120;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.working_containers().iter().filter_map(|container| judge(view, container)).collect()
}

fn judge<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let reason = container.waiting_reason();
    if !REASONS.contains(&reason) {
        return None;
    }
    let pod = container.pod;
    let image = container.spec()?.text("/image");
    let event = view.newest_event(pod, &["Failed", "ErrImageNeverPull"], |message| {
        message.contains(image) && !message.starts_with("Error: ")
    });
    let waiting = container.status.text("/state/waiting/message");
    let told = event.map(|event| event.text("/message")).unwrap_or_default();
    let (mut class_name, mut definitive) = class(reason, waiting, image);
    if class_name == "unknown" {
        (class_name, definitive) = class(reason, told, image);
    }
    if !definitive && view.age(pod.created())? < TRANSIENT {
        return None;
    }
    let class_name = cause(view, container, class_name);
    let mut draft =
        Draft::of_pod(view, "image-pull", class_name, Severity::Error, pod, Some(container.name()));
    draft.parameters.push(image.to_owned());
    if class_name == "unknown" {
        draft.confidence(Confidence::Medium);
    }
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    draft.field(pod, &container.status_path(".state.waiting.message"));
    draft.field(pod, &container.spec_path(".image"));
    if let Some(event) = event {
        draft.event(event);
    }
    cite_pull_secrets(view, pod, &mut draft);
    draft.since(pod, ".metadata.creationTimestamp");
    draft.changed(template::changes(view, pod));
    draft.summary(format!(
        "image {image} of container `{}` can not be pulled: {}",
        container.name(),
        phrase(class_name)
    ));
    if template::touches(&draft.finding.change, ".image") {
        draft.suggest("the image reference changed with this revision; the one before could be pulled");
    }
    let namespace = pod.namespace();
    draft.check(&["kubectl", "-n", namespace, "describe", "pod", pod.name()], "the registry's answer");
    let top = view.top(pod);
    if top.kind() == "Deployment" {
        let target = format!("deployment/{}", top.name());
        draft.fix(
            &["kubectl", "-n", namespace, "rollout", "undo", &target],
            "goes back to the image before",
            "low",
        );
    }
    Some(draft)
}

fn phrase(class: &str) -> &str {
    match class {
        "not-found" => "tag or repository not found",
        "auth" | "credentials" => "the registry refuses the credentials",
        "pull-secret-missing" => "the pull secret it names is not found",
        "no-pull-secret" => "the registry wants credentials and the pod has no pull secret",
        "not-found-or-denied" => "not found, or access denied",
        "dns" => "the registry's name does not resolve",
        "rate-limit" => "the registry's rate limit is reached",
        "arch" => "no build for the node's platform",
        "bad-name" => "the reference is not valid",
        "tls" => "the registry's certificate is not trusted",
        "network" => "the registry can not be reached",
        other => other,
    }
}

/// A refused credential has a cause of its own, when the cluster tells it.
fn cause<'a>(view: &View<'a>, container: &Container<'a>, class: &'static str) -> &'static str {
    if !matches!(class, "auth" | "not-found-or-denied") {
        return class;
    }
    let pod = container.pod;
    let absent = pull_secrets(pod).any(|name| view.find(Kind::Secret, pod.namespace(), name).is_absent());
    let failed = view.newest_event(pod, &["FailedToRetrieveImagePullSecret"], |_| true).is_some();
    if absent || failed {
        "pull-secret-missing"
    } else if pull_secrets(pod).next().is_none() && class == "auth" {
        "no-pull-secret"
    } else {
        class
    }
}

fn cite_pull_secrets<'a>(view: &View<'a>, pod: &'a Value, draft: &mut Draft) {
    for name in pull_secrets(pod) {
        draft.field(pod, &format!(".spec.imagePullSecrets[name={name}].name"));
        if view.find(Kind::Secret, pod.namespace(), name).is_absent() {
            draft.absent("Secret", pod.namespace(), name);
        }
    }
    if let Some(event) = view.newest_event(pod, &["FailedToRetrieveImagePullSecret"], |_| true) {
        draft.event(event);
    }
}

fn pull_secrets(pod: &Value) -> impl Iterator<Item = &str> {
    pod.items("/spec/imagePullSecrets").iter().map(|secret| secret.text("/name"))
}
