//! Ingresses that lead nowhere: a backend, a port, a TLS Secret or a class that is not there.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::view::{Lookup, View};

const GRACE: Seconds = 60;
/// An issuer may need minutes for a certificate, a controller for an address.
const SLOW_GRACE: Seconds = 300;

/// A Service that an Ingress names.
#[derive(Debug, Clone)]
pub(crate) struct Backend<'a> {
    /// Path of the backend in the Ingress.
    pub(crate) path: String,
    pub(crate) service: &'a str,
    port: Option<&'a Value>,
}

/// Every Service backend of an Ingress.
pub(crate) fn backends(ingress: &Value) -> Vec<Backend<'_>> {
    let mut found = Vec::new();
    if let Some(service) = ingress.pointer("/spec/defaultBackend/service") {
        found.push(backend(service, ".spec.defaultBackend.service".to_owned()));
    }
    for (rule_index, rule) in ingress.items("/spec/rules").iter().enumerate() {
        for (index, path) in rule.items("/http/paths").iter().enumerate() {
            if let Some(service) = path.pointer("/backend/service") {
                found.push(backend(
                    service,
                    format!(".spec.rules[{rule_index}].http.paths[{index}].backend.service"),
                ));
            }
        }
    }
    found
}

fn backend(service: &Value, path: String) -> Backend<'_> {
    Backend { path, service: service.text("/name"), port: service.get("port") }
}

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let ingresses = view.all(Kind::Ingress).iter();
    ingresses
        .filter(|ingress| !ingress.is_deleting() && view.age(ingress.created()) >= Some(GRACE))
        .flat_map(|ingress| {
            let mut drafts: Vec<Draft> =
                backends(ingress).iter().filter_map(|one| judge(view, ingress, one)).collect();
            drafts.extend(tls_missing(view, ingress));
            drafts.extend(class_missing(view, ingress));
            drafts
        })
        .collect()
}

fn judge<'a>(view: &View<'a>, ingress: &'a Value, backend: &Backend<'a>) -> Option<Draft> {
    let namespace = ingress.namespace();
    match view.find(Kind::Service, namespace, backend.service) {
        Lookup::Absent => Some(no_service(view, ingress, backend)),
        Lookup::Found(service) => no_port(ingress, backend, service),
        Lookup::Unknown => None,
    }
}

fn host(ingress: &Value) -> &str {
    ingress.text("/spec/rules/0/host")
}

fn no_service<'a>(view: &View<'a>, ingress: &'a Value, backend: &Backend<'a>) -> Draft {
    let namespace = ingress.namespace();
    let mut draft = Draft::new("ingress-backend", "service", Severity::Critical, ingress);
    draft.parameters.push(backend.service.to_owned());
    draft.collapse = format!("{} {}", ingress.key(), backend.service);
    draft.field(ingress, &format!("{}.name", backend.path));
    draft.absent("Service", namespace, backend.service);
    draft.since(ingress, ".metadata.creationTimestamp");
    draft.summary(format!(
        "Ingress {} ({}) routes to Service {}, which does not exist (not found)",
        ingress.name(),
        host(ingress),
        backend.service
    ));
    let services = view.all(Kind::Service).iter().filter(|service| service.namespace() == namespace);
    if let Some(near) = nearest::name(backend.service, services.map(Value::name)) {
        draft.suggest(format!("Service `{near}` exists in namespace {namespace}"));
    }
    draft.check(&["kubectl", "-n", namespace, "get", "services"], "which Services there are");
    draft
}

fn no_port<'a>(ingress: &'a Value, backend: &Backend<'a>, service: &'a Value) -> Option<Draft> {
    if service.text("/spec/type") == "ExternalName" {
        return None;
    }
    let wanted = backend.port?;
    let ports = service.items("/spec/ports");
    let known = match (wanted.number("/number"), wanted.text("/name")) {
        (Some(number), _) => ports.iter().any(|port| port.number("/port") == Some(number)),
        (None, "") => true,
        (None, name) => ports.iter().any(|port| port.text("/name") == name),
    };
    if known {
        return None;
    }
    let mut draft = Draft::new("ingress-backend", "port", Severity::Critical, ingress);
    draft.parameters.push(format!("{}:{wanted}", backend.service));
    draft.collapse = format!("{} {}:{wanted}", ingress.key(), backend.service);
    draft.field(ingress, &format!("{}.port", backend.path));
    draft.field(service, ".spec.ports");
    draft.affects(service);
    draft.since(ingress, ".metadata.creationTimestamp");
    let has: Vec<String> = ports
        .iter()
        .map(|port| format!("{} {}", port.text("/name"), port.number("/port").unwrap_or_default()))
        .collect();
    draft.suggest(format!("Service {} has {}", service.name(), has.join(", ")));
    draft.summary(format!(
        "Ingress {} routes to port {wanted} of Service {}, which has no such port",
        ingress.name(),
        service.name()
    ));
    Some(draft)
}

fn tls_missing<'a>(view: &View<'a>, ingress: &'a Value) -> Option<Draft> {
    if view.age(ingress.created())? < SLOW_GRACE {
        return None;
    }
    let namespace = ingress.namespace();
    let entries = ingress.items("/spec/tls").iter().enumerate();
    let (index, name) = entries
        .map(|(index, entry)| (index, entry.text("/secretName")))
        .find(|(_, name)| !name.is_empty() && view.find(Kind::Secret, namespace, name).is_absent())?;
    let mut draft = Draft::new("ingress-tls-missing", "", Severity::Error, ingress);
    draft.parameters.push(name.to_owned());
    draft.field(ingress, &format!(".spec.tls[{index}].secretName"));
    draft.absent("Secret", namespace, name);
    draft.since(ingress, ".metadata.creationTimestamp");
    draft.summary(format!(
        "TLS Secret {name} of Ingress {} does not exist (not found): {} gets no certificate of its own",
        ingress.name(),
        host(ingress)
    ));
    let here = view.all(Kind::Secret).iter().filter(|secret| secret.namespace() == namespace);
    if let Some(near) = nearest::name(name, here.map(Value::name)) {
        draft.suggest(format!("Secret `{near}` exists in namespace {namespace}"));
    }
    Some(draft)
}

fn class_missing<'a>(view: &View<'a>, ingress: &'a Value) -> Option<Draft> {
    let class = ingress.text("/spec/ingressClassName");
    let served = !ingress.items("/status/loadBalancer/ingress").is_empty();
    if class.is_empty()
        || served
        || !view.find(Kind::IngressClass, "", class).is_absent()
        || view.age(ingress.created())? < SLOW_GRACE
    {
        return None;
    }
    let mut draft = Draft::new("ingress-class-missing", "", Severity::Error, ingress);
    draft.parameters.push(class.to_owned());
    draft.field(ingress, ".spec.ingressClassName");
    draft.absent("IngressClass", "", class);
    draft.since(ingress, ".metadata.creationTimestamp");
    let classes: Vec<&str> = view.all(Kind::IngressClass).iter().map(Value::name).collect();
    draft.suggest(format!("there are {}", classes.join(", ")));
    draft.summary(format!(
        "IngressClass {class} of Ingress {} does not exist: no controller serves it",
        ingress.name()
    ));
    Some(draft)
}
