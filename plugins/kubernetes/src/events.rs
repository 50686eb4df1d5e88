//! Events of either API (core and events.k8s.io) as one shape, joined to objects by UID and kind.

use std::cmp::Reverse;

use holmes_plugin::{
    ErrorKind, Host, ToolError,
    kubernetes::{ListOptions, Resource},
    serde_json::Value,
};

use crate::{
    age::{self, Now},
    budget, field, read,
    scope::Scope,
};

/// What one event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Last seen, in seconds since 1970.
    pub seconds: Option<i64>,
    /// First seen.
    pub first: Option<i64>,
    /// How often.
    pub count: i64,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// `BackOff`.
    pub reason: String,
    /// Who says it.
    pub source: String,
    /// What it says.
    pub message: String,
    /// About what kind of object.
    pub object_kind: String,
    /// About which object.
    pub object_name: String,
    /// Its UID; empty if the source did not tell.
    pub object_uid: String,
}

impl Event {
    /// Reads either shape.
    pub(crate) fn read(object: &Value) -> Self {
        let either =
            |core: &str, new: &str| field::text_or(object, core, field::text(object, new)).to_owned();
        let moment =
            |pointers: &[&str]| pointers.iter().find_map(|pointer| age::parse(field::text(object, pointer)));
        let counts = ["/series/count", "/count", "/deprecatedCount"];
        Self {
            seconds: moment(&[
                "/series/lastObservedTime",
                "/lastTimestamp",
                "/deprecatedLastTimestamp",
                "/eventTime",
                "/metadata/creationTimestamp",
            ]),
            first: moment(&[
                "/firstTimestamp",
                "/deprecatedFirstTimestamp",
                "/eventTime",
                "/metadata/creationTimestamp",
            ]),
            count: counts
                .iter()
                .map(|pointer| field::number(object, pointer))
                .max()
                .unwrap_or_default()
                .max(1),
            kind: field::text(object, "/type").to_owned(),
            reason: field::text(object, "/reason").to_owned(),
            source: field::text_or(
                object,
                "/source/component",
                &either("/reportingComponent", "/reportingController"),
            )
            .to_owned(),
            message: either("/message", "/note"),
            object_kind: either("/involvedObject/kind", "/regarding/kind"),
            object_name: either("/involvedObject/name", "/regarding/name"),
            object_uid: either("/involvedObject/uid", "/regarding/uid"),
        }
    }
}

/// The events about one object.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Newest first.
    pub events: Vec<Event>,
    /// Events about an earlier object of the same kind and name.
    pub earlier: usize,
}

/// Which object events are wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// `Pod`.
    pub kind: &'a str,
    /// Its namespace; none for a cluster-wide object, whose events may be in any namespace.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
    /// Its UID, if it still exists.
    pub uid: Option<&'a str>,
}

impl<'a> About<'a> {
    /// An object that is there.
    pub(crate) fn object(object: &'a Value) -> Self {
        Self {
            kind: field::text(object, "/kind"),
            namespace: Some(field::namespace(object)).filter(|namespace| !namespace.is_empty()),
            name: field::name(object),
            uid: Some(field::text(object, "/metadata/uid")).filter(|uid| !uid.is_empty()),
        }
    }
}

/// Events about an object, newest first.
pub(crate) fn about(host: &Host, about: About<'_>) -> Result<Found, ToolError> {
    let core = Resource::known("", "v1", "events", "Event", true);
    let selector = format!("involvedObject.name={},involvedObject.kind={}", about.name, about.kind);
    match collect(host, core, Some(selector), about) {
        // Some accounts may read one of the two APIs only; that one has no such selector.
        Err(error) if matches!(error.kind, ErrorKind::PolicyDenied | ErrorKind::NotFound) => {
            let other = Resource::known("events.k8s.io", "v1", "events", "Event", true);
            collect(host, other, None, about).map_err(|_| error)
        }
        outcome => outcome,
    }
}

fn collect(
    host: &Host,
    resource: Resource,
    selector: Option<String>,
    about: About<'_>,
) -> Result<Found, ToolError> {
    let options = ListOptions {
        namespace: about.namespace.map(str::to_owned),
        field_selector: selector,
        label_selector: None,
    };
    let mut found = Found::default();
    read::each(host, &Scope { resource, options, notes: Vec::new() }, |object| {
        let event = Event::read(&object);
        if event.object_kind != about.kind || event.object_name != about.name {
            return;
        }
        // A kubelet gives its node's name where the UID belongs.
        let same = about.uid.is_none_or(|uid| {
            event.object_uid == uid || event.object_uid.is_empty() || event.object_uid == about.name
        });
        if same {
            found.events.push(event);
        } else {
            found.earlier += 1;
        }
    })?;
    found.events.sort_by_key(|event| Reverse(event.seconds));
    Ok(found)
}

/// Lines of text: `5m ago (x13 over 50m)  Warning  BackOff  kubelet: message`.
pub(crate) fn lines(events: &[Event], now: Now) -> Vec<String> {
    let line = |event: &Event| {
        let ago = event.seconds.map_or_else(|| "?".to_owned(), |then| age::human(now.seconds() - then));
        let times = match (event.count, event.seconds.zip(event.first)) {
            (1, _) => String::new(),
            (count, Some((last, first))) if last > first => {
                format!(" (x{count} over {})", age::human(last - first))
            }
            (count, _) => format!(" (x{count})"),
        };
        let message = budget::line(&event.message, 1_000);
        format!("{ago} ago{times}  {}  {}  {}: {message}", event.kind, event.reason, event.source)
    };
    events.iter().map(line).collect()
}
