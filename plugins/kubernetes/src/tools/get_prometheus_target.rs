//! Tool `get_prometheus_target`.
//!
//! A live target is told by Prometheus, behind the API server's proxy; a host may refuse that way to everybody.
//! What should be scraped is told by the Prometheus operator's objects, so a refusal is answered with those.

use holmes_plugin::{
    Request,
    kubernetes::{ListOptions, Resource},
    prelude::*,
    serde_json,
};

use crate::{budget, field, names, nearest, read, scope::Scope};

/// Where Prometheus listens unless the service's name says another port.
const PORT: &str = "9090";

/// What a target says that is worth reading; its discovered labels repeat the pod's.
const FIELDS: [&str; 8] = [
    "labels",
    "scrapePool",
    "scrapeUrl",
    "health",
    "lastError",
    "lastScrape",
    "scrapeInterval",
    "scrapeTimeout",
];

/// Kinds of the Prometheus operator that define targets.
const DEFINITIONS: [(&str, &str, &str); 4] = [
    ("v1", "servicemonitors", "ServiceMonitor"),
    ("v1", "podmonitors", "PodMonitor"),
    ("v1", "probes", "Probe"),
    ("v1alpha1", "scrapeconfigs", "ScrapeConfig"),
];

/// Which target of which Prometheus.
#[arguments]
pub struct PrometheusTarget {
    /// Namespace of the Prometheus service.
    pub prometheus_namespace: String,
    /// Name of the Prometheus service, with a port if it is not 9090: `prometheus-operated:9091`.
    pub prometheus_service_name: String,
    /// The target's job label.
    pub target_name: String,
}

/// Fetches the definition of a Prometheus target by its job: labels, URL, health and last error. Where the way to
/// Prometheus is not permitted: `servicemonitors`, `podmonitors`, `probes` and `scrapeconfigs` of that name.
#[tool(read_only)]
pub fn get_prometheus_target(host: &Host, arguments: PrometheusTarget) -> Result<Output, ToolError> {
    let namespace = names::one_namespace(&arguments.prometheus_namespace)?;
    let service = names::object(&arguments.prometheus_service_name)?;
    let target = arguments.target_name.trim();
    match targets(host, &namespace, &service)? {
        Asked::Told(targets) => told(host, &targets, target),
        Asked::Refused(reason) => {
            let refusal = format!(
                "not permitted to ask Prometheus (service `{service}` in namespace {namespace}, through the API \
                 server's proxy): {reason}. Whether `{target}` is scraped, and how it is doing, remains unknown"
            );
            defined(host, target, refusal)
        }
    }
}

/// What became of the question to Prometheus.
enum Asked {
    Told(Vec<Value>),
    Refused(String),
}

fn targets(host: &Host, namespace: &str, service: &str) -> Result<Asked, ToolError> {
    let service = if service.contains(':') { service.to_owned() } else { format!("{service}:{PORT}") };
    let path = format!("/api/v1/namespaces/{namespace}/services/{service}/proxy/api/v1/targets");
    let response = match host.send(Request::get("kubernetes", path).with_query("state", "active")) {
        Ok(response) => response,
        Err(error) if matches!(error.kind, ErrorKind::PolicyDenied | ErrorKind::InvalidArguments) => {
            return Ok(Asked::Refused(error.message));
        }
        Err(error) => return Err(error),
    };
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.bytes()?).unwrap_or_default();
    let message = field::text_or(&answer, "/message", "no reason was given").to_owned();
    match status {
        200 => Ok(Asked::Told(field::list(&answer, "/data/activeTargets").to_vec())),
        403 => Ok(Asked::Refused(message)),
        _ => Err(ToolError::new(
            ErrorKind::Unavailable,
            format!("Prometheus (service `{service}` in namespace {namespace}) answered {status}: {message}"),
        )),
    }
}

fn told(host: &Host, targets: &[Value], wanted: &str) -> Result<Output, ToolError> {
    let job = |target: &Value| field::text(target, "/labels/job").to_owned();
    let found: Vec<Value> = targets
        .iter()
        .filter(|target| job(target) == wanted)
        .map(|target| FIELDS.iter().filter_map(|name| Some((*name, target.get(name)?.clone()))).collect())
        .collect();
    if found.is_empty() {
        let jobs: Vec<String> = targets.iter().map(job).collect();
        let near = nearest::names(wanted, jobs.iter().map(String::as_str)).join(", ");
        let near = if near.is_empty() { String::new() } else { format!(" Nearest jobs: {near}.") };
        return Ok(Output::no_data(format!(
            "none of the {} active targets has the job `{wanted}`.{near}",
            targets.len()
        )));
    }
    bounded(host, "targets", found, &[])
}

fn defined(host: &Host, wanted: &str, refusal: String) -> Result<Output, ToolError> {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for (version, plural, kind) in DEFINITIONS {
        let resource = Resource::known("monitoring.coreos.com", version, plural, kind, true);
        let scope = Scope { resource, options: ListOptions::default(), notes: Vec::new() };
        let listed = read::each(host, &scope, |object| {
            // The operator calls a PodMonitor's job `namespace/name`.
            if wanted.rsplit('/').next().is_some_and(|name| field::name(&object).contains(name)) {
                let place = format!("{kind} {}/{}", field::namespace(&object), field::name(&object));
                found.push(json!({"object": place, "spec": object.get("spec")}));
            }
        });
        // A cluster without the operator does not serve these kinds.
        unread.extend(
            listed.err().filter(|error| error.kind != ErrorKind::NotFound).map(|error| error.message),
        );
    }
    if found.is_empty() {
        let kinds =
            "no ServiceMonitor, PodMonitor, Probe or ScrapeConfig that could be read has a name like it";
        unread.insert(0, format!("{refusal}; {kinds}"));
        return Err(ToolError::new(ErrorKind::PolicyDenied, unread.join("; ")));
    }
    unread.insert(0, refusal);
    bounded(host, "definitions", found, &unread)
}

/// As many items as fit, and how many do not.
fn bounded(host: &Host, name: &str, items: Vec<Value>, notes: &[String]) -> Result<Output, ToolError> {
    let (total, limit) = (items.len(), budget::bytes(host));
    let mut used = notes.iter().map(String::len).sum::<usize>();
    let fitting: Vec<Value> = items
        .into_iter()
        .take_while(|item| {
            used += item.to_string().len() + 1;
            used <= limit
        })
        .collect();
    let left_out = total - fitting.len();
    let output =
        Output::data(json!({"found": total, "left_out_for_size": left_out, name: fitting, "notes": notes}))?;
    Ok(if left_out > 0 { output.truncated() } else { output })
}

#[cfg(test)]
mod tests;
