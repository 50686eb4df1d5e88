//! An aggregated API does not answer: metrics, custom metrics, and the deletion of namespaces hang on it.
//!
//! Fires a minute after `Available=False`. Not for APIs that the API server itself serves (reason `Local`). The
//! pods behind its Service, where they have a finding, are the cause.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

const GRACE: Seconds = 60;
const SAMPLES: usize = 3;

pub(super) const RULE: Rule = Rule {
    id: "apiservice-unavailable",
    subject: Subject::ControlPlane,
    reads: &[Kind::ApiService],
    explains: &[Effect::Rule("hpa-no-metrics"), Effect::Rule("namespace-stuck-terminating")],
    yields_to: &[Cause::Pods, Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::ApiService).iter().filter_map(|service| judge(view, service)).collect()
}

fn judge<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let condition =
        service.condition("Available").filter(|condition| condition.text("/status") == "False")?;
    let reason = condition.text("/reason");
    if reason == "Local" || view.age(condition.time("/lastTransitionTime"))? < GRACE {
        return None;
    }
    let mut draft = Draft::new(RULE.id, "", Severity::Error, service);
    draft.field(service, ".status.conditions[type=Available].status");
    draft.field(service, ".status.conditions[type=Available].reason");
    draft.field(service, ".status.conditions[type=Available].message");
    draft.field(service, ".spec.service");
    draft.since(service, ".status.conditions[type=Available].lastTransitionTime");
    let (namespace, name) = (service.text("/spec/service/namespace"), service.text("/spec/service/name"));
    draft.depends_on.insert(object_key("Service", namespace, name));
    if view.find(Kind::Service, namespace, name).is_absent() {
        draft.absent("Service", namespace, name);
    }
    if service.text("/spec/group").ends_with("metrics.k8s.io") {
        let users = view.all(Kind::HorizontalPodAutoscaler).iter();
        users
            .filter(|one| one.condition_is("ScalingActive", "False"))
            .take(SAMPLES)
            .for_each(|one| draft.affects(one));
    }
    draft.summary(format!(
        "API {} is not available ({reason}): {}",
        service.name(),
        condition.text("/message")
    ));
    draft.check(&["kubectl", "get", "apiservice", service.name(), "-o", "yaml"], "its condition and Service");
    draft.check(
        &[
            "kubectl",
            "-n",
            namespace,
            "get",
            "endpointslices",
            "-l",
            &format!("kubernetes.io/service-name={name}"),
        ],
        "what stands behind its Service",
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::scene::{EARLIER, Scene, crashing_pod, service};

    fn api(status: &str, reason: &str) -> Value {
        json!({"spec": {"group": "metrics.k8s.io", "service": {"namespace": "shop", "name": "metrics-server"}},
            "status": {"conditions": [{"type": "Available", "status": status, "reason": reason,
                "message": "endpoints for service/metrics-server have no addresses", "lastTransitionTime": EARLIER}]}})
    }

    fn scene(status: &str, reason: &str) -> Scene {
        Scene::new().with(Kind::ApiService, "v1beta1.metrics.k8s.io", api(status, reason))
    }

    #[test]
    fn an_api_that_does_not_answer_is_told_after_a_minute() {
        scene("False", "ServiceNotFound").finds("apiservice-unavailable/");
        assert!(scene("False", "MissingEndpoints").at("2026-11-16T11:30:59Z").told().is_empty());
        scene("True", "Passed").is_silent();
        scene("False", "Local").is_silent();
    }

    #[test]
    fn the_pod_behind_its_service_is_the_cause() {
        let scene = scene("False", "MissingEndpoints")
            .with(Kind::Service, "metrics-server", service("metrics", &json!(8080)))
            .with(Kind::Pod, "metrics-1", crashing_pod("metrics"));
        assert_eq!(scene.told(), ["crashloop/app-error"]);
    }
}
