//! A variable that is set twice: the last value counts, and the one that somebody sees first may be the one that was
//! meant. Told only where the value that counts is the address that fails.

use holmes_protocol::{Confidence, Severity};
use serde_json::Value;

use super::RULE;
use crate::draft::Draft;
use crate::object::Object;
use crate::observations::Kind;
use crate::rules::pod::{Crash, failures};
use crate::view::View;

pub(super) fn judge(view: &View<'_>) -> Vec<Draft> {
    let complaining = failures(view).filter(|crash| crash.log_class().starts_with("dep-"));
    complaining.filter_map(|crash| of_container(view, &crash)).collect()
}

/// Where the hidden value stands: the object, its path, and the value.
type Hidden<'a> = (&'a Value, String, &'a str);

fn of_container<'a>(view: &View<'a>, crash: &Crash<'a>) -> Option<Draft> {
    let container = &crash.container;
    let (pod, spec) = (container.pod, container.spec()?);
    let variables = spec.items("/env");
    let counts = variables.iter().enumerate().filter(|(_, variable)| {
        let host = host(variable.text("/value"));
        host.len() > 2 && crash.line().contains(host)
    });
    let (index, name, hidden) = counts.into_iter().find_map(|(index, variable)| {
        let (name, value) = (variable.text("/name"), variable.text("/value"));
        let twin = variables.iter().take(index).position(|other| other.text("/name") == name);
        let twin = twin.and_then(|at| {
            Some((pod, container.spec_path(&format!(".env[{at}].value")), variables.get(at)?.text("/value")))
        });
        let hidden = twin.or_else(|| in_config_map(view, pod, spec, name))?;
        (host(hidden.2) != host(value) && !hidden.2.is_empty()).then_some((index, name, hidden))
    })?;
    let (source, path, value) = hidden;
    let mut draft =
        Draft::of_pod(view, RULE.id, "env-shadowed", Severity::Error, pod, Some(container.name()));
    draft.field(pod, &container.spec_path(&format!(".env[{index}].value")));
    draft.field(source, &path);
    if let Some(told) = &crash.told {
        told.cite(&mut draft, container);
    }
    draft.confidence(Confidence::Medium);
    draft.parameters.push(name.to_owned());
    draft.since(pod, ".status.conditions[type=Ready].lastTransitionTime");
    draft.summary(format!(
        "variable {name} of container `{}` is set twice; the last value counts and its address fails: {}",
        container.name(),
        crash.line()
    ));
    draft.suggest(format!("the value that is hidden names {}", host(value)));
    Some(draft)
}

/// The same variable in a ConfigMap that the container takes whole.
fn in_config_map<'a>(view: &View<'a>, pod: &'a Value, spec: &'a Value, name: &str) -> Option<Hidden<'a>> {
    spec.items("/envFrom").iter().find_map(|source| {
        let map = view.find(Kind::ConfigMap, pod.namespace(), source.text("/configMapRef/name")).found()?;
        let value = map.get("data")?.get(name)?.as_str()?;
        Some((map, format!(".data['{name}']"), value))
    })
}

/// The host in an address, else the text itself.
fn host(value: &str) -> &str {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?', ',']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    host.split(':').next().unwrap_or(host)
}
