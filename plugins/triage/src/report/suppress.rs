//! Findings that an annotation asks not to be told: `holmes-host/triage-ignore: "crashloop,oom-killed"` on the
//! object, a controller above it, or its namespace. They are counted, and what is critical is told all the same.

use holmes_protocol::{ObjectReference, Severity, Suppressed};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::View;

const ANNOTATION: &str = "/metadata/annotations/holmes-host~1triage-ignore";

/// What is suppressed, and what is left.
pub(super) fn split(view: &View<'_>, drafts: Vec<Draft>) -> (Vec<Suppressed>, Vec<Draft>) {
    let mut suppressed = Vec::new();
    let mut told = Vec::new();
    for draft in drafts {
        match asked_by(view, &draft) {
            Some(key) if draft.finding.severity < Severity::Critical => {
                let object = draft.root_key();
                let finding = super::finish(draft);
                suppressed.push(Suppressed {
                    rule: finding.rule,
                    class: finding.class,
                    object,
                    asked_by: key,
                    fingerprint: finding.fingerprint,
                });
            }
            Some(_) | None => told.push(draft),
        }
    }
    suppressed.sort();
    (suppressed, told)
}

fn asked_by(view: &View<'_>, draft: &Draft) -> Option<String> {
    let root = draft.finding.objects.first()?;
    let found = |reference: &ObjectReference| {
        view.find(Kind::parse(&reference.kind)?, &reference.namespace, &reference.name).found()
    };
    let chain = draft.finding.owner_chain.iter().filter_map(found);
    let namespace = view.find(Kind::Namespace, "", &root.namespace).found();
    let mut objects = found(root).into_iter().chain(chain).chain(namespace);
    objects.find(|object| ignores(object, &draft.finding.rule)).map(Value::key)
}

fn ignores(object: &Value, rule: &str) -> bool {
    object.text(ANNOTATION).split(',').any(|name| name.trim() == rule)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{Scene, crashing_pod};

    #[test]
    fn an_annotation_silences_its_rule_and_no_other() {
        let scene = |rules: &str| {
            let mut pod = crashing_pod("a");
            pod["metadata"]["annotations"] = json!({"holmes-host/triage-ignore": rules});
            Scene::new().with(Kind::Pod, "a-1", pod)
        };
        let report = scene("oom-killed, crashloop").report();
        assert!(report.findings.is_empty());
        assert_eq!(report.suppressed[0].object, "Pod/shop/a-1");
        assert_eq!(report.suppressed[0].asked_by, "Pod/shop/a-1");
        assert_eq!(scene("oom-killed").told(), ["crashloop/app-error"]);
    }
}
