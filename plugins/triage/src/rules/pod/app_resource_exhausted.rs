//! A failing container says that something it draws on is used up: space, shared memory, its own heap, file
//! descriptors, threads or local ports. The limits that the pod sets for it are cited.

use super::crash::{Crash, failures};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "app-resource-exhausted",
    subject: Subject::Pod(70),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failures = failures(view).filter(|crash| !crash.container.blocks_start());
    failures.filter_map(|crash| judge(view, &crash)).collect()
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let class = match crash.log_class() {
        "disk-full" if crash.line().contains("/dev/shm") => "shm",
        class @ ("disk-full" | "app-oom" | "fd" | "threads" | "ports") => class,
        _ => return None,
    };
    let container = &crash.container;
    let pod = container.pod;
    let mut draft = crash.draft(view, RULE.id, class);
    draft.field(pod, &container.spec_path(".resources.limits"));
    let advice = match class {
        "disk-full" | "shm" => {
            for (index, volume) in pod.items("/spec/volumes").iter().enumerate() {
                if volume.get("emptyDir").is_some() {
                    draft.field(pod, &format!(".spec.volumes[{index}].emptyDir"));
                }
            }
            if class == "shm" {
                "mount an emptyDir with medium Memory at /dev/shm: the runtime's default is 64 MiB"
            } else {
                "free space, or give the volume or the sizeLimit more"
            }
        }
        "app-oom" => {
            "the program's own heap is full: raise it together with the memory limit, or find the leak"
        }
        "ports" => {
            draft.field(pod, ".spec.securityContext.sysctls");
            "connections are not reused: pool them, or widen net.ipv4.ip_local_port_range"
        }
        "threads" => "the limit of processes on the node or the pod is reached, or memory for their stacks",
        _ => "files or connections are not closed, or the limit of the runtime is too low",
    };
    draft.suggest(advice);
    draft.summary(format!("{}: {}", crash.what(), crash.line()));
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn said(line: &str) -> Scene {
        Scene::new().with(Kind::Pod, "a-1", crashing_pod("a")).previous_log("a-1", "app", line)
    }

    #[test]
    fn what_is_used_up_is_the_class() {
        said("write /data/wal: no space left on device").finds("app-resource-exhausted/disk-full");
        let cases = [
            ("could not resize shared memory segment \"/dev/shm/x\": No space left on device", "shm"),
            ("java.lang.OutOfMemoryError: Java heap space", "app-oom"),
            ("accept: too many open files", "fd"),
            ("java.lang.Error: unable to create native thread", "threads"),
            ("dial tcp 10.0.0.1:80: connect: cannot assign requested address", "ports"),
        ];
        for (line, class) in cases {
            assert_eq!(said(line).told(), [format!("app-resource-exhausted/{class}")], "{line}");
        }
    }

    #[test]
    fn a_container_that_runs_well_may_complain() {
        let scene = Scene::new().with(Kind::Pod, "a-1", healthy_pod("a"));
        scene.log("a-1", "app", "accept: too many open files").is_silent();
    }
}
