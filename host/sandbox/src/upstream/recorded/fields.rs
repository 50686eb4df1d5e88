//! Field selectors: `metadata.name` and `metadata.namespace` for all kinds, and what a few kinds add.

use super::list::Selected;
use super::object::scalar;

/// A label, the path that it reads, and what stands for an absent value.
type Field = (&'static str, &'static [&'static str], &'static str);

const POD: &[Field] = &[
    ("spec.nodeName", &["spec", "nodeName"], ""),
    ("spec.restartPolicy", &["spec", "restartPolicy"], ""),
    ("spec.schedulerName", &["spec", "schedulerName"], ""),
    ("spec.serviceAccountName", &["spec", "serviceAccountName"], ""),
    ("spec.hostNetwork", &["spec", "hostNetwork"], "false"),
    ("status.phase", &["status", "phase"], ""),
    ("status.podIP", &["status", "podIP"], ""),
    ("status.podIPs", &["status", "podIP"], ""),
    ("status.nominatedNodeName", &["status", "nominatedNodeName"], ""),
];
const EVENT: &[Field] = &[
    ("involvedObject.kind", &["involvedObject", "kind"], ""),
    ("involvedObject.namespace", &["involvedObject", "namespace"], ""),
    ("involvedObject.name", &["involvedObject", "name"], ""),
    ("involvedObject.uid", &["involvedObject", "uid"], ""),
    ("involvedObject.apiVersion", &["involvedObject", "apiVersion"], ""),
    ("involvedObject.resourceVersion", &["involvedObject", "resourceVersion"], ""),
    ("involvedObject.fieldPath", &["involvedObject", "fieldPath"], ""),
    ("reason", &["reason"], ""),
    ("reportingComponent", &["reportingComponent"], ""),
    ("source", &["source", "component"], ""),
    ("type", &["type"], ""),
];
const NEW_EVENT: &[Field] = &[
    ("regarding.kind", &["regarding", "kind"], ""),
    ("regarding.namespace", &["regarding", "namespace"], ""),
    ("regarding.name", &["regarding", "name"], ""),
    ("regarding.uid", &["regarding", "uid"], ""),
    ("regarding.apiVersion", &["regarding", "apiVersion"], ""),
    ("regarding.resourceVersion", &["regarding", "resourceVersion"], ""),
    ("regarding.fieldPath", &["regarding", "fieldPath"], ""),
    ("reason", &["reason"], ""),
    ("reportingController", &["reportingController"], ""),
    ("type", &["type"], ""),
];
const NODE: &[Field] = &[("spec.unschedulable", &["spec", "unschedulable"], "false")];
const JOB: &[Field] = &[("status.successful", &["status", "succeeded"], "0")];
const SECRET: &[Field] = &[("type", &["type"], "")];
const NAMESPACE: &[Field] = &[("status.phase", &["status", "phase"], "")];
const SERVICE: &[Field] =
    &[("spec.clusterIP", &["spec", "clusterIP"], ""), ("spec.type", &["spec", "type"], "")];
const REPLICATION: &[Field] = &[("status.replicas", &["status", "replicas"], "0")];
const SIGNING: &[Field] = &[("spec.signerName", &["spec", "signerName"], "")];

/// One term; an object matches when all hold.
#[derive(Debug)]
pub(super) struct Term {
    field: Field,
    value: String,
    equal: bool,
}

impl Term {
    pub(super) fn matches(&self, object: &Selected<'_>) -> bool {
        let (label, path, absent) = self.field;
        let equal = match label {
            "metadata.name" => object.object.name() == self.value,
            "metadata.namespace" => object.object.namespace() == self.value,
            // As the API server does: events of the new API have no source.
            "source" => {
                let source = scalar(object.raw(), path).filter(|source| !source.is_empty());
                let source = source.or_else(|| scalar(object.raw(), &["reportingComponent"]));
                source.unwrap_or_default() == self.value
            }
            _ => scalar(object.raw(), path).unwrap_or_else(|| absent.to_owned()) == self.value,
        };
        equal == self.equal
    }
}

/// The error is the text of the API server's 400.
pub(super) fn parse(selector: &str, group: &str, plural: &str) -> Result<Vec<Term>, String> {
    split(selector)?
        .into_iter()
        .map(|(label, equal, value)| term(&label, equal, value, group, plural))
        .collect()
}

fn term(label: &str, equal: bool, value: String, group: &str, plural: &str) -> Result<Term, String> {
    let own = match (group, plural) {
        ("", "pods") => POD,
        ("", "events") => EVENT,
        ("events.k8s.io", "events") => NEW_EVENT,
        ("", "nodes") => NODE,
        ("batch", "jobs") => JOB,
        ("", "secrets") => SECRET,
        ("", "namespaces") => NAMESPACE,
        ("", "services") => SERVICE,
        ("", "replicationcontrollers") | ("apps", "replicasets") => REPLICATION,
        ("certificates.k8s.io", "certificatesigningrequests") => SIGNING,
        _ => &[],
    };
    let metadata: &[Field] = &[("metadata.name", &[], ""), ("metadata.namespace", &[], "")];
    match metadata.iter().chain(own).find(|field| field.0 == label) {
        Some(field) => Ok(Term { field: *field, value, equal }),
        None if plural == "jobs" => Err(format!("field label {label:?} not supported for Job")),
        None if own.is_empty() => Err(format!(
            "{label:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )),
        None => Err(format!("field label not supported: {label}")),
    }
}

/// Terms between commas; a backslash stands before `,`, `=` and itself in a value.
fn split(selector: &str) -> Result<Vec<(String, bool, String)>, String> {
    let mut parts = vec![String::new()];
    let mut characters = selector.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.extend(['\\'].into_iter().chain(characters.next()))),
            ',' => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(character)),
        }
    }
    let given = parts.into_iter().filter(|part| !part.is_empty());
    given
        .map(|part| {
            let invalid = || format!("invalid selector: '{selector}'; can't understand '{part}'");
            let at = part.find(['=', '!']).ok_or_else(invalid)?;
            let (label, rest) = part.split_at(at);
            let (equal, value) = match (rest.strip_prefix("!="), rest.strip_prefix("==")) {
                (Some(value), _) => (false, value),
                (None, Some(value)) => (true, value),
                (None, None) => (true, rest.strip_prefix('=').ok_or_else(invalid)?),
            };
            let value = unescape(value).ok_or_else(|| format!("invalid field selector: '{selector}'"))?;
            Ok((label.trim().to_owned(), equal, value))
        })
        .collect()
}

fn unescape(value: &str) -> Option<String> {
    let mut plain = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next().filter(|next| matches!(next, '\\' | ',' | '='))?),
            '=' => return None,
            _ => plain.push(character),
        }
    }
    Some(plain)
}
