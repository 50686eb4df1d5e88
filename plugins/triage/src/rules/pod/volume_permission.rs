//! A failing container says that it may not write to a path: one under a volume of its own, or anywhere in an image
//! that is read-only by its security context. Not a path outside of both: that is the image's matter.

use super::crash::{Crash, failures};
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    id: "volume-permission",
    subject: Subject::Pod(66),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let failures = failures(view).filter(|crash| matches!(crash.log_class(), "permission" | "read-only-fs"));
    failures.filter_map(|crash| judge(view, &crash)).collect()
}

fn judge<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let container = &crash.container;
    let spec = container.spec()?;
    let mount = mount_in_line(spec, crash.line());
    let is_root_read_only = spec.flag("/securityContext/readOnlyRootFilesystem");
    if mount.is_none() && !(is_root_read_only && crash.log_class() == "read-only-fs") {
        return None;
    }
    let pod = container.pod;
    let mut draft = crash.draft(view, RULE.id, "");
    let place = if let Some((index, mount)) = mount {
        let name = mount.text("/name");
        draft.field(pod, &container.spec_path(&format!(".volumeMounts[{index}]")));
        draft.field(pod, &format!(".spec.volumes[name={name}]"));
        draft.field(pod, ".spec.securityContext.fsGroup");
        if mount.flag("/readOnly") {
            draft.suggest(format!("the mount of volume {name} is readOnly"));
        } else {
            draft.suggest("set fsGroup, or runAsUser, to who owns the files of the volume");
        }
        format!("volume `{name}` at {}", mount.text("/mountPath"))
    } else {
        draft.suggest("mount an emptyDir where the program writes: its image is read-only");
        "its read-only image".to_owned()
    };
    draft.field(pod, &container.spec_path(".securityContext"));
    draft.field(pod, ".spec.securityContext.runAsUser");
    draft.summary(format!("container `{}` may not write to {place}: {}", container.name(), crash.line()));
    Some(draft)
}

/// The deepest mount that a path in the line lies under.
fn mount_in_line<'a>(spec: &'a Value, line: &str) -> Option<(usize, &'a Value)> {
    let stops = |letter: char| letter.is_whitespace() || "\"'`,;()[]:".contains(letter);
    let paths: Vec<&str> = line.split(stops).filter(|word| word.starts_with('/')).collect();
    let under = |path: &str, mount: &str| {
        path.strip_prefix(mount.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mounts = spec.items("/volumeMounts").iter().enumerate();
    let hit = mounts.filter(|(_, mount)| paths.iter().any(|path| under(path, mount.text("/mountPath"))));
    hit.max_by_key(|(_, mount)| mount.text("/mountPath").len())
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(line: &str, mount: &str) -> Scene {
        let mut pod = crashing_pod("a");
        pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": mount}]);
        pod["spec"]["containers"][0]["securityContext"] = json!({"runAsUser": 1000});
        Scene::new().with(Kind::Pod, "a-1", pod).previous_log("a-1", "app", line)
    }

    const LINE: &str = "mkdir: cannot create directory '/var/lib/data/pg': Permission denied";

    #[test]
    fn a_path_under_a_mount_names_the_volume() {
        let finding = scene(LINE, "/var/lib/data").finds("volume-permission/");
        assert!(finding.summary.contains("`data` at /var/lib/data"), "{}", finding.summary);
    }

    #[test]
    fn a_path_beside_the_mount_is_not_the_volumes_matter() {
        assert_eq!(scene(LINE, "/var/lib/database").told(), ["crashloop/permission"]);
    }

    #[test]
    fn a_read_only_image_is_told_where_the_file_system_says_so() {
        let line = "open /tmp/cache: read-only file system";
        assert_eq!(scene(line, "/data").told(), ["crashloop/read-only-fs"]);
        let mut pod = crashing_pod("a");
        pod["spec"]["containers"][0]["securityContext"] = json!({"readOnlyRootFilesystem": true});
        let scene = Scene::new().with(Kind::Pod, "a-1", pod).previous_log("a-1", "app", line);
        scene.finds("volume-permission/");
    }
}
