//! The part of a cluster that somebody asked about: objects with certain labels.

use holmes_protocol::ObjectReference;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, selects};
use crate::observations::Kind;
use crate::view::{View, labels};

/// Does a finding touch an object, or the pods of one, with these labels?
pub(super) fn touches(view: &View<'_>, draft: &Draft, selector: &str) -> bool {
    let wanted: Vec<(&str, &str)> = pairs(selector).collect();
    let named = draft.finding.objects.iter().chain(&draft.finding.owner_chain);
    let keys = named.map(key).chain(draft.takes_down.iter().chain(&draft.affected).cloned());
    let symptoms = draft.finding.symptoms.iter().map(|symptom| symptom.object.clone());
    keys.chain(symptoms).any(|key| object(view, &key).is_some_and(|object| carries(&wanted, object)))
}

/// The pairs of `app=web,tier==front`.
fn pairs(selector: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = selector.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.filter_map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim(), value.trim_start_matches('=').trim()))
    })
}

/// Is the text a selector that can be followed? Only equality is.
pub(crate) fn is_selector(text: &str) -> bool {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty()).count();
    parts > 0 && parts == pairs(text).filter(|(key, _)| !key.is_empty() && !key.ends_with('!')).count()
}

fn key(reference: &ObjectReference) -> String {
    crate::object::object_key(&reference.kind, &reference.namespace, &reference.name)
}

fn object<'a>(view: &View<'a>, key: &str) -> Option<&'a Value> {
    let mut parts = key.splitn(3, '/');
    let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    view.find(Kind::parse(kind)?, namespace, name).found()
}

/// Labels of the object, of its pod template, or the selector of a Service.
fn carries(wanted: &[(&str, &str)], object: &Value) -> bool {
    let of = |pointer| object.pointer(pointer).is_some_and(|labels| selects(wanted, labels));
    selects(wanted, labels(object))
        || of("/spec/template/metadata/labels")
        || of("/spec/jobTemplate/spec/template/metadata/labels")
        || (object.kind() == "Service" && of("/spec/selector"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::parse_time;
    use crate::observations::Observations;
    use crate::report::{Options, evaluate};
    use crate::rules::scene::{NOW, crashing_pod};
    use serde_json::json;

    #[test]
    fn only_what_carries_the_labels_is_told() {
        let mut observations = Observations::default();
        let pods = ["web", "db"].map(|app| {
            let mut pod = crashing_pod(app);
            pod["kind"] = json!("Pod");
            pod["metadata"]["name"] = json!(app);
            pod["metadata"]["namespace"] = json!("shop");
            pod
        });
        observations.add(Kind::Pod, pods.to_vec());
        let told = |selector: &str| {
            let options = Options { selector: Some(selector.to_owned()), ..Options::default() };
            let report = evaluate(&observations, parse_time(NOW).unwrap(), &options);
            report.findings.iter().map(|finding| finding.objects[0].name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(told("app=db"), ["db"]);
        assert!(told("app=cache").is_empty());
    }

    #[test]
    fn only_equality_is_a_selector() {
        assert!(is_selector("app=web, tier==front"));
        for wrong in ["", "app", "app!=web", "app in (a,b)", "=web"] {
            assert!(!is_selector(wrong), "{wrong}");
        }
    }
}
