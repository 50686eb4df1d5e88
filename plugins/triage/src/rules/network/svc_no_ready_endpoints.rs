//! `svc-no-ready-endpoints`: a Service selects pods and none of them is ready, nor is any endpoint of its slices,
//! for longer than the pods' probes allow. What is wrong with the pods explains it.
//!
//! Not on: `publishNotReadyAddresses`, and pods that have only finished.

use serde_json::Value;

use super::endpoints::{
    has_ready_endpoint, is_ready, is_selecting, patience, pods_of_service, unready_since,
};
use super::route::severity;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;
/// Pods that the finding shows.
const SHOWN: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "svc-no-ready-endpoints",
    subject: Subject::Network,
    reads: &[Kind::Service, Kind::Pod],
    explains: &[Effect::Dependents, Effect::Rule("ingress-backend")],
    yields_to: &[Cause::Pods],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let services = view.all(Kind::Service).iter().filter(|service| is_selecting(service));
    services
        .filter(|service| !service.flag("/spec/publishNotReadyAddresses"))
        .filter(|service| view.age(service.created()) >= Some(GRACE))
        .filter_map(|service| judge(view, service))
        .collect()
}

fn judge<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let pods = pods_of_service(view, service);
    let answers = pods.iter().any(|pod| is_ready(pod)) || has_ready_endpoint(view, service);
    if pods.is_empty() || answers || !view.is_complete(Kind::Pod, service.namespace()) {
        return None;
    }
    let since = unready_since(&pods);
    if view.age(since)? < patience(&pods) {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", severity(view, service), service);
    draft.field(service, ".spec.selector");
    for pod in pods.iter().take(SHOWN) {
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    for slice in view.slices_of(service) {
        let endpoints = slice.items("/endpoints").len();
        draft.computed(slice, ".endpoints", format!("0 of {endpoints} ready"));
    }
    draft.since_at(since, "the newest change of .status.conditions[type=Ready]".to_owned());
    let (name, namespace) = (service.name(), service.namespace());
    draft.summary(format!("Service {name} has no ready endpoints: none of its {} pods is ready", pods.len()));
    let label = format!("kubernetes.io/service-name={name}");
    draft.check(
        &["kubectl", "-n", namespace, "get", "endpointslices", "-l", &label, "-o", "yaml"],
        "which endpoints are ready",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::*;

    fn unready() -> Value {
        let status = json!({"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": EARLIER}}});
        pod("web", &status)
    }

    fn slice(ready: bool) -> Value {
        json!({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}], "ports": [{"name": "", "port": 8080}]})
    }

    fn web(pod: Value) -> Scene {
        Scene::new().with(Kind::Pod, "web-1", pod).with(Kind::Service, "web", service("web", &json!(8080)))
    }

    /// Readiness rules explain it: seen alone where the pod's rules have nothing to say.
    fn told(scene: &Scene) -> bool {
        let report = scene.report();
        let symptoms = report.findings.iter().flat_map(|finding| &finding.symptoms).map(|one| &one.rule);
        let roots = report.findings.iter().map(|finding| &finding.rule);
        symptoms.chain(roots).any(|rule| rule == super::RULE.id)
    }

    #[test]
    fn pods_without_readiness_leave_the_service_without_endpoints() {
        assert!(told(&web(unready())));
        assert!(told(&web(unready()).with(Kind::EndpointSlice, "web-x", slice(false))));
    }

    #[test]
    fn one_ready_pod_or_endpoint_is_enough() {
        web(healthy_pod("web")).is_silent();
        assert!(!told(&web(unready()).with(Kind::Pod, "web-2", healthy_pod("web"))));
        assert!(!told(&web(unready()).with(Kind::EndpointSlice, "web-x", slice(true))));
    }

    #[test]
    fn a_crash_explains_it() {
        let scene = web(crashing_pod("web"));
        assert_eq!(scene.told(), ["crashloop/app-error"]);
        assert_eq!(scene.findings()[0].symptoms[0].rule, super::RULE.id);
    }

    #[test]
    fn who_publishes_unready_pods_wants_them() {
        let mut body = service("web", &json!(8080));
        body["spec"]["publishNotReadyAddresses"] = json!(true);
        let scene = Scene::new().with(Kind::Pod, "web-1", unready()).with(Kind::Service, "web", body);
        assert!(!told(&scene));
    }

    #[test]
    fn the_probes_budget_is_waited_for() {
        let mut slow = unready();
        slow["spec"]["containers"][0]["readinessProbe"] =
            json!({"httpGet": {"port": 8080}, "initialDelaySeconds": 3600});
        assert!(!told(&web(slow)));
        assert!(!told(&web(unready()).at("2026-11-16T11:30:59Z")));
        assert!(told(&web(unready()).at("2026-11-16T11:31:01Z")));
    }
}
