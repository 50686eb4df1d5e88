//! `webhook-unreachable` (`no-service`, `wrong-port`, `no-endpoints`, `deadlock`, `tls`, `timeout`, `other`): a
//! webhook whose receiver is gone or does not answer. With `failurePolicy: Fail` it refuses what it intercepts; one
//! that is ignored is a note. Completed pods of a certificate job behind the same Service are no receivers.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::{Object, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::{Lookup, View};

use super::webhook::{Hook, hooks};

pub(super) const RULE: Rule = Rule {
    id: "webhook-unreachable",
    subject: Subject::Admission,
    reads: &[
        Kind::ValidatingWebhookConfiguration,
        Kind::MutatingWebhookConfiguration,
        Kind::Service,
        Kind::Pod,
    ],
    explains: &[Effect::MissingPods, Effect::Dependents, Effect::Rule("failed-create")],
    yields_to: &[Cause::Pods, Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    hooks(view).filter_map(|hook| judge(view, &hook)).collect()
}

fn judge<'a>(view: &View<'a>, hook: &Hook<'a>) -> Option<Draft> {
    let complaint = hook.complaint(view);
    let (class, why) = match hook.service() {
        Some((namespace, name)) => state(view, hook, namespace, name)
            .or_else(|| complaint.map(|event| (tail(event.text("/message")), "does not answer")))?,
        None => (tail(complaint?.text("/message")), "does not answer"),
    };
    let class = if class == "no-endpoints" && blocks_itself(view, hook) { "deadlock" } else { class };
    let critical = class == "deadlock" || hook.covers_pods() && hook.is_everywhere();
    let severity = match (hook.fails(), critical) {
        (false, _) => Severity::Note,
        (true, true) => Severity::Critical,
        (true, false) => Severity::Error,
    };
    let mut draft = hook.draft(RULE.id, class, severity);
    draft.field(hook.configuration, &hook.path(".failurePolicy"));
    draft.field(hook.configuration, &hook.path(".clientConfig.service"));
    draft.field(hook.configuration, &hook.path(".rules"));
    draft.field(hook.configuration, &hook.path(".namespaceSelector"));
    let mut receiver = "its URL".to_owned();
    if let Some((namespace, name)) = hook.service() {
        receiver = format!("Service {namespace}/{name}");
        draft.depends_on.insert(object_key("Service", namespace, name));
        match view.find(Kind::Service, namespace, name) {
            Lookup::Absent => draft.absent("Service", namespace, name),
            Lookup::Found(service) => {
                draft.affects(service);
                draft.field(service, ".spec.selector");
                draft.field(service, ".spec.ports");
                if matches!(class, "no-endpoints" | "deadlock") {
                    draft.computed(service, ".spec.selector", "no ready pod");
                }
            }
            Lookup::Unknown => {}
        }
    }
    if let Some(event) = complaint {
        draft.event(event);
        draft.since(event, ".firstTimestamp");
    }
    let policy = if hook.fails() { "Fail" } else { "Ignore" };
    draft.summary(format!("webhook {} (failurePolicy {policy}) calls {receiver}, which {why}", hook.name()));
    Some(draft)
}

/// What is wrong with the Service, in the order in which a call would fail.
fn state<'a>(
    view: &View<'a>,
    hook: &Hook<'a>,
    namespace: &str,
    name: &str,
) -> Option<(&'static str, &'static str)> {
    let service = match view.find(Kind::Service, namespace, name) {
        Lookup::Absent => return Some(("no-service", "does not exist")),
        Lookup::Unknown => return None,
        Lookup::Found(service) => service,
    };
    let port = hook.hook.number("/clientConfig/service/port").unwrap_or(443);
    if !service.items("/spec/ports").iter().any(|known| known.number("/port") == Some(port)) {
        return Some(("wrong-port", "has no such port"));
    }
    let unselected = service.pairs("/spec/selector").is_empty();
    if unselected || !view.is_complete(Kind::Pod, namespace) {
        return None;
    }
    let ready = view.selected_by(service).iter().any(|pod| pod.condition_is("Ready", "True"));
    (!ready).then_some(("no-endpoints", "has no ready endpoint"))
}

/// Does the hook refuse the very pods that would answer it?
fn blocks_itself(view: &View<'_>, hook: &Hook<'_>) -> bool {
    hook.fails() && hook.service().is_some_and(|(namespace, _)| hook.covers(view, namespace))
}

/// The class of what the API server says about a call.
fn tail(message: &str) -> &'static str {
    if message.contains("x509:") || message.contains("tls:") {
        "tls"
    } else if message.contains("deadline exceeded") || message.contains("timeout") {
        "timeout"
    } else if message.contains("no endpoints available") || message.contains("connection refused") {
        "no-endpoints"
    } else {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use holmes_protocol::Severity;
    use serde_json::json;

    use super::super::webhook::scenes::{receiver, with};
    use crate::observations::Kind;
    use crate::rules::scene::{JUST_NOW, healthy_pod};

    #[test]
    fn a_receiver_that_is_gone_refuses_pods_everywhere() {
        let finding = with(json!({})).finds("webhook-unreachable/no-service");
        assert_eq!(finding.severity, Severity::Critical);
        let narrow = with(json!({"namespaceSelector": {"matchLabels": {"team": "a"}}}));
        assert_eq!(narrow.findings()[0].severity, Severity::Error);
        let ignored = with(json!({"failurePolicy": "Ignore"}));
        assert!(ignored.told().is_empty());
        assert_eq!(ignored.noted(), ["webhook-unreachable/no-service"]);
    }

    #[test]
    fn a_receiver_without_a_ready_pod_may_block_its_own_recovery() {
        let mut starting = healthy_pod("hooks");
        starting["status"]["conditions"][0] =
            json!({"type": "Ready", "status": "False", "lastTransitionTime": JUST_NOW});
        starting["status"]["containerStatuses"][0] = json!({"name": "app", "ready": false, "restartCount": 0,
            "state": {"running": {"startedAt": JUST_NOW}}});
        let service = with(json!({})).with(Kind::Service, "hooks", receiver());
        let empty = service.clone().with(Kind::Pod, "hooks-1", starting);
        empty.finds("webhook-unreachable/no-endpoints");
        let shop = json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "shop"}}, "status": {"phase": "Active"}});
        empty.clone().with(Kind::Namespace, "shop", shop).finds("webhook-unreachable/deadlock");
        service.with(Kind::Pod, "hooks-1", healthy_pod("hooks")).is_silent();
    }

    #[test]
    fn a_service_without_the_port_is_told_by_the_port() {
        let mut service = receiver();
        service["spec"]["ports"][0]["port"] = json!(8443);
        let scene = with(json!({})).with(Kind::Service, "hooks", service);
        scene.with(Kind::Pod, "hooks-1", healthy_pod("hooks")).finds("webhook-unreachable/wrong-port");
    }

    #[test]
    fn a_receiver_that_is_there_and_does_not_answer_is_told_by_the_refusals() {
        let scene = with(json!({})).with(Kind::Service, "hooks", receiver()).with(
            Kind::Pod,
            "hooks-1",
            healthy_pod("hooks"),
        );
        scene.is_silent();
        let slow = r#"Error creating: Internal error occurred: failed calling webhook "v.example": failed to call webhook: Post "https://hooks.shop.svc:443/?timeout=10s": context deadline exceeded"#;
        scene.event(Kind::ReplicaSet, "web-1", "FailedCreate", slow).finds("webhook-unreachable/timeout");
    }

    #[test]
    fn an_unreadable_service_is_not_a_missing_one() {
        assert!(with(json!({})).forbid(Kind::Service).told().is_empty());
    }
}
