//! What the webhook rules share: every hook of the cluster, what it intercepts, and who complained about it.

use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds, label_selector_matches};
use crate::observations::Kind;
use crate::view::{View, event_time, labels};

/// A receiver that is being rolled out is away for a moment.
const GRACE: Seconds = 60;

/// One webhook of a configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hook<'a> {
    pub(super) configuration: &'a Value,
    pub(super) hook: &'a Value,
}

impl<'a> Hook<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.hook.text("/name")
    }

    /// The evidence path of a field of it.
    pub(super) fn path(&self, field: &str) -> String {
        format!(".webhooks[name={}]{field}", self.name())
    }

    /// Is a request refused when it does not answer? That is the default.
    pub(super) fn fails(&self) -> bool {
        self.hook.text("/failurePolicy") != "Ignore"
    }

    /// Namespace and name of the Service that receives it; a URL leads out of the cluster, where nobody looks.
    pub(super) fn service(&self) -> Option<(&'a str, &'a str)> {
        let name = self.hook.text("/clientConfig/service/name");
        (!name.is_empty()).then(|| (self.hook.text("/clientConfig/service/namespace"), name))
    }

    /// Does it intercept the creation of pods?
    pub(super) fn covers_pods(&self) -> bool {
        self.hook.items("/rules").iter().any(|rule| {
            let lists = |pointer: &str, wanted: &[&str]| {
                let listed = rule.items(pointer);
                listed.is_empty()
                    || listed.iter().filter_map(Value::as_str).any(|item| wanted.contains(&item))
            };
            lists("/resources", &["pods", "*", "*/*"]) && lists("/operations", &["CREATE", "*"])
        })
    }

    /// Does it intercept them in every namespace?
    pub(super) fn is_everywhere(&self) -> bool {
        let empty = |pointer| {
            let selector = self.hook.pointer(pointer);
            selector.is_none_or(|selector| selector.as_object().is_none_or(serde_json::Map::is_empty))
        };
        empty("/namespaceSelector") && empty("/objectSelector")
    }

    /// Does it intercept pods of a namespace? Unknown counts as no.
    pub(super) fn covers(&self, view: &View<'_>, namespace: &str) -> bool {
        let selector = self.hook.pointer("/namespaceSelector").unwrap_or(&Value::Null);
        let object = view.find(Kind::Namespace, "", namespace).found();
        self.covers_pods() && object.is_some_and(|object| label_selector_matches(selector, labels(object)))
    }

    /// The newest current complaint about it in an event: `failed calling webhook "name"`.
    pub(super) fn complaint(&self, view: &View<'a>) -> Option<&'a Value> {
        let named = format!("failed calling webhook \"{}\"", self.name());
        let events = view.all(Kind::Event).iter().filter(|event| {
            view.now - event_time(event) <= crate::view::EVENT_AGE && event.text("/message").contains(&named)
        });
        events.max_by_key(|event| (event_time(event), event.namespace(), event.name()))
    }

    /// A draft that stands for this hook.
    pub(super) fn draft(&self, rule: &str, class: &str, severity: holmes_protocol::Severity) -> Draft {
        let mut draft = Draft::new(rule, class, severity, self.configuration);
        draft.parameters.push(self.name().to_owned());
        draft.collapse = format!("webhook {}", self.name());
        let kind = self.configuration.kind().to_ascii_lowercase();
        draft
            .check(&["kubectl", "get", &kind, self.configuration.name(), "-o", "yaml"], "what it intercepts");
        draft
    }
}

/// Every webhook that is older than the grace.
pub(super) fn hooks<'a>(view: &View<'a>) -> impl Iterator<Item = Hook<'a>> {
    let lists =
        [view.all(Kind::ValidatingWebhookConfiguration), view.all(Kind::MutatingWebhookConfiguration)];
    let now = view.now;
    lists
        .into_iter()
        .flatten()
        .filter(move |configuration| configuration.created().is_some_and(|made| now - made >= GRACE))
        .flat_map(|configuration| {
            configuration.items("/webhooks").iter().map(move |hook| Hook { configuration, hook })
        })
}

/// Webhooks for the tests of the rules.
#[cfg(test)]
pub(super) mod scenes {
    use serde_json::{Value, json};

    use crate::observations::Kind;
    use crate::rules::scene::Scene;

    /// A webhook for pods everywhere, received by Service `hooks`.
    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in place in the calls")]
    pub(crate) fn with(change: Value) -> Scene {
        let mut hook = json!({"name": "v.example", "failurePolicy": "Fail", "timeoutSeconds": 10,
            "clientConfig": {"service": {"namespace": "shop", "name": "hooks", "port": 443}},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}]});
        for (key, value) in change.as_object().cloned().unwrap_or_default() {
            hook[key] = value;
        }
        Scene::new().with(Kind::ValidatingWebhookConfiguration, "v", json!({"webhooks": [hook]}))
    }

    pub(crate) fn receiver() -> Value {
        json!({"spec": {"selector": {"app": "hooks"}, "ports": [{"port": 443, "targetPort": 8080}]}})
    }
}
