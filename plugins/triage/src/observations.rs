//! What was read of a cluster, with the outcome of every read. The rules see nothing else.

use std::collections::BTreeMap;

use holmes_protocol::ReadOutcome;
use serde_json::Value;

use crate::configuration;
pub use crate::kinds::{Kind, SOURCES, Source};
use crate::object::Object;

/// One list, as far as it could be read.
#[derive(Debug, Clone)]
pub struct List {
    /// How the read ended.
    pub outcome: ReadOutcome,
    /// The cluster's own words, when the read failed.
    pub message: String,
    /// The objects, sorted by namespace and name.
    pub items: Vec<Value>,
}

/// One container's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The instance before the last restart?
    pub previous: bool,
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// None: every namespace was read.
    pub namespace: Option<String>,
    /// Lists by kind.
    pub lists: BTreeMap<Kind, List>,
    /// Logs of unhealthy containers.
    pub logs: BTreeMap<LogKey, Result<String, ReadOutcome>>,
    /// Logs of unhealthy containers that were not read, so that one failure does not cost thousands of reads.
    pub logs_left_out: u64,
}

/// Annotations that repeat the whole object, or a secret in clear text.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl Observations {
    /// Adds a list that was read whole.
    pub fn add(&mut self, kind: Kind, mut items: Vec<Value>) {
        items.iter_mut().for_each(slim);
        items.sort_by(|one, other| {
            (one.namespace(), one.name(), one.uid()).cmp(&(other.namespace(), other.name(), other.uid()))
        });
        self.lists.insert(kind, List { outcome: ReadOutcome::Ok, message: String::new(), items });
    }

    /// Adds a list that could not be read.
    pub fn add_failure(&mut self, kind: Kind, outcome: ReadOutcome, message: String) {
        self.lists.insert(kind, List { outcome, message, items: Vec::new() });
    }

    /// The objects of a kind; empty also when they could not be read, so never proof of absence.
    pub fn items(&self, kind: Kind) -> &[Value] {
        self.lists.get(&kind).map_or(&[], |list| list.items.as_slice())
    }

    /// How the read of a kind ended.
    pub fn outcome(&self, kind: Kind) -> ReadOutcome {
        self.lists.get(&kind).map_or(ReadOutcome::NotRecorded, |list| list.outcome)
    }
}

/// Drops what no rule reads; in a large cluster it is half of the memory.
pub(crate) fn slim(item: &mut Value) {
    let kept_managers = matches!(item.kind(), "ConfigMap" | "Secret" | "Node");
    match item.kind() {
        "ConfigMap" => configuration::keep_keys(item),
        // The schema of a large definition outweighs everything else of a small cluster.
        "CustomResourceDefinition" => {
            let versions = item.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
            for version in versions.into_iter().flatten().filter_map(Value::as_object_mut) {
                version.remove("schema");
            }
        }
        _ => {}
    }
    let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if kept_managers {
        // Who changed it, and when; not which fields.
        let managers = metadata.get_mut("managedFields").and_then(Value::as_array_mut);
        for manager in managers.into_iter().flatten().filter_map(Value::as_object_mut) {
            manager.retain(|key, _| matches!(key.as_str(), "manager" | "operation" | "time"));
        }
    } else {
        metadata.remove("managedFields");
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
}
