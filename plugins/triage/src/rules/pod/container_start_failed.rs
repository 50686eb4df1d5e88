//! The process of a container can not be started: its file is not there or may not be run, is for another
//! architecture, lacks a library, or refuses its arguments. From exit codes 126 to 128, the runtime's message, or the
//! loader's line in the log.

use super::crash::{Crash, crashes};
use crate::decode::{exit_code, holds_any};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

/// Replicas to look at for one that works elsewhere.
const SAMPLE: usize = 100;

pub(super) const RULE: Rule = Rule {
    id: "container-start-failed",
    subject: Subject::Pod(40),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let crashing = crashes(view).collect::<Vec<_>>();
    // The first try: the runtime has refused to start it, and there is no end yet.
    let refused = view.troubled_containers().iter().filter(|container| {
        let reason = container.waiting_reason();
        container.last_end().is_none()
            && (reason == "RunContainerError"
                || reason == "CreateContainerError" && speaks_of_a_start(container.waiting_message()))
    });
    let refused = refused.map(|container| Crash { container: *container, end: None, told: None });
    crashing.into_iter().chain(refused).filter_map(|crash| judge(view, &crash)).collect()
}

fn speaks_of_a_start(message: &str) -> bool {
    !class_of(message).is_empty()
}

fn class_of(message: &str) -> &'static str {
    let text = message.to_ascii_lowercase();
    let has = |needles: &[&str]| holds_any(&text, needles);
    // A file that can not be mounted is not the program.
    let of_program = has(&["exec:", "exec /", "exec user process"]);
    if has(&["exec format error"]) {
        "arch"
    } else if has(&["executable file not found"]) || of_program && has(&["no such file or directory"]) {
        "not-found"
    } else if of_program && has(&["permission denied", "is a directory"]) {
        "not-executable"
    } else {
        ""
    }
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let container = &crash.container;
    let (reason, message) =
        crash.end.map_or((container.waiting_reason(), container.waiting_message()), |(end, _)| {
            (end.text("/reason"), end.text("/message"))
        });
    let code = crash.exit_code();
    let stated = matches!(reason, "StartError" | "ContainerCannotRun" | "RunContainerError")
        || container.waiting_reason() == "RunContainerError"
        || matches!(code, Some(126..=128));
    let class = match (class_of(message), crash.log_class()) {
        ("", "exec-format") => "arch",
        ("", "loader") => "loader",
        ("", "usage") if matches!(code, Some(1 | 2 | 64)) => "usage",
        ("", _) if stated => exit_code::class(code.unwrap_or(128)),
        ("", _) => return None,
        (class, _) => class,
    };
    let mut draft = crash.draft(view, RULE.id, class);
    let pod = container.pod;
    if crash.end.is_none() {
        draft.field(pod, &container.status_path(".state.waiting.reason"));
        draft.field(pod, &container.status_path(".state.waiting.message"));
    }
    for field in [".image", ".command", ".args"] {
        draft.field(pod, &container.spec_path(field));
    }
    if class == "arch" {
        name_architecture(view, crash, &mut draft);
    }
    let why = if crash.line().is_empty() { message } else { crash.line() };
    let code = code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
    draft.summary(format!("container `{}` can not start{code}: {why}", container.name()));
    Some(draft)
}

fn name_architecture<'a>(view: &View<'a>, crash: &Crash<'a>, draft: &mut Draft) {
    let Some(node) = view.node_of(crash.container.pod) else { return };
    draft.field(node, ".status.nodeInfo.architecture");
    let architecture = node.text("/status/nodeInfo/architecture");
    let image = crash.container.status.text("/image");
    draft.suggest(format!(
        "the image {image} holds a binary for another architecture than the node's {architecture}"
    ));
    let siblings = view.owners(crash.container.pod).first().map_or(&[][..], |owner| view.children(owner));
    let elsewhere = siblings
        .iter()
        .take(SAMPLE)
        .filter(|pod| pod.condition_is("Ready", "True"))
        .find_map(|pod| view.node_of(pod));
    if let Some(other) = elsewhere {
        let runs = other.text("/status/nodeInfo/architecture");
        if runs != architecture {
            draft.suggest(format!("a replica runs on node {} of architecture {runs}", other.name()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::{Value, json};

    fn ended(code: i64, reason: &str, message: &str) -> Scene {
        let mut pod = crashing_pod("a");
        pod["spec"]["containers"][0]["command"] = json!(["/srv/run"]);
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"] =
            json!({"exitCode": code, "reason": reason, "message": message, "finishedAt": LATELY});
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn the_runtimes_message_tells_the_class() {
        let missing = "failed to create task: OCI runtime create failed: exec: \"/srv/run\": stat /srv/run: no such file or directory: unknown";
        ended(128, "StartError", missing).finds("container-start-failed/not-found");
        let refused = "failed to create task: exec: \"/srv/run\": permission denied: unknown";
        assert_eq!(ended(128, "StartError", refused).told(), ["container-start-failed/not-executable"]);
        let mount = "error mounting \"/var/lib/x\" to rootfs at \"/etc/x\": not a directory: unknown";
        assert_eq!(ended(128, "StartError", mount).told(), ["container-start-failed/start-error"]);
    }

    #[test]
    fn a_shells_exit_code_tells_it_too() {
        assert_eq!(ended(127, "Error", "").told(), ["container-start-failed/not-found"]);
        assert_eq!(ended(126, "Error", "").told(), ["container-start-failed/not-executable"]);
        assert_eq!(ended(1, "Error", "").told(), ["crashloop/app-error"]);
    }

    #[test]
    fn the_loaders_line_and_bad_arguments_are_read_from_the_log() {
        let said = |code: i64, line: &str| ended(code, "Error", "").previous_log("a-1", "app", line).told();
        let library =
            "app: error while loading shared libraries: libssl.so.1.1: cannot open shared object file";
        assert_eq!(said(127, library), ["container-start-failed/loader"]);
        assert_eq!(said(2, "flag provided but not defined: -prot"), ["container-start-failed/usage"]);
        assert_eq!(said(255, "exec /srv/run: exec format error"), ["container-start-failed/arch"]);
    }

    #[test]
    fn a_start_that_is_refused_at_once_needs_no_end() {
        let waiting = |message: &str| -> Value {
            pod(
                "a",
                &json!({"name": "app", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "RunContainerError", "message": message}}}),
            )
        };
        let text = "failed to start container: exec: \"srv\": executable file not found in $PATH: unknown";
        Scene::new().with(Kind::Pod, "a-1", waiting(text)).finds("container-start-failed/not-found");
    }

    #[test]
    fn the_nodes_architecture_is_named() {
        let node = json!({"status": {"nodeInfo": {"architecture": "arm64"},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": LONG_AGO}]}});
        let scene = ended(1, "Error", "exec /srv/run: exec format error").with(Kind::Node, "n1", node);
        assert!(scene.finds("container-start-failed/arch").suggestion[0].contains("arm64"));
    }
}
