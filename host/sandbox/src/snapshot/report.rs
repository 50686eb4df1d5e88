//! What is told while a recording is made, and at its end.

use serde::Serialize;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Objects are read.
    Kinds {
        /// Kinds that are finished.
        done: usize,
        /// All kinds.
        total: usize,
        /// Objects so far.
        objects: usize,
    },
    /// Logs are read.
    Logs {
        /// Containers that are finished.
        done: usize,
        /// All containers.
        total: usize,
    },
    /// The archive is written.
    Packing,
}

/// What was recorded, and what was not.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The cluster's name in the recording.
    pub cluster: String,
    /// Bytes of the finished archive, or of all files of the folder.
    pub bytes: u64,
    /// Kinds with at least one object.
    pub kinds: usize,
    /// Kinds that could be listed, with objects or without.
    pub readable: usize,
    /// All objects.
    pub objects: usize,
    /// Containers' logs, previous ones too.
    pub logs: usize,
    /// Values that were replaced by placeholders.
    pub redacted: usize,
    /// What the account was not permitted to read.
    pub forbidden: Vec<Forbidden>,
    /// What answered with another error, or was left out on demand.
    pub unavailable: Vec<Unavailable>,
    /// `namespace/pod/container` whose log did not fit.
    pub left_out: Vec<String>,
    /// `namespace/pod/container` whose log could not be read.
    pub unread: Vec<String>,
}

/// An entry of `forbidden.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Forbidden {
    /// The API group; empty: core.
    pub group: String,
    /// The plural, or `pods/log`.
    pub resource: String,
}

/// An entry of `unavailable.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unavailable {
    /// The API group; empty: core.
    pub group: String,
    /// The plural; none: all of the group's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The version that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The HTTP status; 503 when there was no answer.
    pub status: u16,
    /// Redacted.
    pub message: String,
}

/// The message of a kind that nobody wanted.
pub(super) const LEFT_OUT: &str = "left out when this was recorded";

impl Unavailable {
    /// Whether it is missing on demand rather than by an error.
    pub fn is_left_out(&self) -> bool {
        self.message == LEFT_OUT
    }
}

impl std::fmt::Display for Forbidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        name(formatter, Some(&self.resource), &self.group)
    }
}

impl std::fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        name(formatter, self.resource.as_deref(), &self.group)
    }
}

/// `pods`, `deployments.apps`, or the group alone.
fn name(formatter: &mut std::fmt::Formatter<'_>, resource: Option<&str>, group: &str) -> std::fmt::Result {
    match (resource, group) {
        (Some(resource), "") => formatter.write_str(resource),
        (Some(resource), group) => write!(formatter, "{resource}.{group}"),
        (None, group) => formatter.write_str(group),
    }
}
