//! What differs between the failing pod template and the revision before it.

use holmes_protocol::Change;
use serde_json::Value;

use crate::object::Object;
use crate::redact::{is_secret_name, quote};
use crate::view::View;

/// A revision that changes more than this was not changed by a slip.
const MOST_CHANGES: usize = 12;

/// Differences of the pod's template from the revision before it: the newest older `ReplicaSet` of the same Deployment,
/// or the `ControllerRevision` before that of a `StatefulSet` or `DaemonSet`.
pub(crate) fn changes<'a>(view: &View<'a>, pod: &'a Value) -> Vec<Change> {
    match view.owners(pod).as_slice() {
        [set, deployment, ..] if set.kind() == "ReplicaSet" => of_replica_set(view, set, deployment),
        [owner, ..] if matches!(owner.kind(), "StatefulSet" | "DaemonSet") => of_revision(view, pod, owner),
        _ => Vec::new(),
    }
}

fn of_replica_set(view: &View<'_>, set: &Value, deployment: &Value) -> Vec<Change> {
    let failing = revision(set);
    let mut older: Vec<&Value> =
        view.children(deployment).iter().copied().filter(|other| revision(other) < failing).collect();
    older.sort_by_key(|other| {
        (other.number("/status/availableReplicas").unwrap_or_default() > 0, revision(other))
    });
    let Some(before) = older.last() else { return Vec::new() };
    between(before, set, "/spec/template/spec")
}

/// The revision that the pod's label names, against the one before it.
fn of_revision(view: &View<'_>, pod: &Value, owner: &Value) -> Vec<Change> {
    let labels = pod.pointer("/metadata/labels");
    let hash = labels.and_then(|all| all.get("controller-revision-hash")?.as_str()).unwrap_or_default();
    let number = |revision: &Value| revision.number("/revision").unwrap_or_default();
    let revisions = || view.children(owner).iter().filter(|child| child.kind() == "ControllerRevision");
    let is_own =
        |name: &str| name.strip_suffix(hash).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    let failing = revisions().find(|revision| !hash.is_empty() && is_own(revision.name()));
    let Some(failing) = failing else { return Vec::new() };
    let before =
        revisions().filter(|other| number(other) < number(failing)).max_by_key(|other| number(other));
    before.map_or_else(Vec::new, |before| between(before, failing, "/data/spec/template/spec"))
}

/// The differences of two revisions, whose templates stand at this pointer, as paths in their controller.
fn between(before: &Value, after: &Value, template: &str) -> Vec<Change> {
    let mut found = Vec::new();
    compare(".spec.template.spec", before.pointer(template), after.pointer(template), &mut found);
    let time = Some(after.text("/metadata/creationTimestamp").to_owned()).filter(|time| !time.is_empty());
    let changes = found.into_iter().take(MOST_CHANGES);
    changes.map(|(path, before, after)| Change { path, before, after, time: time.clone() }).collect()
}

/// The change in few words, for a summary or a check.
pub(crate) fn touches(changes: &[Change], needle: &str) -> bool {
    changes.iter().any(|change| change.path.contains(needle))
}

fn revision(set: &Value) -> i64 {
    let annotations = set.pointer("/metadata/annotations");
    let text =
        annotations.and_then(|all| all.get("deployment.kubernetes.io/revision")).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

type Difference = (String, Value, Value);

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (one, other) if one == other => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let step = if key.contains(['.', '/']) { format!("['{key}']") } else { format!(".{key}") };
                compare(&format!("{path}{step}"), one.get(key), other.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) if is_keyed(one) && is_keyed(other) => {
            let name = |item: &Value| item.text("/name").to_owned();
            let mut names: Vec<String> = one.iter().chain(other).map(name).collect();
            names.sort_unstable();
            names.dedup();
            let at =
                |list: &[Value], wanted: &str| list.iter().find(|item| item.text("/name") == wanted).cloned();
            for wanted in names {
                let (one, other) = (at(one, &wanted), at(other, &wanted));
                compare(&format!("{path}[name={wanted}]"), one.as_ref(), other.as_ref(), found);
            }
        }
        (one, other) => found.push((path.to_owned(), shown(path, one), shown(path, other))),
    }
}

fn is_keyed(list: &[Value]) -> bool {
    list.iter().all(|item| !item.text("/name").is_empty())
}

/// A value as a report may show it: of the environment only addresses, for anything else may be a secret.
fn shown(path: &str, value: Option<&Value>) -> Value {
    match value {
        None => Value::Null,
        Some(Value::Object(map)) => {
            let keep =
                |(key, inner): (&String, &Value)| (key.clone(), shown(&format!("{path}.{key}"), Some(inner)));
            Value::Object(map.iter().map(keep).collect())
        }
        Some(Value::String(text)) if path.contains(".env[") && path.rsplit('.').next() == Some("value") => {
            let address = text.contains("://")
                || text.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let name = path.rsplit("[name=").next().unwrap_or_default();
            if address && !is_secret_name(name) { quote(text).into() } else { "<not shown>".into() }
        }
        Some(Value::String(text)) => quote(text).into(),
        Some(Value::Array(items)) => items.iter().map(|item| shown(path, Some(item))).collect(),
        Some(other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observations::Kind;
    use serde_json::json;

    #[test]
    fn a_stateful_sets_revisions_are_compared() {
        use crate::rules::scene::{Scene, crashing_pod, owned};
        let revision = |number: i64, image: &str| {
            let template =
                json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}});
            owned(
                json!({"metadata": {}, "revision": number, "data": template}),
                "StatefulSet",
                "db",
                "statefulsets-db",
            )
        };
        let mut pod = owned(crashing_pod("db"), "StatefulSet", "db", "statefulsets-db");
        pod["metadata"]["labels"]["controller-revision-hash"] = json!("db-77");
        let scene = Scene::new()
            .with(Kind::StatefulSet, "db", json!({"metadata": {}, "spec": {"replicas": 1}}))
            .with(Kind::ControllerRevision, "db-77", revision(2, "db:2"))
            .with(Kind::ControllerRevision, "db-66", revision(1, "db:1"))
            .with(Kind::Pod, "db-0", pod);
        let change = &scene.findings()[0].change;
        assert_eq!((change[0].before.as_str(), change[0].after.as_str()), (Some("db:1"), Some("db:2")));
    }

    #[test]
    fn a_misspelt_variable_shows_and_its_neighbours_value_does_not() {
        let before = json!({"containers": [{"name": "a", "image": "x:1", "env": []}]});
        let after = json!({"containers": [{"name": "a", "image": "x:2", "env": [
            {"name": "PAY_URL", "value": "https://pay.example"}, {"name": "PASS", "value": "hunter2"}]}]});
        let mut found = Vec::new();
        compare("", Some(&before), Some(&after), &mut found);
        let text = serde_json::to_string(&found).unwrap();
        assert!(text.contains("https://pay.example") && text.contains("x:2"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
