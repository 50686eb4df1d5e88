//! Services, endpoints and ingresses.

use holmes_plugin::serde_json::Value;

use super::{Health, Layout, Row};
use crate::{age::Now, field};

pub(super) const SERVICE: Layout = Layout {
    columns: &["TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORTS", "SELECTOR"],
    row: service,
    counted: None,
};

pub(super) const ENDPOINTS: Layout =
    Layout { columns: &["READY", "NOT-READY", "PORTS"], row: endpoints, counted: None };

pub(super) const SLICE: Layout =
    Layout { columns: &["SERVICE", "READY", "NOT-READY", "PORTS"], row: slice, counted: None };

pub(super) const INGRESS: Layout =
    Layout { columns: &["CLASS", "HOSTS", "ADDRESS", "BACKENDS", "TLS"], row: ingress, counted: None };

/// Addresses that a cell shows before it only counts.
const SHOWN: usize = 5;

fn service(object: &Value, _now: Now) -> Row {
    let kind = field::text_or(object, "/spec/type", "ClusterIP");
    let external = addresses(object);
    let waiting = kind == "LoadBalancer" && external.is_empty();
    let cells = [
        kind.to_owned(),
        field::text(object, "/spec/clusterIP").to_owned(),
        if waiting { "<pending>".to_owned() } else { external },
        field::list(object, "/spec/ports").iter().map(port).collect::<Vec<_>>().join(","),
        field::pairs(object, "/spec/selector"),
    ];
    Row::new(cells, Health::problem_if(waiting))
}

/// `http 80:30080->8080/TCP`.
fn port(port: &Value) -> String {
    let mut text = field::number(port, "/port").to_string();
    let node = field::number(port, "/nodePort");
    if node != 0 {
        text.push_str(&format!(":{node}"));
    }
    if let Some(target) = port.pointer("/targetPort") {
        text.push_str(&format!("->{}", field::plain(target)));
    }
    format!("{text}/{}", field::text_or(port, "/protocol", "TCP"))
}

fn addresses(object: &Value) -> String {
    let mut all: Vec<String> = field::list(object, "/spec/externalIPs").iter().map(field::plain).collect();
    for entry in field::list(object, "/status/loadBalancer/ingress") {
        all.push(field::text_or(entry, "/ip", field::text(entry, "/hostname")).to_owned());
    }
    let name = field::text(object, "/spec/externalName");
    if !name.is_empty() {
        all.push(name.to_owned());
    }
    all.join(",")
}

fn short(addresses: &[&str]) -> String {
    let shown: Vec<&str> = addresses.iter().copied().take(SHOWN).collect();
    match addresses.len().saturating_sub(SHOWN) {
        0 => shown.join(","),
        more => format!("{} and {more} more", shown.join(",")),
    }
}

fn endpoints(object: &Value, _now: Now) -> Row {
    let subsets = field::list(object, "/subsets");
    let all = |pointer: &str| -> Vec<&str> {
        subsets
            .iter()
            .flat_map(|subset| field::list(subset, pointer))
            .map(|it| field::text(it, "/ip"))
            .collect()
    };
    let ports = subsets
        .iter()
        .flat_map(|subset| field::list(subset, "/ports"))
        .map(|it| field::number(it, "/port").to_string());
    let (ready, waiting) = (all("/addresses"), all("/notReadyAddresses"));
    let health = Health::problem_if(ready.is_empty());
    Row::new([short(&ready), short(&waiting), ports.collect::<Vec<_>>().join(",")], health)
}

fn slice(object: &Value, _now: Now) -> Row {
    let by_readiness = |wanted: bool| -> Vec<&str> {
        field::list(object, "/endpoints")
            .iter()
            // An absent condition means ready, says the API.
            .filter(|it| it.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true) == wanted)
            .flat_map(|it| field::list(it, "/addresses"))
            .filter_map(Value::as_str)
            .collect()
    };
    let service = field::text(object, "/metadata/labels/kubernetes.io~1service-name").to_owned();
    let ports = field::list(object, "/ports").iter().map(|it| field::number(it, "/port").to_string());
    let (ready, waiting) = (by_readiness(true), by_readiness(false));
    let health = Health::problem_if(ready.is_empty());
    Row::new([service, short(&ready), short(&waiting), ports.collect::<Vec<_>>().join(",")], health)
}

/// `service:port` of a backend.
pub(crate) fn backend(backend: &Value) -> String {
    let port = backend.pointer("/service/port/number").or_else(|| backend.pointer("/service/port/name"));
    let resource = field::text(backend, "/resource/name");
    if !resource.is_empty() {
        return format!("{}/{resource}", field::text(backend, "/resource/kind"));
    }
    format!("{}:{}", field::text(backend, "/service/name"), port.map(field::plain).unwrap_or_default())
}

fn ingress(object: &Value, _now: Now) -> Row {
    let rules = field::list(object, "/spec/rules");
    let hosts: Vec<&str> = rules.iter().map(|rule| field::text_or(rule, "/host", "*")).collect();
    let mut backends: Vec<String> = rules
        .iter()
        .flat_map(|rule| field::list(rule, "/http/paths"))
        .map(|path| backend(path.pointer("/backend").unwrap_or(&Value::Null)))
        .collect();
    backends.extend(object.pointer("/spec/defaultBackend").map(backend));
    backends.dedup();
    let secrets: Vec<&str> =
        field::list(object, "/spec/tls").iter().map(|it| field::text(it, "/secretName")).collect();
    let address = addresses(object);
    let health = Health::problem_if(address.is_empty());
    let class = field::text(object, "/spec/ingressClassName").to_owned();
    Row::new([class, hosts.join(","), address, backends.join(","), secrets.join(",")], health)
}
