//! Which Services a container depends on: from its log line, its environment and arguments.

use serde_json::Value;

use crate::containers::Container;
use crate::object::Object;
use crate::observations::Kind;
use crate::view::{Lookup, View};

/// Endings of names of variables that hold an address.
const ADDRESS_NAMES: [&str; 14] = [
    "_ADDR",
    "_HOST",
    "_URL",
    "_URI",
    "_ENDPOINT",
    "_SERVICE",
    "_SERVER",
    "_SERVERS",
    "_BROKER",
    "_BROKERS",
    "HOST",
    "_ADDRESS",
    "_UPSTREAM",
    "_BASE",
];

/// Addresses of collectors: nobody's request fails when they are gone.
const TELEMETRY: [&str; 6] = ["OTEL", "JAEGER", "ZIPKIN", "STATSD", "COLLECTOR", "TRACING"];

/// An address in the environment of a container.
#[derive(Debug, Clone)]
pub(crate) struct Address<'a> {
    /// Path of the variable in the pod.
    pub(crate) path: String,
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    /// Was it written with a scheme or port, so that it is certainly an address?
    pub(crate) exact: bool,
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

/// In-cluster addresses in the environment of a container; values of Secrets are not there to be read.
pub(crate) fn addresses<'a>(container: &Container<'a>) -> Vec<Address<'a>> {
    let Some(spec) = container.spec() else { return Vec::new() };
    let variables = spec.items("/env").iter();
    variables
        .filter_map(|variable| {
            let name = variable.text("/name");
            if TELEMETRY.iter().any(|word| name.to_ascii_uppercase().contains(word)) {
                return None;
            }
            let path = container.spec_path(&format!(".env[name={name}].value"));
            parse(path, name, variable.text("/value"))
        })
        .collect()
}

fn parse<'a>(path: String, name: &str, value: &'a str) -> Option<Address<'a>> {
    let (scheme, rest) = value.split_once("://").map_or((None, value), |(scheme, rest)| (Some(scheme), rest));
    let authority = rest.split(['/', '?', ',']).next().unwrap_or(rest);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let port = match port {
        Some(text) => Some(text.parse::<u16>().ok()?),
        None => None,
    };
    let named = ADDRESS_NAMES.iter().any(|ending| name.to_ascii_uppercase().ends_with(ending));
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter))
        && host.starts_with(|letter: char| letter.is_ascii_lowercase());
    let labels: Vec<&str> = host.split('.').collect();
    let in_cluster = match labels.as_slice() {
        ["localhost"] | [] => false,
        [_] | [_, _] => true,
        [_, _, third, ..] => *third == "svc",
    };
    let exact = scheme.is_some() || port.is_some();
    (is_host && in_cluster && (exact || named)).then_some(Address { path, host, port, exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, value: &str) -> Option<(String, Option<u16>)> {
        parse(String::new(), name, value).map(|address| (address.host.to_owned(), address.port))
    }

    #[test]
    fn addresses_are_told_from_words() {
        assert_eq!(host("PGHOST", "postgres"), Some(("postgres".into(), None)));
        assert_eq!(host("CART_URL", "http://cart.shop:8080/x"), Some(("cart.shop".into(), Some(8080))));
        assert_eq!(host("QUEUE", "default"), None);
        assert_eq!(host("PAY_URL", "https://pay.contoso.example"), None);
        assert_eq!(host("MODE", "a:b"), None);
        assert_eq!(host("X_HOST", "localhost"), None);
    }
}
