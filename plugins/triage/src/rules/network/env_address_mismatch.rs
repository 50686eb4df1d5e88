//! A container was given an address that leads nowhere in the cluster: no Service of that name (`service-missing`,
//! `namespace` where only another one has it), a port that the Service does not have (`port-missing`), or a port of
//! its own pod that no container has (`localhost`). An error when the container fails and says so, a warning when it
//! runs and one name or port nearby is meant, else a note. Not collectors of telemetry, aliases of the pod, nor
//! Services of external names.

use std::collections::HashSet;

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use crate::address::{Address, configured, local, service, services_in_line};
use crate::blame::{LastWords, last_words};
use crate::containers::{Container, containers};
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds};
use crate::observations::Kind;
use crate::rules::{Effect, Rule, Subject};
use crate::template;
use crate::view::{Lookup, View, controller};

const GRACE: Seconds = 60;

pub(super) const RULE: Rule = Rule {
    id: "env-address-mismatch",
    subject: Subject::Pod(74),
    reads: &[Kind::Pod, Kind::Service, Kind::ConfigMap],
    explains: &[Effect::MissingPods, Effect::Dependents],
    yields_to: &[],
    evaluate,
};

/// An address that leads nowhere, and what may be meant instead.
struct Mismatch<'a> {
    address: Address<'a>,
    class: &'static str,
    /// The Service of that name, where only the port is wrong.
    service: Option<&'a Value>,
    meant: Option<String>,
}

fn evaluate(view: &View<'_>) -> Vec<Draft> {
    let ended: Vec<Container<'_>> = view
        .all(Kind::Pod)
        .iter()
        .filter(|pod| pod.text("/status/phase") == "Failed" && is_of_failed_job(view, pod))
        .flat_map(containers)
        .collect();
    let unwell = view.troubled_containers().iter().chain(&ended);
    let failing = unwell.filter(|container| container.is_unhealthy(view.now));
    let mut drafts: Vec<Draft> = failing.filter_map(|container| complains(view, container)).collect();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let calm =
        view.working_containers().iter().filter(|container| container.is_calm() && container.is_running());
    for container in calm {
        let owner = controller(container.pod).map_or(container.pod.uid(), |owner| owner.text("/uid"));
        if seen.insert((owner, container.name())) {
            drafts.extend(latent(view, container));
        }
    }
    drafts
}

fn is_of_failed_job<'a>(view: &View<'a>, pod: &'a Value) -> bool {
    let job = view.owners(pod).first().copied();
    job.is_some_and(|job| job.kind() == "Job" && !job.condition_is("Complete", "True"))
}

/// A container that fails, and whose telling line is about an address that leads nowhere.
fn complains<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let words = last_words(view, container).filter(|words| words.line.class.starts_with("dep-"))?;
    let pod = container.pod;
    if view.age(pod.created())? < GRACE {
        return None;
    }
    let found = blamed(view, container, &words)?;
    let severity = if container.is_ready() { Severity::Warning } else { Severity::Error };
    let mut draft = draft(view, container, &found, severity);
    draft.field(pod, &container.status_path(".state.waiting.reason"));
    if let Some((_, path)) = container.last_end() {
        draft.field(pod, &container.status_path(&format!("{path}.exitCode")));
    }
    words.cite(&mut draft, container);
    cite(view, container, &found, &mut draft);
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.changed(template::changes(view, pod));
    draft.summary(format!("{}: {}", sentence(container, &found), words.line.line.trim()));
    Some(draft)
}

fn blamed<'a>(view: &View<'a>, container: &Container<'a>, words: &LastWords<'a>) -> Option<Mismatch<'a>> {
    let (class, line) = (words.line.class, words.line.line);
    let names_none = services_in_line(view, container.pod.namespace(), line).is_empty();
    let spoken_of = |found: &Mismatch<'_>| line.contains(found.address.host);
    let in_cluster = mismatches(view, container).into_iter().filter(|found| !found.address.telemetry);
    let mut fits = in_cluster.filter(|found| match found.class {
        "port-missing" => matches!(class, "dep-refused" | "dep-timeout") && (names_none || spoken_of(found)),
        _ => spoken_of(found) || class == "dep-dns" && found.address.exact && names_none,
    });
    fits.next().or_else(|| {
        let refused = local(container).into_iter().filter(|_| class == "dep-refused");
        let mut here = refused.filter(|address| {
            let port = address.port.unwrap_or_default();
            let spoken = ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|host| line.contains(&format!("{host}:{port}")));
            spoken && !declares(container.pod, i64::from(port))
        });
        here.next().map(|address| Mismatch { address, class: "localhost", service: None, meant: None })
    })
}

fn declares(pod: &Value, port: i64) -> bool {
    let all = pod.items("/spec/containers").iter().chain(pod.items("/spec/initContainers"));
    let mut ports = all.flat_map(|container| container.items("/ports"));
    ports.any(|declared| declared.number("/containerPort") == Some(port))
}

fn is_headless(service: &Value) -> bool {
    service.text("/spec/clusterIP") == "None"
}

/// A container that runs well with an address that leads nowhere: nobody has asked for it yet.
fn latent<'a>(view: &View<'a>, container: &Container<'a>) -> Option<Draft> {
    let pod = container.pod;
    if view.age(pod.created())? < GRACE || !pod.condition_is("Ready", "True") {
        return None;
    }
    // Pods may listen where they declare nothing: only a complaint makes a headless Service's port wrong.
    let told = mismatches(view, container).into_iter();
    let told = told.filter(|found| !found.service.is_some_and(is_headless));
    let found = told.max_by_key(|found| found.meant.is_some())?;
    let sure = found.meant.is_some() && found.address.exact && !found.address.telemetry;
    let (severity, confidence) =
        if sure { (Severity::Warning, Confidence::Medium) } else { (Severity::Note, Confidence::Low) };
    let mut draft = draft(view, container, &found, severity);
    draft.confidence(confidence);
    cite(view, container, &found, &mut draft);
    draft.summary(format!(
        "{}; the container runs, so nobody may have asked for it yet",
        sentence(container, &found)
    ));
    Some(draft)
}

/// The controller is the root: it has the address, and the pod's own failure is the symptom.
fn draft<'a>(view: &View<'a>, container: &Container<'a>, found: &Mismatch<'a>, severity: Severity) -> Draft {
    let (pod, top) = (container.pod, view.top(container.pod));
    let mut draft = Draft::new(RULE.id, found.class, severity, top);
    draft.owned(view, top);
    draft.takes_down.extend(view.owners(pod).into_iter().map(Object::key));
    draft.takes_down.insert(pod.key());
    draft.collapse = format!("{} {} {}", top.key(), container.name(), found.address.host);
    draft.parameters.push(container.name().to_owned());
    draft.affects(pod);
    if let Some(root) = draft.finding.objects.first_mut() {
        root.container = Some(container.name().to_owned());
    }
    draft
}

fn sentence(container: &Container<'_>, found: &Mismatch<'_>) -> String {
    let (name, host) = (container.name(), found.address.host);
    let port = found.address.port.map(|port| format!(":{port}")).unwrap_or_default();
    match found.class {
        "port-missing" => {
            format!("container `{name}` is given {host}{port}, a port that the Service does not have")
        }
        "localhost" => {
            format!("container `{name}` is given {host}{port}, which no container of its pod declares")
        }
        _ => format!("container `{name}` is given {host}{port}, and there is no such Service: not found"),
    }
}

fn cite(view: &View<'_>, container: &Container<'_>, found: &Mismatch<'_>, draft: &mut Draft) {
    let (pod, address) = (container.pod, &found.address);
    draft.field(address.source, &address.path);
    if let (Some(path), Some(_)) = (&address.port_path, found.service) {
        draft.field(address.source, path);
    }
    draft.parameters.push(address.host.to_owned());
    let mut labels = address.host.split('.');
    let name = labels.next().unwrap_or(address.host);
    let namespace = labels.next().unwrap_or_else(|| pod.namespace());
    match found.service {
        Some(service) => draft.field(service, ".spec.ports"),
        None if found.class == "localhost" => draft.field(pod, &container.spec_path(".ports")),
        None if view.find(Kind::Service, namespace, name).is_absent() => {
            draft.absent("Service", namespace, name);
        }
        None => {}
    }
    if let Some(meant) = &found.meant {
        draft.suggest(meant.clone());
    }
    draft.check(&["kubectl", "-n", namespace, "get", "services"], "the Services that there are");
}

/// The addresses of a container that lead nowhere.
fn mismatches<'a>(view: &View<'a>, container: &Container<'a>) -> Vec<Mismatch<'a>> {
    let pod = container.pod;
    let aliases = pod.items("/spec/hostAliases").iter().flat_map(|alias| alias.items("/hostnames"));
    let aliases: Vec<&str> = aliases.filter_map(Value::as_str).collect();
    let addresses = configured(view, container).into_iter();
    let foreign = addresses.filter(|address| !aliases.contains(&address.host));
    foreign
        .filter_map(|address| match service(view, pod.namespace(), address.host) {
            Lookup::Found(service) => wrong_port(view, address, service),
            Lookup::Absent => Some(no_service(view, pod.namespace(), address)),
            Lookup::Unknown => None,
        })
        .collect()
}

fn no_service<'a>(view: &View<'a>, namespace: &str, address: Address<'a>) -> Mismatch<'a> {
    let mut labels = address.host.split('.');
    let name = labels.next().unwrap_or(address.host);
    let namespace = labels.next().unwrap_or(namespace);
    let services = view.all(Kind::Service).iter();
    let here = services.clone().filter(|other| other.namespace() == namespace).map(Value::name);
    let mut elsewhere = services.filter(|other| other.name() == name);
    if let Some(near) = nearest::name(name, here) {
        let meant = format!("there is no Service {name}; did you mean `{near}`?");
        return Mismatch { address, class: "service-missing", service: None, meant: Some(meant) };
    }
    match (elsewhere.next(), elsewhere.next()) {
        (Some(other), None) => {
            let meant = format!(
                "Service {name} is in namespace {}: name it {name}.{}",
                other.namespace(),
                other.namespace()
            );
            Mismatch { address, class: "namespace", service: None, meant: Some(meant) }
        }
        (Some(_), Some(_)) => Mismatch { address, class: "namespace", service: None, meant: None },
        (None, _) => Mismatch { address, class: "service-missing", service: None, meant: None },
    }
}

/// A Service of an external name has no ports of its own; a headless one has those of its pods, too.
fn wrong_port<'a>(view: &View<'a>, address: Address<'a>, service: &'a Value) -> Option<Mismatch<'a>> {
    let wanted = i64::from(address.port?);
    let ports: Vec<i64> =
        service.items("/spec/ports").iter().filter_map(|port| port.number("/port")).collect();
    let of_a_pod = || {
        let pods = view.selected_by(service);
        is_headless(service) && (pods.is_empty() || pods.iter().any(|pod| declares(pod, wanted)))
    };
    let is_external = service.text("/spec/type") == "ExternalName";
    if is_external || ports.is_empty() || ports.contains(&wanted) || of_a_pod() {
        return None;
    }
    let has: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let meant = format!("Service {} has port {}, the address names {wanted}", service.name(), has.join(", "));
    Some(Mismatch { address, class: "port-missing", service: Some(service), meant: Some(meant) })
}

#[cfg(test)]
mod tests;
