//! A recorded cluster: files that answer as the API server would have answered when they were written.
//!
//! What is read goes to a store, of which little is in memory. The invariant: the recording is not changed, nothing
//! outside it is opened, no Secret is put on a disk, and no value of one leaves.

mod catalog;
mod clock;
mod denials;
mod error;
mod fields;
mod labels;
mod layout;
mod line_time;
mod list;
mod logs;
mod object;
mod reading;
mod role;
mod scan;
mod sections;
pub(super) mod source;
mod spool;
mod status;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use jiff::Timestamp;

use self::catalog::{Catalog, Kind};
use self::denials::Denials;
pub use self::error::{RecordingError, Warning};
use self::logs::Log;
use self::object::Object;
use self::reading::Reading;
use self::source::{Limits, Root};
use self::spool::Store;
use super::kubernetes::{KubernetesRequest, Resolved, Verb};
use crate::redact::{self, Placeholder};

const JSON: &str = "application/json";

/// What an API server would say when nobody recorded its version.
const UNKNOWN_VERSION: &[u8] = br#"{"major":"","minor":"","gitVersion":"unknown","platform":"unknown"}"#;

/// A cluster as it was, with its clock stopped.
#[derive(Debug)]
pub struct Recording {
    cluster: Option<String>,
    now: Timestamp,
    version: Option<Bytes>,
    catalog: Catalog,
    /// By group and plural, in etcd's order.
    objects: BTreeMap<(String, String), Vec<Object>>,
    /// Kinds whose file could not be read: nobody knows.
    damaged: BTreeSet<(String, String)>,
    /// The only namespaces that were recorded.
    namespaces: Option<BTreeSet<String>>,
    store: Store,
    /// By `namespace/pod/container.log`.
    logs: BTreeMap<String, Log>,
    /// The folder, for logs that stay there.
    root: Option<Root>,
    /// Do lines of logs begin with the kubelet's time?
    stamped_logs: bool,
    denials: Denials,
    origin: Origin,
}

/// Says what a kind without objects means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Every kind was asked for: there are none.
    Recorded,
    /// Somebody asked for some kinds, or the archive is cut off: nobody knows.
    Dumped,
}

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body's type.
    pub content_type: &'static str,
    /// Masked already.
    pub body: Bytes,
}

impl Answer {
    fn json(status: u16, body: Bytes) -> Self {
        Self { status, content_type: JSON, body }
    }
}

/// What a recording holds, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The cluster's name, if it was recorded.
    pub cluster: Option<String>,
    /// The recording's "now", in RFC 3339.
    pub recorded_at: String,
    /// Kinds with at least one object.
    pub kinds: usize,
    /// All objects.
    pub objects: usize,
    /// Containers' logs, previous ones too.
    pub logs: usize,
    /// What the recording's account was not permitted to list: `secrets`, `roles.rbac.authorization.k8s.io`.
    pub forbidden: Vec<String>,
}

impl Recording {
    /// Opens a folder, an archive or a file. Warnings name what was left out; the rest is served.
    pub fn open(path: &Path) -> Result<(Self, Vec<Warning>), RecordingError> {
        Self::open_within(path, Limits::STREAMED)
    }

    fn open_within(path: &Path, limits: Limits) -> Result<(Self, Vec<Warning>), RecordingError> {
        let mut reading = Reading::new(path.to_owned(), limits);
        let outcome = source::visit(path, limits, &mut |path, content| reading.file(path, content))?;
        let (recording, warnings) = layout::build(reading, outcome)?;
        if recording.holds_nothing() {
            return Err(RecordingError::Empty(path.to_owned()));
        }
        Ok((recording, warnings))
    }

    /// A snapshot of an account that may list nothing is a recording too.
    fn holds_nothing(&self) -> bool {
        self.objects.is_empty() && self.version.is_none() && self.denials.forbidden_names().is_empty()
    }

    /// The time at which the clock stands, in milliseconds since 1970.
    pub fn now_unix_ms(&self) -> u64 {
        u64::try_from(self.now.as_millisecond()).unwrap_or(0)
    }

    /// The recorded cluster's name.
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// What the recording holds.
    pub fn summary(&self) -> Summary {
        Summary {
            cluster: self.cluster.clone(),
            recorded_at: self.now.to_string(),
            kinds: self.objects.values().filter(|objects| !objects.is_empty()).count(),
            objects: self.objects.values().map(Vec::len).sum(),
            logs: self.logs.len(),
            forbidden: self.denials.forbidden_names(),
        }
    }

    /// Answers as the API server would have. Secrets are masked with `placeholder` before they are in the answer.
    pub fn answer(
        &self,
        resolved: &Resolved,
        query: &[(String, String)],
        placeholder: &Placeholder<'_>,
    ) -> Answer {
        match resolved {
            Resolved::NonResource(path) => self.document(path),
            Resolved::Resource(request) => self.resource(request, query, placeholder),
        }
    }

    fn document(&self, path: &str) -> Answer {
        if path == "/version" {
            let version = self.version.clone().unwrap_or(Bytes::from_static(UNKNOWN_VERSION));
            return Answer::json(200, version);
        }
        match self.catalog.document(path) {
            Some(document) => Answer::json(200, document),
            None => self.denials.of_path(path).unwrap_or_else(status::no_such_resource),
        }
    }

    fn resource(
        &self,
        request: &KubernetesRequest,
        query: &[(String, String)],
        placeholder: &Placeholder<'_>,
    ) -> Answer {
        match request.verb {
            Verb::Get | Verb::List => {}
            Verb::Watch => return status::not_allowed("a recording cannot be watched"),
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => {
                return status::not_allowed(&format!(
                    "a recording is read-only: {} is not supported",
                    request.verb
                ));
            }
        }
        if let Some(denied) = self.denials.of(request) {
            return denied;
        }
        let Some(kind) = self.catalog.find(&request.group, &request.version, &request.resource) else {
            return status::no_such_resource();
        };
        let Some(objects) = self.objects_of(kind).filter(|_| self.covers(request, kind)) else {
            return status::not_recorded(request);
        };
        match (&request.name, request.subresource.as_deref()) {
            _ if !scope_fits(request, kind) => status::no_such_resource(),
            (None, _) => {
                list::answer(&in_scope(request, kind), kind, (objects, &self.store), query, placeholder)
            }
            (Some(name), None | Some("status")) => match find(objects, request, kind, name) {
                Some(object) => self.whole(object, kind, placeholder),
                None => status::not_found(request, name),
            },
            (Some(name), Some("log")) if request.group.is_empty() && request.resource == "pods" => {
                match find(objects, request, kind, name) {
                    Some(pod) => logs::answer(self, pod, query),
                    None => status::not_found(request, name),
                }
            }
            (Some(_), Some(_)) => status::no_such_resource(),
        }
    }

    /// Was the namespace recorded?
    fn covers(&self, request: &KubernetesRequest, kind: &Kind) -> bool {
        match (&self.namespaces, &request.namespace) {
            (Some(recorded), Some(namespace)) if kind.namespaced => recorded.contains(namespace),
            _ => true,
        }
    }

    /// `None`: nobody knows.
    fn objects_of(&self, kind: &Kind) -> Option<&[Object]> {
        let key = (kind.group.clone(), kind.plural.clone());
        match self.objects.get(&key) {
            Some(objects) => Some(objects),
            None if self.origin == Origin::Recorded && !self.damaged.contains(&key) => Some(&[]),
            None => None,
        }
    }

    fn whole(&self, object: &Object, kind: &Kind, placeholder: &Placeholder<'_>) -> Answer {
        let raw = match object.raw(&self.store) {
            Ok(raw) => object::with_kind(&raw, &kind.kind, &kind.group_version()),
            Err(error) => return status::unreadable(&error),
        };
        if !object.is_secret() {
            return Answer::json(200, raw.into());
        }
        match redact::mask_secrets(&raw, placeholder) {
            Ok(masked) => Answer::json(200, masked.into_owned().into()),
            Err(error) => status::withheld(&error.to_string()),
        }
    }
}

/// Objects of a namespaced kind have no address outside one, and those of a cluster none inside.
fn scope_fits(request: &KubernetesRequest, kind: &Kind) -> bool {
    match (&request.namespace, kind.namespaced) {
        (Some(_), true) | (None, false) => true,
        // A namespace is addressed as if it were in itself.
        (Some(_), false) => is_namespaces(kind),
        (None, true) => request.name.is_none(),
    }
}

fn is_namespaces(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.plural == "namespaces"
}

fn in_scope(request: &KubernetesRequest, kind: &Kind) -> KubernetesRequest {
    let namespace = request.namespace.clone().filter(|_| kind.namespaced);
    KubernetesRequest { namespace, ..request.clone() }
}

fn find<'a>(
    objects: &'a [Object],
    request: &KubernetesRequest,
    kind: &Kind,
    name: &str,
) -> Option<&'a Object> {
    let key = match &request.namespace {
        Some(namespace) if kind.namespaced => format!("{namespace}/{name}"),
        _ => name.to_owned(),
    };
    let found = objects.binary_search_by(|object| object.key().cmp(&key)).ok()?;
    objects.get(found)
}
