//! A container runs with what a ConfigMap or Secret held when it started: a later change does not reach variables
//! and single mounted files. It complains of credentials or settings, so the change may be what it lacks.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::{RULE, references};
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::pod::{Crash, failures};
use crate::view::View;

pub(super) fn judge(view: &View<'_>) -> Vec<Draft> {
    let complaining = failures(view).filter(|crash| matches!(crash.log_class(), "dep-auth" | "config"));
    complaining.filter_map(|crash| of_container(view, &crash)).collect()
}

fn of_container<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let container = &crash.container;
    let pod = container.pod;
    let started = container.running_since()?;
    let own = container.spec_path("");
    let (path, source, changed) = references::of(pod).find_map(|(path, reference)| {
        let fixed = path.starts_with(&own) || is_single_file(container.spec()?, pod, &path);
        let source = view.find(reference.kind, pod.namespace(), reference.name).found()?;
        let changed = changed_at(source).filter(|changed| *changed > started)?;
        let kinds = matches!(reference.kind, Kind::ConfigMap | Kind::Secret);
        (fixed && kinds).then_some((path, source, changed))
    })?;
    let class = if source.kind() == "Secret" { "stale-env-secret" } else { "stale-configmap" };
    let mut draft = Draft::of_pod(view, RULE.id, class, Severity::Error, pod, Some(container.name()));
    draft.field(pod, &path);
    draft.field(pod, &container.status_path(".state.running.startedAt"));
    draft.field(pod, &container.status_path(".ready"));
    draft.field(source, ".metadata.managedFields");
    if let Some(told) = &crash.told {
        told.cite(&mut draft, container);
    }
    draft.confidence(Confidence::Medium);
    draft.since_at(Some(changed), format!("{} .metadata.managedFields", source.key()));
    let (kind, name) = (source.kind(), source.name());
    draft.summary(format!(
        "{kind} `{name}` changed after container `{}` started, which still uses the old values: {}",
        container.name(),
        crash.line()
    ));
    let top = view.top(pod);
    let target = format!("{}/{}", top.kind().to_ascii_lowercase(), top.name());
    if matches!(top.kind(), "Deployment" | "StatefulSet" | "DaemonSet") {
        draft.fix(
            &["kubectl", "-n", pod.namespace(), "rollout", "restart", &target],
            "starts the pods with the present values",
            "low",
        );
    }
    Some(draft)
}

/// When somebody last changed it, by its managers' times.
fn changed_at(source: &Value) -> Option<Seconds> {
    source.items("/metadata/managedFields").iter().filter_map(|manager| manager.time("/time")).max()
}

/// Is the volume at this path mounted as a single file, which is never updated?
fn is_single_file(container: &Value, pod: &Value, path: &str) -> bool {
    container.items("/volumeMounts").iter().filter(|mount| !mount.text("/subPath").is_empty()).any(|mount| {
        let volumes = pod.items("/spec/volumes").iter();
        let index = volumes.into_iter().position(|volume| volume.text("/name") == mount.text("/name"));
        index.is_some_and(|index| path.starts_with(&format!(".spec.volumes[{index}]")))
    })
}
