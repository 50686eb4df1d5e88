//! Admission webhooks whose receiver is gone, while they may refuse pods.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{Lookup, View};

const GRACE: Seconds = 60;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    [Kind::ValidatingWebhookConfiguration, Kind::MutatingWebhookConfiguration]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|configuration| view.age(configuration.created()) >= Some(GRACE))
        .flat_map(|configuration| {
            let hooks = configuration.items("/webhooks").iter();
            hooks.filter_map(|hook| judge(view, configuration, hook)).collect::<Vec<_>>()
        })
        .collect()
}

fn judge<'a>(view: &View<'a>, configuration: &'a Value, hook: &Value) -> Option<Draft> {
    let (namespace, name) =
        (hook.text("/clientConfig/service/namespace"), hook.text("/clientConfig/service/name"));
    // A URL leads out of the cluster: nothing here tells whether it answers.
    if name.is_empty() || hook.text("/failurePolicy") == "Ignore" {
        return None;
    }
    let (class, service) = match view.find(Kind::Service, namespace, name) {
        Lookup::Absent => ("no-service", None),
        Lookup::Unknown => return None,
        Lookup::Found(service) => {
            let pods = view.selected_by(service);
            let ready = pods.iter().any(|pod| pod.condition_is("Ready", "True"));
            let unselected = service.pairs("/spec/selector").is_empty();
            if ready || unselected || !view.is_complete(Kind::Pod, namespace) {
                return None;
            }
            ("no-endpoints", Some(service))
        }
    };
    let covers_pods = hook.items("/rules").iter().any(|rule| {
        rule.items("/resources")
            .iter()
            .any(|resource| matches!(resource.as_str(), Some("pods" | "*" | "*/*")))
    });
    let everywhere = hook
        .pointer("/namespaceSelector")
        .is_none_or(|selector| selector.as_object().is_none_or(serde_json::Map::is_empty));
    let severity = if covers_pods && everywhere { Severity::Critical } else { Severity::Error };
    let hook_name = hook.text("/name");
    let mut draft = Draft::new("webhook-unreachable", class, severity, configuration);
    draft.confidence(Confidence::High);
    draft.parameters.push(hook_name.to_owned());
    draft.collapse = format!("webhook {hook_name}");
    let path = format!(".webhooks[name={hook_name}]");
    draft.field(configuration, &format!("{path}.failurePolicy"));
    draft.field(configuration, &format!("{path}.clientConfig.service"));
    draft.field(configuration, &format!("{path}.rules"));
    match service {
        None => draft.absent("Service", namespace, name),
        Some(service) => {
            draft.affects(service);
            draft.field(service, ".spec.selector");
            draft.computed(service, ".spec.selector", "no ready pod");
        }
    }
    let why = if class == "no-service" { "does not exist" } else { "has no ready endpoint" };
    draft.summary(format!(
        "webhook {hook_name} (failurePolicy Fail) calls Service {namespace}/{name}, which {why}"
    ));
    draft.check(
        &["kubectl", "get", &configuration.kind().to_ascii_lowercase(), configuration.name(), "-o", "yaml"],
        "what it intercepts",
    );
    Some(draft)
}
