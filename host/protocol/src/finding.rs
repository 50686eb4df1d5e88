//! A triage report and its findings: the deterministic half of an answer.
//!
//! The shape is `triage/v1`: the triage toolset writes it, the loop carries it whole beside the text that
//! the model reads, and `ask --output json` prints it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never counted as a finding.
    Note,
    /// Degraded but serving, or will fail at a stated event.
    Warning,
    /// A workload, claim, node or policy object is not doing its job.
    Error,
    /// A user-facing path or a cluster-wide function is broken.
    Critical,
}

/// What a finding rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One heuristic.
    Low,
    /// Two sources agree, or one exact source and an inference about intent.
    Medium,
    /// Stated by the cluster about this very object, or an exact contradiction between two objects read.
    High,
}

/// What part an object plays in a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectRole {
    /// The fault is here.
    Root,
    /// Suffers from it.
    Affected,
}

/// A Kubernetes object that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// What part it plays.
    pub role: ObjectRole,
    /// For example `apps/v1`.
    pub api_version: String,
    /// For example `Deployment`.
    pub kind: String,
    /// Empty for objects of the whole cluster.
    #[serde(default)]
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// Its uid, when it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The version that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// The container, for findings of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// What kind of fact an evidence item states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceKind {
    /// A field of an object.
    Field,
    /// An event's message.
    Event,
    /// A line of a log.
    Log,
    /// An exact read that found nothing.
    Absent,
    /// Computed from other evidence.
    Computed,
}

/// A fact that a program can look up again in the same observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Unique within the finding: `e1`, `e2`, …
    pub id: String,
    /// What kind of fact.
    #[serde(rename = "type")]
    pub kind: EvidenceKind,
    /// `Kind/namespace/name` of the object it is read from.
    pub object: String,
    /// `JSONPath` with keyed lists, or `container[:previous]:line` for a log line.
    pub path: String,
    /// The value, message or line.
    pub value: Value,
    /// RFC 3339, when the fact has a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A field that differs between the failing revision and the last one that worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Path in the pod template.
    pub path: String,
    /// Value in the revision that worked.
    pub before: Value,
    /// Value in the failing revision.
    pub after: Value,
    /// When the failing revision was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A command for a person. Nothing here is ever executed by the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Does it change anything?
    pub mutating: bool,
    /// `none`, `low` or `high`.
    pub risk: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What it is good for.
    pub why: String,
}

/// A finding that another one explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symptom {
    /// The rule that matched.
    pub rule: String,
    /// Its sub-class.
    pub class: String,
    /// `Kind/namespace/name`.
    pub object: String,
    /// Since when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// One sentence.
    pub summary: String,
}

/// A read that was not permitted, and what it would have decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnknownRead {
    /// `not permitted to read secrets in namespace shop (get)`.
    pub text: String,
    /// The verb that was refused.
    pub verb: String,
    /// `group/version/resource`, without the group for the core group.
    pub gvr: String,
    /// Empty for the whole cluster.
    #[serde(default)]
    pub namespace: String,
    /// The object, for a refused `get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Rules that could not look.
    pub would_decide: Vec<String>,
}

/// One root cause: one failure is one finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule, kebab-case.
    pub rule: String,
    /// The rule's sub-class, kebab-case; empty when it has none.
    pub class: String,
    /// How bad.
    pub severity: Severity,
    /// What it rests on.
    pub confidence: Confidence,
    /// The root object first, then those that are affected.
    pub objects: Vec<ObjectReference>,
    /// From the root object up to the topmost controller: the fix belongs to the top.
    #[serde(default)]
    pub owner_chain: Vec<ObjectReference>,
    /// Replicas collapsed into this finding.
    pub count: u32,
    /// The earliest time that evidence supports, RFC 3339; none when unknown.
    pub since: Option<String>,
    /// The path that time came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_source: Option<String>,
    /// One sentence, at most 200 characters.
    pub summary: String,
    /// The facts; never empty.
    pub evidence: Vec<Evidence>,
    /// What changed in the failing revision.
    #[serde(default)]
    pub change: Vec<Change>,
    /// Checks that came back negative.
    #[serde(default)]
    pub ruled_out: Vec<Evidence>,
    /// The nearest name, label or port; never evidence.
    #[serde(default)]
    pub suggestion: Vec<String>,
    /// Commands that look.
    #[serde(default)]
    pub checks: Vec<Command>,
    /// Commands that mend.
    #[serde(default)]
    pub fixes: Vec<Command>,
    /// What this finding explains.
    #[serde(default)]
    pub symptoms: Vec<Symptom>,
    /// Other roots that could explain the same symptoms.
    #[serde(default)]
    pub also_explained_by: Vec<String>,
    /// What could not be read for it.
    #[serde(default)]
    pub unknown_because_forbidden: Vec<UnknownRead>,
    /// Stable over runs, pods, times and counts.
    pub fingerprint: String,
    /// Changes when the normalised evidence does.
    pub evidence_hash: String,
}

/// What the report amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found, and everything needed was read.
    Healthy,
    /// At least one finding.
    Findings,
    /// Nothing was found, but not everything could be read.
    Incomplete,
    /// No core read succeeded.
    NotPermitted,
}

/// How a read of the cluster ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadOutcome {
    /// The read succeeded.
    Ok,
    /// A served resource, but no such object.
    NotFound,
    /// The resource is not served.
    NoSuchKind,
    /// 403, or denied by the host's policy.
    Forbidden,
    /// 401.
    Unauthorized,
    /// Time-out, 5xx, or 429 after retries.
    Unavailable,
    /// A page or byte budget ended the read.
    Truncated,
    /// The recording did not capture it.
    NotRecorded,
}

/// What was read, and how that ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    /// `group/version/resource`, without the group for the core group.
    pub gvr: String,
    /// Empty for the whole cluster.
    #[serde(default)]
    pub namespace: String,
    /// How the read ended.
    pub outcome: ReadOutcome,
    /// Objects read.
    pub count: u64,
}

/// What triage says about a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always `triage/v1`.
    pub schema: String,
    /// The cluster's name, if it is known.
    #[serde(default)]
    pub cluster: String,
    /// The moment the report is about, RFC 3339; frozen for a recording.
    pub now: String,
    /// The namespaces looked at; empty for all.
    #[serde(default)]
    pub scope: Vec<String>,
    /// What it amounts to.
    pub verdict: Verdict,
    /// Root causes, worst first.
    pub findings: Vec<Finding>,
    /// Worth knowing, never counted.
    #[serde(default)]
    pub notes: Vec<Finding>,
    /// What an annotation in the cluster asked not to be told; never critical, always counted.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// Reads that were not permitted.
    #[serde(default)]
    pub unknown_because_forbidden: Vec<UnknownRead>,
    /// Reads that failed for another reason, as sentences.
    #[serde(default)]
    pub could_not_read: Vec<String>,
    /// What was read.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
    /// Where the look at the cluster ended.
    #[serde(default)]
    pub limits: Limits,
    /// How much there was.
    #[serde(default)]
    pub stats: Stats,
}

/// A finding that somebody asked not to be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suppressed {
    /// The rule that matched.
    pub rule: String,
    /// Its sub-class.
    pub class: String,
    /// `Kind/namespace/name` of the root.
    pub object: String,
    /// `Kind/namespace/name` of the object whose annotation asks for silence.
    pub asked_by: String,
    /// The finding's.
    pub fingerprint: String,
}

/// Where the look at the cluster ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Logs of containers that were read.
    pub logs_read: u64,
    /// Logs of unhealthy containers that were left out, because their siblings' were read or there were too many.
    pub logs_left_out: u64,
    /// Lines of each log at most, the newest.
    pub lines_per_log: u64,
}

/// How much there was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Objects read, events not counted.
    pub objects: u64,
    /// Events read.
    pub events: u64,
    /// Root causes told.
    pub findings: u64,
    /// What they explain.
    pub symptoms: u64,
}

impl Report {
    /// The schema's name, which marks a tool's JSON as a report.
    pub const SCHEMA: &'static str = "triage/v1";
}
