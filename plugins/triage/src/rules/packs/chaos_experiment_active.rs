//! `chaos-experiment-active`: somebody breaks these pods on purpose. A running experiment that selects a failing pod
//! is the root of whatever is wrong with it; one that selects healthy pods is a note.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, selects};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::{View, labels};

const KINDS: [Kind; 4] = [Kind::PodChaos, Kind::NetworkChaos, Kind::StressChaos, Kind::ChaosEngine];

pub(super) const RULE: Rule = Rule {
    id: "chaos-experiment-active",
    subject: Subject::ControlPlane,
    reads: &KINDS,
    explains: &[Effect::Pods, Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    KINDS
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter_map(|experiment| judge(view, experiment))
        .collect()
}

fn judge<'a>(view: &View<'a>, experiment: &'a Value) -> Option<Draft> {
    let litmus = experiment.kind() == "ChaosEngine";
    let (runs, path) = if litmus {
        (experiment.text("/status/engineStatus") == "initialized", ".status.engineStatus")
    } else {
        (experiment.condition_is("AllInjected", "True"), ".status.conditions[type=AllInjected].status")
    };
    if !runs || experiment.is_deleting() {
        return None;
    }
    let targets = targets(view, experiment, litmus);
    let broken = targets.iter().any(|pod| !pod.condition_is("Ready", "True"));
    let severity = if broken { Severity::Error } else { Severity::Note };
    let mut draft = Draft::new(RULE.id, experiment.kind(), severity, experiment);
    draft.field(experiment, path);
    draft.field(experiment, ".spec.action");
    draft.field(experiment, if litmus { ".spec.appinfo" } else { ".spec.selector" });
    draft.since(experiment, ".metadata.creationTimestamp");
    for pod in &targets {
        draft.takes_down.insert(pod.key());
        for owner in view.owners(pod) {
            draft.takes_down.insert(owner.key());
        }
    }
    for pod in targets.iter().take(3) {
        draft.affects(pod);
    }
    draft.summary(format!(
        "{} {} disturbs {} pods on purpose",
        experiment.kind(),
        experiment.name(),
        targets.len()
    ));
    Some(draft)
}

fn targets<'a>(view: &View<'a>, experiment: &Value, litmus: bool) -> Vec<&'a Value> {
    if litmus {
        let label = experiment.text("/spec/appinfo/applabel").split_once('=');
        let namespace = experiment.text("/spec/appinfo/appns");
        return label.map(|(key, value)| view.selected(namespace, &[(key, value)])).unwrap_or_default();
    }
    let wanted = experiment.pairs("/spec/selector/labelSelectors");
    let listed = experiment.items("/spec/selector/namespaces").iter().filter_map(Value::as_str);
    let mut namespaces: Vec<&str> = listed.collect();
    if namespaces.is_empty() {
        namespaces.push(experiment.namespace());
    }
    let pods = namespaces.into_iter().flat_map(|namespace| view.pods_in(namespace)).copied();
    pods.filter(|pod| wanted.is_empty() || selects(&wanted, labels(pod))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, Scene, crashing_pod, healthy_pod};

    fn scene(injected: &str) -> Scene {
        let body = json!({"metadata": {"creationTimestamp": EARLIER}, "spec": {"action": "pod-failure", "selector": {"namespaces": ["shop"], "labelSelectors": {"app": "web"}}},
            "status": {"conditions": [{"type": "AllInjected", "status": injected}]}});
        Scene::new().with(Kind::PodChaos, "kill-web", body)
    }

    #[test]
    fn what_is_broken_on_purpose_is_told_as_that() {
        let findings = scene("True").with(Kind::Pod, "web-1", crashing_pod("web")).findings();
        assert_eq!(findings[0].rule, "chaos-experiment-active");
        assert_eq!(findings[0].symptoms[0].rule, "crashloop");
        assert_eq!(
            scene("False").with(Kind::Pod, "web-1", crashing_pod("web")).told(),
            ["crashloop/app-error"]
        );
        let quiet = scene("True").with(Kind::Pod, "web-1", healthy_pod("web"));
        assert!(quiet.told().is_empty());
        assert_eq!(quiet.noted(), ["chaos-experiment-active/PodChaos"]);
    }
}
