//! What leads to a Service from outside: the backends of an Ingress, the routes of a gateway, a load balancer.

use holmes_protocol::Severity;
use serde_json::Value;

use crate::object::Object;
use crate::observations::Kind;
use crate::view::View;

/// A Service that an Ingress names.
#[derive(Debug, Clone)]
pub(crate) struct Backend<'a> {
    /// Path of the backend in the Ingress.
    pub(crate) path: String,
    pub(crate) service: &'a str,
    pub(super) port: Option<&'a Value>,
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

/// The Ingress or route that leads to a Service, and the path in it that says so.
pub(super) fn leads_to<'a>(view: &View<'a>, service: &Value) -> Option<(&'a Value, String)> {
    let ingresses = view.all(Kind::Ingress).iter().filter(|one| one.namespace() == service.namespace());
    let by_ingress = ingresses.into_iter().find_map(|ingress| {
        let path = backends(ingress).into_iter().find(|backend| backend.service == service.name())?.path;
        Some((ingress, format!("{path}.name")))
    });
    by_ingress.or_else(|| {
        let routes = [Kind::HttpRoute, Kind::GrpcRoute].into_iter().flat_map(|kind| view.all(kind));
        routes.into_iter().find_map(|route| Some((route, routed(route, service)?)))
    })
}

/// The path of the Service among the backends of a gateway's route.
fn routed(route: &Value, service: &Value) -> Option<String> {
    route.items("/spec/rules").iter().enumerate().find_map(|(rule_index, rule)| {
        let index = rule.items("/backendRefs").iter().position(|backend| {
            let namespace = backend.text("/namespace");
            let namespace = if namespace.is_empty() { route.namespace() } else { namespace };
            let is_service = matches!(backend.text("/kind"), "" | "Service");
            is_service && namespace == service.namespace() && backend.text("/name") == service.name()
        })?;
        Some(format!(".spec.rules[{rule_index}].backendRefs[{index}].name"))
    })
}

/// How bad it is that nobody answers for a Service: worse when people outside wait for it.
pub(super) fn severity(view: &View<'_>, service: &Value) -> Severity {
    let exposed = service.text("/spec/type") == "LoadBalancer" || leads_to(view, service).is_some();
    if exposed { Severity::Critical } else { Severity::Error }
}
