//! Which Services a container depends on: from its log line, its environment, arguments and configuration.

mod written;

use serde_json::Value;

pub(crate) use written::public_part;
use written::{Written, names_an_address, written};

use crate::containers::Container;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::{Lookup, View};

/// Addresses of collectors: nobody's request fails when they are gone.
const TELEMETRY: [&str; 6] = ["OTEL", "JAEGER", "ZIPKIN", "STATSD", "COLLECTOR", "TRACING"];

/// An address that a container was given.
#[derive(Debug, Clone)]
pub(crate) struct Address<'a> {
    /// The object that holds it: the pod, or a ConfigMap that the pod names.
    pub(crate) source: &'a Value,
    /// Its path in that object.
    pub(crate) path: String,
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    /// Path of the variable with the port, where that is written apart: `DB_HOST` and `DB_PORT`.
    pub(crate) port_path: Option<String>,
    /// Was it written with a scheme or port, so that it is certainly an address?
    pub(crate) exact: bool,
    /// Is it a collector's?
    pub(crate) telemetry: bool,
}

/// The Services that a log line names, as far as they exist.
pub(crate) fn services_in_line<'a>(view: &View<'a>, namespace: &str, line: &str) -> Vec<&'a Value> {
    let tokens =
        line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '.'));
    let mut found: Vec<&Value> = Vec::new();
    for token in tokens.filter(|token| token.len() > 1) {
        let service = service(view, namespace, token).found().or_else(|| by_ip(view, token));
        if let Some(service) = service
            && !found.iter().any(|known| known.key() == service.key())
        {
            found.push(service);
        }
    }
    found
}

fn by_ip<'a>(view: &View<'a>, token: &str) -> Option<&'a Value> {
    let is_ip = token.split('.').count() == 4 && token.split('.').all(|part| part.parse::<u8>().is_ok());
    let services = view.all(Kind::Service).iter();
    if is_ip { services.into_iter().find(|service| service.text("/spec/clusterIP") == token) } else { None }
}

/// The Service that a host name means, seen from a namespace.
pub(crate) fn service<'a>(view: &View<'a>, namespace: &str, host: &str) -> Lookup<'a> {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    match labels.as_slice() {
        [name] => view.find(Kind::Service, namespace, name),
        // A pod of a headless Service: `pod.service.namespace.svc`.
        [_, name, there, "svc", ..] => {
            view.find(Kind::Service, there, name).found().map_or(Lookup::Unknown, Lookup::Found)
        }
        [name, second, rest @ ..] => {
            let there = view.find(Kind::Service, second, name);
            let in_cluster = rest.is_empty() || rest.first() == Some(&"svc");
            // `pod.service` of a headless Service.
            let pod_of = view.find(Kind::Service, namespace, second);
            match (there, pod_of) {
                (Lookup::Found(_), _) if in_cluster => there,
                (_, Lookup::Found(service)) if rest.is_empty() => Lookup::Found(service),
                _ if in_cluster && is_namespace(view, second) => there,
                _ => Lookup::Unknown,
            }
        }
        [] => Lookup::Unknown,
    }
}

fn is_namespace(view: &View<'_>, name: &str) -> bool {
    view.find(Kind::Namespace, "", name).found().is_some()
}

/// In-cluster addresses in the environment, command and arguments of a container, except those of collectors.
pub(crate) fn addresses<'a>(container: &Container<'a>) -> Vec<Address<'a>> {
    let mut found = direct(container);
    found.retain(|address| !address.telemetry);
    found
}

/// In-cluster addresses that a container was given: in its environment, command and arguments, and in the
/// `ConfigMaps` that it names. Values of Secrets are not there to be read.
pub(crate) fn configured<'a>(view: &View<'a>, container: &Container<'a>) -> Vec<Address<'a>> {
    let mut found = direct(container);
    for (name, key) in config_maps(container) {
        let map = view.find(Kind::ConfigMap, container.pod.namespace(), name).found();
        for (known, value) in map.iter().flat_map(|map| map.pairs("/data")) {
            if let Some(map) = map
                && key.is_none_or(|(_, key)| key == known)
            {
                let variable = key.map_or(known, |(variable, _)| variable);
                let lines = value.lines().flat_map(|line| written(variable, line));
                found.extend(lines.map(|host| host.at(map, format!(".data['{known}']"), variable)));
            }
        }
    }
    found
}

/// Addresses on the pod's own loopback, with a port.
pub(crate) fn local<'a>(container: &Container<'a>) -> Vec<Address<'a>> {
    let mut found = Vec::new();
    for (index, variable) in variables(container) {
        let name = variable.text("/name");
        let parts = variable.text("/value").split(',').filter_map(Written::parse);
        let here = parts.filter(|part| matches!(part.host, "localhost" | "127.0.0.1") && part.port.is_some());
        found.extend(here.map(|part| part.at(container.pod, variable_path(container, index), name)));
    }
    found
}

fn variables<'a>(container: &Container<'a>) -> impl Iterator<Item = (usize, &'a Value)> {
    container.spec().map_or(&[][..], |spec| spec.items("/env")).iter().enumerate()
}

/// Of two variables with one name the last counts, so the path names the position where the name would not.
fn variable_path(container: &Container<'_>, index: usize) -> String {
    let names: Vec<&str> = variables(container).map(|(_, variable)| variable.text("/name")).collect();
    let name = names.get(index).copied().unwrap_or_default();
    if names.iter().filter(|other| **other == name).count() > 1 {
        container.spec_path(&format!(".env[{index}].value"))
    } else {
        container.spec_path(&format!(".env[name={name}].value"))
    }
}

/// The port that is written beside a host: `DB_PORT` of `DB_HOST`.
fn port_beside(container: &Container<'_>, name: &str) -> Option<(u16, String)> {
    let prefix = name.strip_suffix("HOST").or_else(|| name.strip_suffix("ADDR"))?;
    let wanted = format!("{prefix}PORT");
    let (index, variable) =
        variables(container).filter(|(_, variable)| variable.text("/name") == wanted).last()?;
    Some((variable.text("/value").parse().ok()?, variable_path(container, index)))
}

fn direct<'a>(container: &Container<'a>) -> Vec<Address<'a>> {
    let mut found = Vec::new();
    for (index, variable) in variables(container) {
        let (name, value) = (variable.text("/name"), variable.text("/value"));
        let is_last = !variables(container).skip(index + 1).any(|(_, other)| other.text("/name") == name);
        let hosts = written(name, value);
        if is_last && !hosts.is_empty() {
            let path = variable_path(container, index);
            let beside = port_beside(container, name);
            found.extend(hosts.into_iter().map(|host| {
                let mut address = host.at(container.pod, path.clone(), name);
                if let (None, Some((port, path))) = (address.port, &beside) {
                    address.port = Some(*port);
                    address.port_path = Some(path.clone());
                }
                address
            }));
        }
    }
    for list in ["command", "args"] {
        let words = container.spec().map_or(&[][..], |spec| spec.items(&format!("/{list}")));
        for (index, word) in words.iter().enumerate() {
            let (flag, value) = word.as_str().unwrap_or_default().split_once('=').unwrap_or_default();
            let name = flag.trim_start_matches('-').replace('-', "_");
            if names_an_address(&name) || value.contains("://") {
                let path = container.spec_path(&format!(".{list}[{index}]"));
                let hosts = written(&name, value).into_iter();
                found.extend(hosts.map(|host| host.at(container.pod, path.clone(), &name)));
            }
        }
    }
    found
}

/// The `ConfigMaps` that a container names, with the variable and key where it takes only one.
fn config_maps<'a>(container: &Container<'a>) -> Vec<(&'a str, Option<(&'a str, &'a str)>)> {
    let Some(spec) = container.spec() else { return Vec::new() };
    let from = spec.items("/envFrom").iter().map(|source| (source.text("/configMapRef/name"), None));
    let single = spec.items("/env").iter().map(|variable| {
        let reference = "/valueFrom/configMapKeyRef";
        let key = variable.text(&format!("{reference}/key"));
        (variable.text(&format!("{reference}/name")), Some((variable.text("/name"), key)))
    });
    let mounts = spec.items("/volumeMounts").iter().map(|mount| mount.text("/name"));
    let volumes = mounts.filter_map(|name| {
        let volumes = container.pod.items("/spec/volumes").iter();
        volumes.into_iter().find(|volume| volume.text("/name") == name)
    });
    let mounted = volumes.map(|volume| (volume.text("/configMap/name"), None));
    from.chain(single).chain(mounted).filter(|(name, _)| !name.is_empty()).collect()
}

impl<'t> Written<'t> {
    /// The address, with where it stands: the object, the path, and the name of the setting.
    fn at<'a>(self, source: &'a Value, path: String, name: &str) -> Address<'a>
    where
        't: 'a,
    {
        let name = name.to_ascii_uppercase();
        let telemetry = TELEMETRY.iter().any(|word| name.contains(word));
        let exact = self.is_exact();
        Address { source, path, host: self.host, port: self.port, port_path: None, exact, telemetry }
    }
}
