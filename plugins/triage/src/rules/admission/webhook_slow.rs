//! `webhook-slow`: an admission ran out of time, and the time-outs of the mutating webhooks, which are called one
//! after the other, add up to more than the API server grants a request.

use holmes_protocol::{Confidence, Severity};

use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::{Cause, Rule, Subject};
use crate::view::{EVENT_AGE, View, event_time};

use super::webhook::{Hook, hooks};

/// What an API server grants a request, in seconds, is a minute; a client gives up after half of it.
const BUDGET: i64 = 30;

pub(super) const RULE: Rule = Rule {
    id: "webhook-slow",
    subject: Subject::Admission,
    reads: &[Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration, Kind::Event],
    explains: &[],
    yields_to: &[Cause::Rule("webhook-unreachable")],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let late = view.all(Kind::Event).iter().rev().find(|event| {
        let message = event.text("/message");
        view.now - event_time(event) <= EVENT_AGE
            && message.contains("webhook")
            && message.contains("context deadline exceeded")
    });
    let Some(event) = late else { return Vec::new() };
    let pods: Vec<Hook<'_>> = hooks(view).filter(Hook::covers_pods).collect();
    let limit = |hook: &Hook<'_>| hook.hook.number("/timeoutSeconds").unwrap_or(10);
    let (mutating, validating): (Vec<Hook<'_>>, Vec<Hook<'_>>) =
        pods.into_iter().partition(|hook| hook.configuration.kind() == "MutatingWebhookConfiguration");
    let total: i64 =
        mutating.iter().map(limit).sum::<i64>() + validating.iter().map(limit).max().unwrap_or_default();
    let Some(first) = mutating.iter().max_by_key(|hook| (limit(hook), hook.name())) else {
        return Vec::new();
    };
    if total < BUDGET {
        return Vec::new();
    }
    let mut draft = first.draft(RULE.id, "", Severity::Warning);
    draft.confidence(Confidence::Medium);
    draft.event(event);
    for hook in mutating.iter().chain(&validating) {
        draft.field(hook.configuration, &hook.path(".timeoutSeconds"));
        draft.affects(hook.configuration);
    }
    draft.since(event, ".firstTimestamp");
    draft
        .summary(format!("admission of pods may wait {total} seconds for its webhooks, and ran out of time"));
    draft.suggest("lower timeoutSeconds, or let fewer webhooks intercept pods");
    vec![draft]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::observations::Kind;
    use crate::rules::scene::{Scene, healthy_pod, service};

    fn scene(seconds: i64) -> Scene {
        let hook = |name: &str| {
            json!({"name": name, "failurePolicy": "Fail", "timeoutSeconds": seconds,
                "clientConfig": {"service": {"namespace": "shop", "name": "hooks", "port": 80}},
                "rules": [{"resources": ["pods"], "operations": ["CREATE"]}]})
        };
        Scene::new()
            .with(
                Kind::MutatingWebhookConfiguration,
                "m",
                json!({"webhooks": [hook("a.example"), hook("b.example")]}),
            )
            .with(Kind::Service, "hooks", service("hooks", &json!(8080)))
            .with(Kind::Pod, "hooks-1", healthy_pod("hooks"))
    }

    #[test]
    fn time_outs_that_add_up_matter_when_a_request_ran_out_of_time() {
        scene(20).is_silent();
        let message = "Error creating: Timeout: request did not complete within requested timeout - webhook: context deadline exceeded";
        scene(20).event(Kind::ReplicaSet, "web-1", "FailedCreate", message).finds("webhook-slow/");
        scene(5).event(Kind::ReplicaSet, "web-1", "FailedCreate", message).is_silent();
    }
}
