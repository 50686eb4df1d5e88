//! Services with what stands behind them, ingresses with the services they name.

use holmes_plugin::{
    Host,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use super::Report;
use crate::{
    age::Now,
    field, read,
    render::rows::{Layout, network},
    scope::Scope,
};

fn scope(resource: Resource, object: &Value, label_selector: Option<String>) -> Scope {
    let namespace = Some(field::namespace(object).to_owned());
    Scope {
        resource,
        options: ListOptions { namespace, label_selector, field_selector: None },
        notes: Vec::new(),
    }
}

pub(super) fn service(report: &mut Report, host: &Host, object: &Value) {
    let spec = [
        "type",
        "clusterIP",
        "externalName",
        "sessionAffinity",
        "externalTrafficPolicy",
        "internalTrafficPolicy",
    ];
    for name in spec {
        report.field(0, name, field::text(object, &format!("/spec/{name}")));
    }
    let selector = field::pairs(object, "/spec/selector");
    report.field(0, "Selector", if selector.is_empty() { "(none)" } else { &selector });
    for port in field::list(object, "/spec/ports") {
        report.field(0, "Port", &port.to_string());
    }
    if let Some(status) = object.pointer("/status/loadBalancer/ingress") {
        report.field(0, "Load balancer", &status.to_string());
    }
    endpoints(report, host, object);
    if !selector.is_empty() {
        selected(report, host, object, selector);
    }
}

fn endpoints(report: &mut Report, host: &Host, object: &Value) {
    let resource = Resource::known("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);
    let wanted = field::name(object);
    let scope = scope(resource, object, Some(format!("kubernetes.io/service-name={wanted}")));
    let layout = Layout::of(&scope.resource);
    let mut slices = Vec::new();
    let outcome = read::each(host, &scope, |slice| {
        if field::text(&slice, "/metadata/labels/kubernetes.io~1service-name") == wanted {
            slices.push((layout.row)(&slice, Now::of(host)).cells);
        }
    });
    match outcome {
        Err(error) => report.line(0, format!("Endpoints: unknown ({error})")),
        Ok(_) if slices.is_empty() => report.line(0, "Endpoints: none (no EndpointSlice for this service)"),
        Ok(_) => {
            for cells in slices {
                let cell =
                    |index: usize| cells.get(index).map(String::as_str).filter(|text| !text.is_empty());
                report.line(
                    0,
                    format!(
                        "Endpoints: ready {}; not ready {}; ports {}",
                        cell(1).unwrap_or("none"),
                        cell(2).unwrap_or("none"),
                        cell(3).unwrap_or("none")
                    ),
                );
            }
        }
    }
}

/// A selector that finds no pod is the commonest fault of a service.
fn selected(report: &mut Report, host: &Host, object: &Value, selector: String) {
    let scope = scope(Resource::known("", "v1", "pods", "Pod", true), object, Some(selector));
    let mut ready = 0;
    match read::each(host, &scope, |pod| ready += usize::from(field::condition_holds(&pod, "Ready"))) {
        Ok(total) => report.line(0, format!("Pods matching the selector: {total}, ready: {ready}")),
        Err(error) => report.line(0, format!("Pods matching the selector: unknown ({error})")),
    }
}

pub(super) fn ingress(report: &mut Report, host: &Host, object: &Value) {
    report.field(0, "Class", field::text(object, "/spec/ingressClassName"));
    if let Some(status) = object.pointer("/status/loadBalancer/ingress") {
        report.field(0, "Address", &status.to_string());
    }
    for tls in field::list(object, "/spec/tls") {
        let hosts: Vec<String> = field::list(tls, "/hosts").iter().map(field::plain).collect();
        report.line(0, format!("TLS: Secret {} for {}", field::text(tls, "/secretName"), hosts.join(", ")));
    }
    if let Some(backend) = object.pointer("/spec/defaultBackend") {
        report.line(0, format!("Default backend: {}", told(host, object, backend)));
    }
    report.line(0, "Rules:");
    for rule in field::list(object, "/spec/rules") {
        for path in field::list(rule, "/http/paths") {
            let backend = path.pointer("/backend").map(|it| told(host, object, it)).unwrap_or_default();
            let (name, kind) = (field::text_or(rule, "/host", "*"), field::text(path, "/pathType"));
            report.line(1, format!("{name}{} ({kind}) -> {backend}", field::text_or(path, "/path", "/")));
        }
    }
}

/// The backend, and whether its service and port exist.
fn told(host: &Host, ingress: &Value, backend: &Value) -> String {
    let text = network::backend(backend);
    let name = field::text(backend, "/service/name");
    if name.is_empty() || crate::names::object(name).is_err() {
        return text;
    }
    let scope = scope(Resource::known("", "v1", "services", "Service", true), ingress, None);
    let service = match read::one(host, &scope, name) {
        Err(error) => return format!("{text} (service unknown: {error})"),
        Ok(None) => return format!("{text} (service does not exist)"),
        Ok(Some(service)) => service,
    };
    let serves = field::list(&service, "/spec/ports").iter().any(|port| {
        port.get("port") == backend.pointer("/service/port/number")
            || (port.get("name").is_some() && port.get("name") == backend.pointer("/service/port/name"))
    });
    if serves { text } else { format!("{text} (the service has no such port)") }
}
