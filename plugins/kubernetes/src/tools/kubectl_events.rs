//! Tool `kubectl_events`.

use holmes_plugin::prelude::*;

use crate::{
    age::Now,
    budget,
    events::{self, About},
    field, lookup,
};

/// Which object's events.
#[arguments]
pub struct Events {
    /// Kind: plural, singular, short name, or qualified as `deployments.apps`.
    pub resource_type: String,
    /// Exact name.
    pub resource_name: String,
    /// Namespace. Left out: all namespaces are searched for the name.
    pub namespace: Option<String>,
}

/// Lists the events about one object, newest first, with counts. Also works for an object that is gone.
#[tool(read_only)]
pub fn kubectl_events(host: &Host, arguments: Events) -> Result<Output, ToolError> {
    let given = arguments.namespace.as_deref();
    let found = lookup::by_name(host, &arguments.resource_type, &arguments.resource_name, given)?;
    let object = found.single()?;
    let name = arguments.resource_name.trim();
    let about = object.map_or_else(
        || About {
            kind: &found.scope.resource.kind,
            namespace: found.scope.options.namespace.as_deref(),
            name,
            uid: None,
        },
        About::object,
    );
    let events = events::about(host, about)?;
    let place = object.map(field::namespace).filter(|it| !it.is_empty());
    let place = place.map_or_else(|| found.scope.place(), |namespace| format!("namespace {namespace}"));
    let target = format!("{} `{name}` in {place}", found.scope.resource.singular);
    let mut footer = format!("-- {} events about {target}, newest first", events.events.len());
    if events.earlier > 0 {
        footer.push_str(&format!("; {} about an earlier object of that name left out", events.earlier));
    }
    if object.is_none() {
        footer.push_str("; the object itself does not exist (any more)");
    }
    if events.events.is_empty() {
        return Ok(Output::no_data(match object {
            None => format!("{} There are no events about that name either.", found.missing),
            Some(_) => format!(
                "no events about {target}: searched by name, kind and UID. Clusters usually keep events for an hour. \
                 {} earlier object's events left out. A workload's pods have events of their own.",
                events.earlier
            ),
        }));
    }
    let lines = events::lines(&events.events, Now::of(host)).join("\n");
    let head = budget::head(&lines, budget::bytes(host));
    if head.len() == lines.len() {
        return Ok(Output::text(format!("{lines}\n{footer}")));
    }
    let shown = head.lines().count();
    Ok(Output::text(format!("{head}\n{footer}\n-- only the newest {shown} are shown, for size")).truncated())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, event, pod};

    fn events(host: &Host, kind: &str, name: &str) -> Result<Output, ToolError> {
        let arguments = Events {
            resource_type: kind.to_owned(),
            resource_name: name.to_owned(),
            namespace: Some("a".to_owned()),
        };
        kubectl_events(host, arguments)
    }

    #[test]
    fn events_are_newest_first_with_counts() {
        let pod = pod("a", "x");
        let host = Fixture::new()
            .with(event(&pod, "Normal", "Pulled", "2026-11-16T15:00:00Z"))
            .with(event(&pod, "Warning", "BackOff", "2026-11-16T15:29:00Z"))
            .with(pod)
            .host();
        let text = events(&host, "pod", "x").unwrap().to_text();
        assert!(text.starts_with("20s ago (x3 over 10m)  Warning  BackOff"), "{text}");
        assert!(text.ends_with("-- 2 events about pod `x` in namespace a, newest first"), "{text}");
    }

    #[test]
    fn events_outlive_their_object() {
        let gone = pod("a", "gone");
        let host = Fixture::new().with(event(&gone, "Warning", "Evicted", "2026-11-16T15:29:00Z")).host();
        let text = events(&host, "pod", "gone").unwrap().to_text();
        assert!(text.contains("Evicted") && text.contains("does not exist"), "{text}");
    }

    #[test]
    fn no_events_is_no_data_and_forbidden_events_are_an_error() {
        let host = Fixture::new().with(pod("a", "x")).host();
        assert!(events(&host, "pod", "x").unwrap().is_no_data());
        let host = Fixture::new().with(pod("a", "x")).forbid("events").host();
        assert_eq!(events(&host, "pod", "x").unwrap_err().kind, ErrorKind::PolicyDenied);
    }
}
