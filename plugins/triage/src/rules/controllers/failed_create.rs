//! A controller can not create its pods: the API server refuses them.
//!
//! Fires on `ReplicaFailure=True`, or a current `FailedCreate` event without a later success, while pods are
//! fewer than desired. What refuses may have a finding of its own (quota, Pod Security, webhook, a missing
//! service account); this one is then its symptom. Not in a namespace that is being deleted.

use holmes_protocol::Severity;
use serde_json::Value;

use super::refused::{Refused, refused};
use crate::decode::admission::Refusal;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

pub(super) const RULE: Rule = Rule {
    id: "failed-create",
    subject: Subject::Pod(98),
    reads: &[Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[Cause::Dependency, Cause::Rule("config-ref-missing")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    refused(view).iter().map(|refused| judge(view, refused)).collect()
}

fn judge<'a>(view: &View<'a>, refused: &Refused<'a>) -> Draft {
    let owner = refused.owner;
    let class = class(&refused.refusal);
    // Whoever deletes a namespace wants no new pods in it.
    let severity = if class == "namespace-terminating" { Severity::Note } else { Severity::Error };
    let mut draft = Draft::new(RULE.id, class, severity, owner);
    draft.owned(view, owner);
    draft.collapse = view.top(owner).key();
    refused.cite(&mut draft);
    let top = view.top(owner);
    draft.summary(format!("{} {} can not create pods: {}", top.kind(), top.name(), refused.why()));
    detail(view, refused, &mut draft);
    draft.check(
        &["kubectl", "-n", owner.namespace(), "describe", &owner.kind().to_ascii_lowercase(), owner.name()],
        "the refusal",
    );
    draft
}

fn class(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Quota { .. } => "quota",
        Refusal::QuotaMustSpecify { .. } => "quota-must-specify",
        Refusal::LimitRange => "limitrange",
        Refusal::PodSecurity { .. } => "psa",
        Refusal::ServiceAccount { .. } => "serviceaccount",
        Refusal::PriorityClass { .. } => "priorityclass",
        Refusal::WebhookUnreachable { .. } => "webhook-unreachable",
        Refusal::WebhookDenied { .. } => "webhook-denied",
        Refusal::PolicyDenied { .. } => "policy-denied",
        Refusal::InvalidSpec => "invalid-spec",
        Refusal::SecurityContextConstraint => "scc",
        Refusal::NamespaceTerminating => "namespace-terminating",
        Refusal::Other => "other",
    }
}

fn detail<'a>(view: &View<'a>, refused: &Refused<'a>, draft: &mut Draft) {
    let owner = refused.owner;
    let template =
        if owner.kind() == "CronJob" { ".spec.jobTemplate.spec.template" } else { ".spec.template" };
    match &refused.refusal {
        Refusal::ServiceAccount { name } => {
            draft.field(owner, &format!("{template}.spec.serviceAccountName"));
            reference(view, Kind::ServiceAccount, owner.namespace(), name, draft);
        }
        Refusal::PriorityClass { name } => {
            draft.field(owner, &format!("{template}.spec.priorityClassName"));
            reference(view, Kind::PriorityClass, "", name, draft);
        }
        Refusal::WebhookUnreachable { webhook, cause } => {
            draft.parameters.extend([webhook.clone(), (*cause).to_owned()]);
            configuration(view, webhook, draft);
        }
        Refusal::WebhookDenied { webhook } => {
            draft.parameters.push(webhook.clone());
            configuration(view, webhook, draft);
            draft.suggest("the webhook's answer in the message says what to change in the template");
        }
        Refusal::PolicyDenied { policy } => draft.parameters.push(policy.clone()),
        Refusal::Quota { quota, .. } | Refusal::QuotaMustSpecify { quota } => {
            draft.parameters.push(quota.clone());
        }
        Refusal::PodSecurity { level } => draft.parameters.push(level.clone()),
        Refusal::LimitRange
        | Refusal::InvalidSpec
        | Refusal::SecurityContextConstraint
        | Refusal::NamespaceTerminating
        | Refusal::Other => {}
    }
}

/// What the template names and the cluster does not have.
fn reference(view: &View<'_>, kind: Kind, namespace: &str, name: &str, draft: &mut Draft) {
    draft.parameters.push(name.to_owned());
    let word = kind.source().name;
    if view.find(kind, namespace, name).is_absent() {
        draft.absent(word, namespace, name);
    }
    let here = view.all(kind).iter().filter(|object| object.namespace() == namespace);
    if let Some(near) = nearest::name(name, here.map(Value::name)) {
        draft.suggest(format!("{word} `{near}` exists: misspelt?"));
    }
    let plural = kind.source().plural;
    if namespace.is_empty() {
        draft.check(&["kubectl", "get", plural], "which there are");
    } else {
        draft.check(&["kubectl", "-n", namespace, "get", plural], "which there are");
    }
}

/// The configuration that has the webhook: when its receiver is gone, that is the cause.
fn configuration(view: &View<'_>, webhook: &str, draft: &mut Draft) {
    let kinds = [Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration];
    for configuration in kinds.into_iter().flat_map(|kind| view.all(kind)) {
        if configuration.items("/webhooks").iter().any(|hook| hook.text("/name") == webhook) {
            draft.depends_on.insert(configuration.key());
            draft.field(configuration, &format!(".webhooks[name={webhook}].failurePolicy"));
            draft.affects(configuration);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::refused::tests::refused_set;
    use super::*;
    use crate::rules::scene::{EARLIER, Scene};

    #[test]
    fn each_refusal_has_its_class() {
        let cases = [
            (
                "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
                "quota",
            ),
            (
                "pods \"a\" is forbidden: failed quota: q: must specify limits.cpu for: app",
                "quota-must-specify",
            ),
            ("pods \"a\" is forbidden: maximum cpu usage per Container is 1, but limit is 2", "limitrange"),
            ("pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": privileged", "psa"),
            ("admission webhook \"policy.example\" denied the request: no latest tag", "webhook-denied"),
            (
                "pods \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
                "policy-denied",
            ),
            ("Pod \"a\" is invalid: spec.containers[0].image: Required value", "invalid-spec"),
            (
                "pods \"a\" is forbidden: unable to validate against any security context constraint: []",
                "scc",
            ),
            ("etcdserver: request timed out", "other"),
        ];
        for (message, class) in cases {
            assert_eq!(refused_set(message).told(), [format!("failed-create/{class}")], "{message}");
        }
        let leaving = refused_set(
            "pods \"a\" is forbidden: unable to create new content in namespace shop because it is being terminated",
        );
        leaving.is_silent();
    }

    #[test]
    fn a_service_account_that_is_not_there_is_named_with_the_near_one() {
        let message = "pods \"web-\" is forbidden: error looking up service account shop/runner: serviceaccount \"runner\" not found";
        let scene = refused_set(message).with(Kind::ServiceAccount, "runer", json!({}));
        let finding = scene.findings().into_iter().next().unwrap();
        assert!(scene.told()[0].ends_with("/serviceaccount"), "{:?}", scene.told());
        assert!(finding.suggestion.iter().any(|text| text.contains("`runer`")), "{finding:#?}");
    }

    #[test]
    fn a_refusal_passes_the_gates() {
        refused_set("admission webhook \"policy.example\" denied the request: no latest tag")
            .finds("failed-create/webhook-denied");
    }

    #[test]
    fn an_event_counts_until_a_pod_was_created() {
        let set = json!({"spec": {"replicas": 1, "serviceName": ""}, "status": {"replicas": 0}});
        let scene = Scene::new().with(Kind::StatefulSet, "db", set).event_at(
            Kind::StatefulSet,
            "db",
            "FailedCreate",
            "create Pod db-0 in StatefulSet db failed error: admission webhook \"w\" denied the request: no",
            EARLIER,
        );
        scene.finds("failed-create/webhook-denied");
        scene.event(Kind::StatefulSet, "db", "SuccessfulCreate", "create Pod db-0 successful").is_silent();
    }

    #[test]
    fn a_controller_with_all_its_pods_is_silent() {
        let mut set = json!({"spec": {"replicas": 1}, "status": {"replicas": 1}});
        set["status"]["conditions"] = json!([]);
        let scene = Scene::new().with(Kind::ReplicaSet, "web", set);
        scene
            .event(Kind::ReplicaSet, "web", "FailedCreate", "admission webhook \"w\" denied the request: no")
            .is_silent();
    }
}
