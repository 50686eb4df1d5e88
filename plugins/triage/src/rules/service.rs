//! Services that lead nowhere: a selector that matches nothing, no ready pod, a port that no pod has.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::decode::nearest::distance;
use crate::draft::Draft;
use crate::object::{Object, Seconds, label, selects};
use crate::observations::Kind;
use crate::rules::ingress::backends;
use crate::view::{View, labels};

const GRACE: Seconds = 60;
const LOAD_BALANCER_GRACE: Seconds = 300;

pub(super) fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let services = view.all(Kind::Service).iter();
    services
        .filter(|service| !service.is_deleting() && view.age(service.created()) >= Some(GRACE))
        .flat_map(|service| [endpoints(view, service), pending_address(view, service)])
        .flatten()
        .collect()
}

fn endpoints<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let selector = service.pairs("/spec/selector");
    let readable = view.is_complete(Kind::Pod, service.namespace());
    if selector.is_empty() || service.text("/spec/type") == "ExternalName" || !readable {
        return None;
    }
    let pods = view.selected_by(service);
    let pods: Vec<&Value> =
        pods.into_iter().filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded")).collect();
    if pods.is_empty() {
        return no_match(view, service, &selector);
    }
    if pods.iter().any(|pod| pod.condition_is("Ready", "True") && !pod.is_deleting()) {
        return port_mismatch(view, service, &pods);
    }
    no_ready(view, service, &pods)
}

fn no_ready<'a>(view: &View<'a>, service: &'a Value, pods: &[&'a Value]) -> Option<Draft> {
    let unready = |pod: &&Value| {
        pod.condition("Ready")
            .and_then(|condition| condition.time("/lastTransitionTime"))
            .or_else(|| pod.created())
    };
    let since = pods.iter().filter_map(unready).max();
    if service.flag("/spec/publishNotReadyAddresses") || view.age(since)? < GRACE {
        return None;
    }
    let exposed = service.text("/spec/type") == "LoadBalancer" || has_ingress(view, service);
    let severity = if exposed { Severity::Critical } else { Severity::Error };
    let mut draft = Draft::new("svc-no-ready-endpoints", "", severity, service);
    draft.field(service, ".spec.selector");
    for pod in pods.iter().take(3) {
        draft.field(pod, ".status.conditions[type=Ready].status");
    }
    draft.since_at(since, "the newest change of .status.conditions[type=Ready]".to_owned());
    draft.summary(format!(
        "Service {} has no ready endpoints: none of its {} pods is ready",
        service.name(),
        pods.len()
    ));
    Some(draft)
}

fn has_ingress(view: &View<'_>, service: &Value) -> bool {
    view.all(Kind::Ingress).iter().any(|ingress| {
        ingress.namespace() == service.namespace()
            && backends(ingress).iter().any(|backend| backend.service == service.name())
    })
}

/// The templates of workloads in a namespace, with the workload.
fn templates<'a>(view: &View<'a>, namespace: &str) -> Vec<(&'a Value, &'a Value)> {
    [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .filter(|workload| workload.namespace() == namespace)
        .filter_map(|workload| Some((workload, workload.pointer("/spec/template/metadata/labels")?)))
        .collect()
}

fn no_match<'a>(view: &View<'a>, service: &'a Value, selector: &[(&str, &str)]) -> Option<Draft> {
    let namespace = service.namespace();
    let complete = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet]
        .iter()
        .all(|kind| view.is_complete(*kind, namespace));
    let templates = templates(view, namespace);
    let jobs = view.all(Kind::CronJob).iter().filter(|cron| cron.namespace() == namespace);
    let of_job = jobs.into_iter().any(|cron| {
        cron.pointer("/spec/jobTemplate/spec/template/metadata/labels")
            .is_some_and(|labels| selects(selector, labels))
    });
    let bare = |labels: &Value| {
        // A pin to a revision or an ordinal is not in the template, but belongs to it all the same.
        let rest: Vec<(&str, &str)> = selector
            .iter()
            .copied()
            .filter(|(key, _)| {
                !key.contains("pod-name") && !key.contains("hash") && !key.contains("pod-index")
            })
            .collect();
        selects(&rest, labels)
    };
    if !complete || of_job || templates.iter().any(|(_, labels)| bare(labels)) {
        return None;
    }
    let near = nearest_workload(service, selector, &templates);
    let exposed = has_ingress(view, service) || service.text("/spec/type") == "LoadBalancer";
    if near.is_none() && !exposed {
        return None;
    }
    let severity = if exposed { Severity::Critical } else { Severity::Error };
    let mut draft = Draft::new("svc-selector-no-match", "", severity, service);
    draft.field(service, ".spec.selector");
    draft.since(service, ".metadata.creationTimestamp");
    let wanted: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let wanted = wanted.join(",");
    draft.summary(format!(
        "selector {wanted} of Service {} matches no pod, so it has no endpoints",
        service.name()
    ));
    if let Some((workload, labels)) = near {
        for (key, value) in selector {
            let found = label(labels, key);
            if found != Some(value) {
                draft.field(workload, &format!(".spec.template.metadata.labels['{key}']"));
                let found =
                    found.map_or_else(|| "no such label".to_owned(), |found| format!("{key}={found}"));
                draft.suggest(format!(
                    "{} {} has {found}, the selector wants {key}={value}",
                    workload.kind(),
                    workload.name()
                ));
            }
        }
    }
    draft.check(&["kubectl", "-n", namespace, "get", "pods", "-l", &wanted], "which pods the selector finds");
    draft.check(&["kubectl", "-n", namespace, "get", "pods", "--show-labels"], "which labels the pods have");
    Some(draft)
}

/// The workload that the selector nearly matches.
fn nearest_workload<'a>(
    service: &Value,
    selector: &[(&str, &str)],
    templates: &[(&'a Value, &'a Value)],
) -> Option<(&'a Value, &'a Value)> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let score = |labels: &Value, name: &str| {
        let pairs: i64 = selector
            .iter()
            .map(|(key, value)| match label(labels, key) {
                Some(found) if found == *value => 4,
                Some(found) if distance(found, value) <= 2 || plain(found) == plain(value) => 2,
                _ => i64::from(
                    labels
                        .as_object()
                        .is_some_and(|map| map.values().any(|found| found.as_str() == Some(value))),
                ),
            })
            .sum();
        if pairs == 0 && name != service.name() {
            0
        } else {
            pairs * 2 + i64::from(name == service.name()) * 2
        }
    };
    let mut scored: Vec<(i64, &'a Value, &'a Value)> = templates
        .iter()
        .map(|(workload, labels)| (score(labels, workload.name()), *workload, *labels))
        .collect();
    scored.sort_by_key(|(score, workload, _)| (std::cmp::Reverse(*score), workload.key()));
    match scored.as_slice() {
        [(best, workload, labels)] if *best > 0 => Some((workload, labels)),
        [(best, workload, labels), (second, _, _), ..] if *best > 0 && best > second => {
            Some((workload, labels))
        }
        _ => None,
    }
}

/// A target port that no container has, by name, or by number where a probe shows another.
fn port_mismatch<'a>(view: &View<'a>, service: &'a Value, pods: &[&'a Value]) -> Option<Draft> {
    let ready: Vec<&Value> = pods.iter().copied().filter(|pod| pod.condition_is("Ready", "True")).collect();
    let pod = *ready.first()?;
    for port in service.items("/spec/ports") {
        let number = port.number("/port")?;
        let target = port.pointer("/targetPort").cloned().unwrap_or_else(|| number.into());
        let ports: Vec<&Value> =
            pod.items("/spec/containers").iter().flat_map(|container| container.items("/ports")).collect();
        let (class, confidence, missing) = if let Some(name) = target.as_str() {
            ("named", Confidence::High, !ports.iter().any(|port| port.text("/name") == name))
        } else {
            let wanted = target.as_i64().unwrap_or(number);
            let declared = ports.iter().any(|port| port.number("/containerPort") == Some(wanted));
            let probed = probe_ports(pod);
            let shown = !probed.is_empty() && !probed.contains(&wanted);
            ("number", Confidence::Medium, !declared && !ports.is_empty() && shown)
        };
        if !missing {
            continue;
        }
        let severity = if has_ingress(view, service) { Severity::Critical } else { Severity::Error };
        let mut draft = Draft::new("svc-port-mismatch", class, severity, service);
        draft.confidence(confidence);
        draft.parameters.push(number.to_string());
        let path = format!(".spec.ports[port={number}]");
        draft.field(service, &format!("{path}.targetPort"));
        for container in pod.items("/spec/containers") {
            draft.field(pod, &format!(".spec.containers[name={}].ports", container.text("/name")));
            draft.field(pod, &format!(".spec.containers[name={}].readinessProbe", container.text("/name")));
        }
        let has: Vec<String> = ports
            .iter()
            .map(|port| {
                format!("{} {}", port.text("/name"), port.number("/containerPort").unwrap_or_default())
            })
            .collect();
        draft.suggest(format!("the pods have {}", has.join(", ")));
        draft.since(service, ".metadata.creationTimestamp");
        let target = target.to_string().replace('"', "");
        draft.summary(format!(
            "port {number} of Service {} leads to targetPort {target}, which its pods do not have",
            service.name()
        ));
        return Some(draft);
    }
    None
}

fn probe_ports(pod: &Value) -> Vec<i64> {
    let containers = pod.items("/spec/containers").iter();
    containers
        .flat_map(|container| {
            let at = |pointer| container.number(pointer);
            [
                at("/readinessProbe/httpGet/port"),
                at("/readinessProbe/tcpSocket/port"),
                at("/livenessProbe/httpGet/port"),
                at("/livenessProbe/tcpSocket/port"),
            ]
        })
        .flatten()
        .collect()
}

fn pending_address<'a>(view: &View<'a>, service: &'a Value) -> Option<Draft> {
    let waiting = service.text("/spec/type") == "LoadBalancer"
        && service.items("/status/loadBalancer/ingress").is_empty();
    if !waiting || view.age(service.created())? < LOAD_BALANCER_GRACE {
        return None;
    }
    let mut draft = Draft::new("svc-lb-pending", "", Severity::Error, service);
    let failed = view.newest_event(service, &["SyncLoadBalancerFailed"], |_| true);
    if let Some(event) = failed {
        draft.event(event);
    } else {
        draft.confidence(Confidence::Medium);
    }
    draft.field(service, ".spec.type");
    draft.computed(service, ".status.loadBalancer.ingress", "empty");
    draft.since(service, ".metadata.creationTimestamp");
    let why = failed.map(|event| format!(": {}", event.text("/message"))).unwrap_or_default();
    draft.summary(format!("Service {} of type LoadBalancer has no address{why}", service.name()));
    Some(draft)
}

/// The workloads whose pods a Service would select, for the roll-up.
pub(crate) fn workloads_of<'a>(view: &View<'a>, service: &Value) -> Vec<&'a Value> {
    let selector = service.pairs("/spec/selector");
    let templates = templates(view, service.namespace()).into_iter();
    let mut found: Vec<&Value> =
        templates.filter(|(_, labels)| selects(&selector, labels)).map(|(workload, _)| workload).collect();
    found.extend(view.selected_by(service).into_iter().filter(|pod| labels(pod).is_object()));
    found
}
