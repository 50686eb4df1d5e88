//! Every container is ready for five minutes and the pod is not: a condition that its readiness gates ask for is
//! absent or not true, so nobody has set it.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "readiness-gate",
    subject: Subject::Pod(87),
    reads: &[Kind::Pod],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let gated = view.all(Kind::Pod).iter().filter(|pod| !pod.items("/spec/readinessGates").is_empty());
    gated.filter_map(|pod| judge(view, pod)).collect()
}

fn judge<'a>(view: &View<'a>, pod: &'a Value) -> Option<Draft> {
    let containers = pod.condition("ContainersReady").filter(|ready| ready.text("/status") == "True")?;
    let waits = pod.condition_is("Ready", "False") && !pod.is_deleting();
    if !waits || view.age(containers.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let gates = pod.items("/spec/readinessGates").iter().enumerate();
    let mut closed = gates.filter(|(_, gate)| !pod.condition_is(gate.text("/conditionType"), "True"));
    let (index, gate) = closed.next()?;
    let name = gate.text("/conditionType");
    let mut draft = Draft::of_pod(view, RULE.id, "", Severity::Error, pod, None);
    draft.parameters.push(name.to_owned());
    draft.field(pod, ".status.conditions[type=ContainersReady].status");
    draft.field(pod, ".status.conditions[type=Ready].status");
    draft.field(pod, &format!(".spec.readinessGates[{index}].conditionType"));
    draft.field(pod, &format!(".status.conditions[type={name}]"));
    draft.since(pod, ".status.conditions[type=ContainersReady].lastTransitionTime");
    let state = if pod.condition(name).is_some() { "is not true" } else { "was never set" };
    draft.summary(format!(
        "the containers are ready, but the readiness gate {name} {state}: look at its controller"
    ));
    draft.check(&["kubectl", "-n", pod.namespace(), "describe", "pod", pod.name()], "gates and conditions");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use crate::observations::Kind;
    use crate::rules::scene::*;
    use serde_json::json;

    fn scene(gate: &str) -> Scene {
        let mut pod = healthy_pod("a");
        pod["spec"]["readinessGates"] = json!([{"conditionType": "lb.example/attached"}]);
        pod["status"]["conditions"] = json!([
            {"type": "Ready", "status": "False", "lastTransitionTime": EARLIER},
            {"type": "ContainersReady", "status": "True", "lastTransitionTime": EARLIER},
            {"type": "lb.example/attached", "status": gate, "lastTransitionTime": EARLIER}]);
        Scene::new().with(Kind::Pod, "a-1", pod)
    }

    #[test]
    fn a_gate_that_nobody_opens_is_named() {
        assert!(scene("False").finds("readiness-gate/").summary.contains("lb.example/attached"));
    }

    #[test]
    fn an_open_gate_is_silent_and_five_minutes_are_waited_for() {
        scene("True").is_silent();
        scene("False").at("2026-11-16T11:34:59Z").is_silent();
        assert_eq!(scene("False").at("2026-11-16T11:35:00Z").told(), ["readiness-gate/"]);
    }
}
