//! A quota is used up, and pods or claims of a controller are refused because of it.
//!
//! Fires on `exceeded quota` and `failed quota … must specify` refusals that name a `ResourceQuota` which was
//! read; the class is the resource. Not on a quota that is merely full.

use holmes_protocol::Severity;

use crate::decode::admission::Refusal;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::controllers::refused::{Refused, refused};
use crate::rules::{Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "quota-exceeded",
    subject: Subject::Admission,
    reads: &[Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::ResourceQuota],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("failed-create")],
    yields_to: &[],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    refused(view).iter().filter_map(|refused| judge(view, refused)).collect()
}

fn judge<'a>(view: &View<'a>, refused: &Refused<'a>) -> Option<Draft> {
    let (name, resources) = if let Refusal::Quota { quota, resources } = &refused.refusal {
        (quota, resources.as_slice())
    } else if let Refusal::QuotaMustSpecify { quota } = &refused.refusal {
        (quota, &[][..])
    } else {
        return None;
    };
    let namespace = refused.owner.namespace();
    let quota = view.find(Kind::ResourceQuota, namespace, name).found()?;
    let class = resources.first().map_or("must-specify", String::as_str);
    let mut draft = Draft::new(RULE.id, class, Severity::Error, quota);
    draft.parameters.push(name.to_owned());
    for resource in resources {
        draft.field(quota, &format!(".status.hard['{resource}']"));
        draft.field(quota, &format!(".status.used['{resource}']"));
    }
    if resources.is_empty() {
        draft.field(quota, ".spec.hard");
        draft.suggest("every container needs the requests and limits that the quota counts");
    }
    refused.cite(&mut draft);
    refused.suffer(view, &mut draft);
    let top = view.top(refused.owner);
    draft.summary(format!(
        "quota {name} keeps {} {} from its pods: {}",
        top.kind(),
        top.name(),
        refused.why()
    ));
    draft.check(&["kubectl", "-n", namespace, "describe", "resourcequota", name], "what uses the quota");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::controllers::refused::tests::refused_set;
    use crate::rules::scene::{EARLIER, LONG_AGO, Scene, service};

    const REFUSAL: &str = "pods \"web-\" is forbidden: exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=6, limited: requests.cpu=6";

    fn quota(scene: Scene) -> Scene {
        let hard = json!({"requests.cpu": "6"});
        scene.with(
            Kind::ResourceQuota,
            "compute",
            json!({"spec": {"hard": hard}, "status": {"hard": hard, "used": {"requests.cpu": "6"}}}),
        )
    }

    #[test]
    fn the_quota_is_the_root_and_the_refused_controller_its_symptom() {
        let finding = quota(refused_set(REFUSAL)).finds("quota-exceeded/requests.cpu");
        assert_eq!(finding.objects[0].name, "compute");
        assert_eq!(finding.symptoms[0].rule, "failed-create");
    }

    #[test]
    fn two_controllers_under_one_quota_are_one_finding() {
        let other = json!({"spec": {"replicas": 1}, "status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure",
            "status": "True", "message": REFUSAL, "lastTransitionTime": EARLIER}]}});
        let scene = quota(refused_set(REFUSAL)).with(Kind::ReplicaSet, "api", other);
        let findings = scene.findings();
        assert_eq!(scene.told(), ["quota-exceeded/requests.cpu"]);
        assert_eq!((findings[0].count, findings[0].symptoms.len()), (2, 2));
    }

    #[test]
    fn a_request_that_the_quota_demands_is_told() {
        let message = "pods \"web-\" is forbidden: failed quota: compute: must specify requests.cpu for: app";
        quota(refused_set(message)).finds("quota-exceeded/must-specify");
    }

    #[test]
    fn a_full_quota_with_nothing_refused_is_silent() {
        quota(Scene::new()).is_silent();
    }

    #[test]
    fn a_quota_that_may_not_be_read_leaves_the_refusal() {
        let scene = quota(refused_set(REFUSAL)).forbid(Kind::ResourceQuota);
        assert_eq!(scene.told(), ["failed-create/quota"]);
    }

    #[test]
    fn deployment_and_service_of_the_refused_pods_are_symptoms() {
        let mut scene = quota(refused_set(REFUSAL));
        let deployment = json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}}},
            "status": {"updatedReplicas": 2, "conditions": [
                {"type": "Available", "status": "False", "lastTransitionTime": EARLIER},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "lastTransitionTime": EARLIER}]}});
        let set = crate::rules::scene::owned(
            json!({"spec": {"replicas": 2}, "status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure",
                "status": "True", "message": REFUSAL, "lastTransitionTime": EARLIER}]}, "metadata": {"creationTimestamp": LONG_AGO}}),
            "Deployment",
            "shopweb",
            "deployments-shopweb",
        );
        scene = scene
            .with(Kind::Deployment, "shopweb", deployment)
            .with(Kind::ReplicaSet, "shopweb-1", set)
            .with(Kind::Service, "web", service("web", &json!(8080)));
        assert_eq!(scene.told(), ["quota-exceeded/requests.cpu"], "{:#?}", scene.findings());
    }
}
