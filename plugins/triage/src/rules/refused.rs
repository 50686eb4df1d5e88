//! Pods that the API server refuses to create: quota, Pod Security, LimitRange, webhooks, service accounts.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::admission::{Refusal, refusal};
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{View, event_time};

const GRACE: Seconds = 30;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Job]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|owner| lacks_pods(owner) && !owner.is_deleting())
        .filter_map(|owner| judge(view, owner))
        .collect()
}

fn lacks_pods(owner: &Value) -> bool {
    let number = |pointer| owner.number(pointer).unwrap_or_default();
    match owner.kind() {
        "DaemonSet" => number("/status/currentNumberScheduled") < number("/status/desiredNumberScheduled"),
        "Job" => {
            let suspended = owner.flag("/spec/suspend");
            !suspended
                && number("/status/active") + number("/status/succeeded") + number("/status/failed") == 0
        }
        _ => number("/status/replicas") < owner.number("/spec/replicas").unwrap_or(1),
    }
}

fn judge<'a>(view: &View<'a>, owner: &'a Value) -> Option<Draft> {
    let condition = owner.condition("ReplicaFailure").filter(|condition| condition.text("/status") == "True");
    let event = view.newest_event(owner, &["FailedCreate"], |_| true);
    let created = view.newest_event(owner, &["SuccessfulCreate"], |_| true);
    // A later success took the complaint back, unless the controller still states the failure.
    let outdated = event.zip(created).is_some_and(|(failed, made)| event_time(made) > event_time(failed));
    if condition.is_none() && (event.is_none() || outdated) {
        return None;
    }
    let message = condition.map_or_else(
        || event.map(|event| event.text("/message")),
        |condition| Some(condition.text("/message")),
    )?;
    if view.age(owner.created())? < GRACE {
        return None;
    }
    let refusal = refusal(message);
    let (rule, class) = name(&refusal);
    let mut draft = Draft::new(rule, &class, Severity::Error, owner);
    draft.owned(view, owner);
    draft.collapse = view.top(owner).key();
    draft.field(owner, ".status.conditions[type=ReplicaFailure].message");
    if let Some(event) = event {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    draft.since(owner, ".status.conditions[type=ReplicaFailure].lastTransitionTime");
    draft.field(owner, ".spec.replicas");
    draft.computed(owner, ".status.replicas", owner.number("/status/replicas").unwrap_or_default());
    let top = view.top(owner);
    draft.summary(format!("{} {} can not create pods: {}", top.kind(), top.name(), essence(message)));
    detail(view, owner, &refusal, &mut draft);
    draft.check(
        &["kubectl", "-n", owner.namespace(), "describe", &owner.kind().to_ascii_lowercase(), owner.name()],
        "the refusal",
    );
    Some(draft)
}

/// The part of the message that says why.
fn essence(message: &str) -> &str {
    message.split_once(" is forbidden: ").map_or(message, |(_, why)| why)
}

fn name(refusal: &Refusal) -> (&'static str, String) {
    match refusal {
        Refusal::Quota { resources, .. } => {
            ("quota-exceeded", resources.first().cloned().unwrap_or_default())
        }
        Refusal::QuotaMustSpecify { .. } => ("quota-exceeded", "must-specify".to_owned()),
        Refusal::LimitRange => ("limitrange-conflict", String::new()),
        Refusal::PodSecurity { level } => ("psa-blocks", level.split(':').next().unwrap_or(level).to_owned()),
        Refusal::ServiceAccount { .. } => ("config-ref-missing", "serviceaccount".to_owned()),
        Refusal::PriorityClass { .. } => ("config-ref-missing", "priorityclass".to_owned()),
        Refusal::WebhookUnreachable { cause, .. } => ("webhook-unreachable", (*cause).to_owned()),
        Refusal::WebhookDenied { .. } => ("failed-create", "webhook-denied".to_owned()),
        Refusal::PolicyDenied => ("failed-create", "policy-denied".to_owned()),
        Refusal::InvalidSpec => ("failed-create", "invalid-spec".to_owned()),
        Refusal::SecurityContextConstraint => ("failed-create", "scc".to_owned()),
        Refusal::NamespaceTerminating => ("failed-create", "namespace-terminating".to_owned()),
        Refusal::Other => ("failed-create", "other".to_owned()),
    }
}

fn detail<'a>(view: &View<'a>, owner: &'a Value, refusal: &Refusal, draft: &mut Draft) {
    let namespace = owner.namespace();
    match refusal {
        Refusal::Quota { quota, resources } => {
            draft.parameters.push(quota.clone());
            draft.collapse = format!("ResourceQuota/{namespace}/{quota}");
            let Some(object) = view.find(Kind::ResourceQuota, namespace, quota).found() else { return };
            draft.affects(object);
            for resource in resources {
                draft.field(object, &format!(".status.hard['{resource}']"));
                draft.field(object, &format!(".status.used['{resource}']"));
            }
            draft.check(
                &["kubectl", "-n", namespace, "describe", "resourcequota", quota],
                "what uses the quota",
            );
        }
        Refusal::QuotaMustSpecify { quota } => {
            draft.parameters.push(quota.clone());
            draft.collapse = format!("ResourceQuota/{namespace}/{quota}");
            draft.suggest("every container needs the requests and limits that the quota counts");
        }
        Refusal::LimitRange => {
            for range in view.all(Kind::LimitRange).iter().filter(|range| range.namespace() == namespace) {
                draft.affects(range);
                draft.field(range, ".spec.limits");
            }
        }
        Refusal::PodSecurity { level } => {
            draft.parameters.push(level.clone());
            if let Some(object) = view.find(Kind::Namespace, "", namespace).found() {
                draft.affects(object);
                draft.field(object, ".metadata.labels['pod-security.kubernetes.io/enforce']");
            }
            for container in owner.items("/spec/template/spec/containers") {
                let name = container.text("/name");
                draft.field(owner, &format!(".spec.template.spec.containers[name={name}].securityContext"));
            }
        }
        Refusal::ServiceAccount { name } => {
            draft.parameters.push(name.clone());
            draft.field(owner, ".spec.template.spec.serviceAccountName");
            if view.find(Kind::ServiceAccount, namespace, name).is_absent() {
                draft.absent("ServiceAccount", namespace, name);
            }
            let here =
                view.all(Kind::ServiceAccount).iter().filter(|account| account.namespace() == namespace);
            if let Some(near) = nearest::name(name, here.map(Value::name)) {
                draft.suggest(format!("ServiceAccount `{near}` exists: misspelt?"));
            }
            draft.check(
                &["kubectl", "-n", namespace, "get", "serviceaccount"],
                "which service accounts there are",
            );
        }
        Refusal::WebhookUnreachable { webhook, .. } | Refusal::WebhookDenied { webhook } => {
            draft.parameters.push(webhook.clone());
            draft.collapse = format!("webhook {webhook}");
        }
        Refusal::PriorityClass { .. }
        | Refusal::PolicyDenied
        | Refusal::InvalidSpec
        | Refusal::SecurityContextConstraint
        | Refusal::NamespaceTerminating
        | Refusal::Other => {}
    }
}
