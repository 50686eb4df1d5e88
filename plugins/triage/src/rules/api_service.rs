//! Aggregated APIs that do not answer: metrics, custom metrics, and the deletion of namespaces hang on them.

use holmes_protocol::Severity;

use crate::draft::Draft;
use crate::object::{Object, Seconds, object_key};
use crate::observations::Kind;
use crate::view::View;

const GRACE: Seconds = 60;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let services = view.all(Kind::ApiService).iter();
    services
        .filter_map(|service| {
            let condition =
                service.condition("Available").filter(|condition| condition.text("/status") == "False")?;
            if view.age(condition.time("/lastTransitionTime"))? < GRACE {
                return None;
            }
            let reason = condition.text("/reason");
            let mut draft = Draft::new("apiservice-unavailable", "", Severity::Error, service);
            draft.field(service, ".status.conditions[type=Available].reason");
            draft.field(service, ".status.conditions[type=Available].message");
            draft.field(service, ".spec.service");
            draft.since(service, ".status.conditions[type=Available].lastTransitionTime");
            let (namespace, name) =
                (service.text("/spec/service/namespace"), service.text("/spec/service/name"));
            draft.depends_on.insert(object_key("Service", namespace, name));
            draft.summary(format!(
                "API {} is not available ({reason}): {}",
                service.name(),
                condition.text("/message")
            ));
            draft.check(
                &["kubectl", "get", "apiservice", service.name(), "-o", "yaml"],
                "its condition and Service",
            );
            Some(draft)
        })
        .collect()
}
