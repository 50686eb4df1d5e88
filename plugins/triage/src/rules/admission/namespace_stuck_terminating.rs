//! `namespace-stuck-terminating` (`discovery`, `finalizers`, `content`): a namespace that does not go away, in the
//! words of its own conditions. An API that does not answer is behind `discovery`.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, object_key};
use crate::observations::Kind;
use crate::rules::{Cause, Effect, Rule, Subject};
use crate::view::View;

use super::finalizer_stuck::{WARNING, cite_controller};

/// Thousands of objects are deleted one by one.
const GRACE: Seconds = 300;

pub(super) const RULE: Rule = Rule {
    id: "namespace-stuck-terminating",
    subject: Subject::Admission,
    reads: &[Kind::Namespace],
    explains: &[
        Effect::Rule("finalizer-stuck"),
        Effect::Rule("stuck-terminating"),
        Effect::Rule("failed-create"),
    ],
    yields_to: &[Cause::Dependency],
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    view.all(Kind::Namespace).iter().filter_map(|namespace| judge(view, namespace)).collect()
}

fn judge<'a>(view: &View<'a>, namespace: &'a Value) -> Option<Draft> {
    if view.age(namespace.time("/metadata/deletionTimestamp"))? < GRACE {
        return None;
    }
    let holds = |kind| namespace.condition_is(kind, "True");
    let class = if holds("NamespaceDeletionDiscoveryFailure") {
        "discovery"
    } else if holds("NamespaceFinalizersRemaining") {
        "finalizers"
    } else {
        "content"
    };
    let mut draft = Draft::new(RULE.id, class, Severity::Warning, namespace);
    draft.field(namespace, ".metadata.deletionTimestamp");
    let mut why = String::new();
    let told = namespace.items("/status/conditions").iter();
    for condition in told.filter(|condition| condition.text("/status") == "True") {
        let kind = condition.text("/type");
        draft.field(namespace, &format!(".status.conditions[type={kind}].message"));
        if why.is_empty() || kind == "NamespaceFinalizersRemaining" {
            condition.text("/message").clone_into(&mut why);
        }
    }
    draft.field(namespace, ".spec.finalizers");
    if class == "discovery" {
        for service in
            view.all(Kind::ApiService).iter().filter(|service| service.condition_is("Available", "False"))
        {
            draft.depends_on.insert(object_key("APIService", "", service.name()));
        }
    }
    if let Some((_, rest)) = why.split_once("Some content in the namespace has finalizers remaining: ") {
        cite_controller(view, rest, &mut draft);
    }
    draft.since(namespace, ".metadata.deletionTimestamp");
    let since = namespace.text("/metadata/deletionTimestamp");
    draft.summary(format!("namespace {} is Terminating since {since}: {why}", namespace.name()));
    draft.suggest(WARNING);
    draft.check(&["kubectl", "get", "namespace", namespace.name(), "-o", "yaml"], "what remains in it");
    Some(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::{EARLIER, LATELY, Scene};

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    fn leaving(since: &str, conditions: Value) -> Scene {
        let body = json!({"metadata": {"deletionTimestamp": since}, "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Terminating", "conditions": conditions}});
        Scene::new().with(Kind::Namespace, "old", body)
    }

    fn condition(kind: &str, message: &str) -> Value {
        json!([{"type": kind, "status": "True", "message": message, "lastTransitionTime": EARLIER}])
    }

    #[test]
    fn its_conditions_tell_why_it_stays() {
        let finalizers = condition(
            "NamespaceFinalizersRemaining",
            "Some content in the namespace has finalizers remaining: databases.example.io/cleanup in 1 resource instances",
        );
        leaving(EARLIER, finalizers).finds("namespace-stuck-terminating/finalizers");
        leaving(EARLIER, json!([])).finds("namespace-stuck-terminating/content");
        leaving(LATELY, json!([])).at("2026-11-16T11:59:00Z").is_silent();
    }

    #[test]
    fn an_api_that_does_not_answer_is_the_root() {
        let service = json!({"spec": {"service": {"namespace": "gone", "name": "api"}}, "status": {"conditions": [
            {"type": "Available", "status": "False", "reason": "ServiceNotFound", "message": "service/api in \"gone\" is not present", "lastTransitionTime": EARLIER}]}});
        let failure = condition(
            "NamespaceDeletionDiscoveryFailure",
            "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: example.io/v1",
        );
        let scene = leaving("2026-11-16T11:40:00Z", failure).with(Kind::ApiService, "v1.example.io", service);
        let findings = scene.findings();
        assert_eq!(findings[0].rule, "apiservice-unavailable", "{:?}", scene.told());
        assert_eq!(findings[0].symptoms[0].rule, "namespace-stuck-terminating");
    }
}
