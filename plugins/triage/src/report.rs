//! From observations to a report: rules, roll-up, order, fingerprints and what could not be read.

mod impact;
mod scope;
mod suppress;

pub(crate) use scope::is_selector;

use std::cmp::Reverse;

use holmes_protocol::{
    Coverage, Finding, Limits, ReadOutcome, Report, Severity, Stats, UnknownRead, Verdict,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::collect::LOG_LINES;
use crate::decode::nearest;
use crate::draft::Draft;
use crate::object::{Object, Seconds, format_time};
use crate::observations::{Kind, Observations, SOURCES};
use crate::rollup::roll_up;
use crate::rules::{self, Subject};
use crate::view::View;

/// What a caller may choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Show what is worth knowing but is no finding.
    pub notes: bool,
    /// Report only what touches an object with these labels: `app=web,tier=front`.
    pub selector: Option<String>,
    /// Judge also the logs of containers that run well.
    pub deep: bool,
    /// Heed the annotation that asks for silence? Whoever can write objects can write it.
    pub suppress: Suppress,
}

/// What the annotation `holmes-host/triage-ignore` is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Suppress {
    /// It moves findings to `suppressed`.
    #[default]
    AsAsked,
    /// It is ignored.
    Never,
}

/// Kinds without which nothing can be said about a cluster.
const CORE: [Kind; 7] = [
    Kind::Pod,
    Kind::Event,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
];

/// Judges what was read. The same observations and moment give the same report, byte for byte.
pub fn evaluate(observations: &Observations, now: Seconds, options: &Options) -> Report {
    let mut view = View::new(observations, now);
    view.deep = options.deep;
    let drafts: Vec<Draft> = rules::all().flat_map(|rule| (rule.evaluate)(&view)).collect();
    let mut drafts = roll_up(&view, drafts);
    drafts.retain(|draft| !draft.finding.evidence.is_empty());
    if let Some(selector) = &options.selector {
        drafts.retain(|draft| scope::touches(&view, draft, selector));
    }
    for draft in &mut drafts {
        impact::lessen(&view, draft);
    }
    let (suppressed, mut drafts) = match options.suppress {
        Suppress::AsAsked => suppress::split(&view, drafts),
        Suppress::Never => (Vec::new(), drafts),
    };
    drafts.sort_by_cached_key(order);
    let findings: Vec<Finding> = drafts.into_iter().map(finish).collect();
    let (notes, findings): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Note);
    let unknown = unknown(observations);
    let could_not_read = could_not_read(observations);
    let core =
        |outcome: ReadOutcome| CORE.iter().filter(|kind| observations.outcome(**kind) == outcome).count();
    let verdict = if core(ReadOutcome::Ok) == 0 && core(ReadOutcome::Forbidden) > 0 {
        Verdict::NotPermitted
    } else if !findings.is_empty() {
        Verdict::Findings
    } else if unknown.is_empty() && could_not_read.is_empty() {
        Verdict::Healthy
    } else {
        Verdict::Incomplete
    };
    Report {
        schema: Report::SCHEMA.to_owned(),
        cluster: String::new(),
        now: format_time(now),
        scope: observations.namespace.iter().cloned().collect(),
        verdict,
        stats: stats(observations, &findings),
        findings,
        notes: if options.notes { notes } else { Vec::new() },
        suppressed,
        unknown_because_forbidden: unknown,
        could_not_read,
        coverage: coverage(observations),
        limits: Limits {
            logs_read: observations.logs.values().filter(|log| log.is_ok()).count() as u64,
            logs_left_out: observations.logs_left_out,
            lines_per_log: LOG_LINES,
        },
    }
}

fn stats(observations: &Observations, findings: &[Finding]) -> Stats {
    let count = |events: bool| {
        let lists = observations.lists.iter().filter(|(kind, _)| (**kind == Kind::Event) == events);
        lists.map(|(_, list)| list.items.len() as u64).sum()
    };
    Stats {
        objects: count(false),
        events: count(true),
        findings: findings.len() as u64,
        symptoms: findings.iter().map(|finding| finding.symptoms.len() as u64).sum(),
    }
}

/// Why no core read succeeded, unless it is that none is permitted: that is an answer.
pub(crate) fn nothing_was_read(observations: &Observations) -> Option<String> {
    let failed = |kind: &Kind| {
        let outcome = observations.outcome(*kind);
        matches!(outcome, ReadOutcome::Unavailable | ReadOutcome::Unauthorized)
    };
    let first =
        CORE.iter().all(failed).then(|| CORE.first().and_then(|kind| observations.lists.get(kind)))?;
    first.map(|list| crate::redact::quote(&list.message))
}

/// Is a namespace certainly not there?
pub(crate) fn is_missing(observations: &Observations, namespace: &str) -> bool {
    observations.outcome(Kind::Namespace) == ReadOutcome::Ok
        && !observations.items(Kind::Namespace).iter().any(|known| known.name() == namespace)
}

/// The namespace that somebody may have meant.
pub(crate) fn nearest_namespace<'o>(observations: &'o Observations, namespace: &str) -> Option<&'o str> {
    nearest::name(namespace, observations.items(Kind::Namespace).iter().map(Object::name))
}

type Order = (Reverse<Severity>, Reverse<usize>, Option<Subject>, Seconds, String, String, String, String);

fn order(draft: &Draft) -> Order {
    let finding = &draft.finding;
    let container = finding.objects.first().and_then(|root| root.container.clone()).unwrap_or_default();
    (
        Reverse(finding.severity),
        Reverse(draft.affected.len()),
        rules::by_id(&finding.rule).map(|rule| rule.subject),
        draft.since.unwrap_or(Seconds::MAX),
        finding.rule.clone(),
        finding.class.clone(),
        draft.root_key(),
        container,
    )
}

/// Adds what only a finished finding has: its fingerprints.
fn finish(draft: Draft) -> Finding {
    let top = draft.finding.owner_chain.last().or_else(|| draft.finding.objects.first());
    let top = top.map(|top| json!([top.uid, top.kind, top.namespace, top.name]));
    let mut parameters = draft.parameters;
    parameters.sort();
    parameters.dedup();
    let mut finding = draft.finding;
    // A cluster's own id is not among what triage reads; the uid of the top owner stands for it.
    finding.fingerprint = digest(&json!([finding.rule, finding.class, top, parameters]));
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|item| json!([item.kind, normalised(&item.path), normalised(&item.value.to_string())]))
        .collect();
    finding.evidence_hash = digest(&Value::Array(evidence));
    finding
}

fn digest(value: &Value) -> String {
    use std::fmt::Write;
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(value.to_string().as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Text without the numbers and generated names that change from run to run.
fn normalised(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        if word.chars().any(|letter| letter.is_ascii_digit()) {
            out.push('#');
        } else {
            out.push_str(word);
        }
    }
    out
}

fn gvr(kind: Kind) -> String {
    let source = kind.source();
    if source.group.is_empty() {
        format!("{}/{}", source.version, source.plural)
    } else {
        format!("{}/{}/{}", source.group, source.version, source.plural)
    }
}

fn place(observations: &Observations, kind: Kind) -> (String, String) {
    match &observations.namespace {
        Some(namespace) if kind.source().namespaced => {
            (namespace.clone(), format!("in namespace {namespace}"))
        }
        _ if kind.source().namespaced => (String::new(), "in all namespaces".to_owned()),
        _ => (String::new(), "at the cluster scope".to_owned()),
    }
}

fn unknown(observations: &Observations) -> Vec<UnknownRead> {
    let mut reads: Vec<UnknownRead> = SOURCES
        .iter()
        .filter(|source| {
            matches!(observations.outcome(source.kind), ReadOutcome::Forbidden | ReadOutcome::Unauthorized)
        })
        .map(|source| {
            let (namespace, place) = place(observations, source.kind);
            let rules = rules::all().filter(|rule| rule.reads.contains(&source.kind));
            UnknownRead {
                text: format!("not permitted to read {} {place} (list)", source.plural),
                verb: "list".to_owned(),
                gvr: gvr(source.kind),
                namespace,
                name: None,
                would_decide: rules.map(|rule| rule.id.to_owned()).collect(),
            }
        })
        .collect();
    let mut refused: Vec<&str> = observations
        .logs
        .iter()
        .filter(|(_, log)| matches!(log, Err(ReadOutcome::Forbidden)))
        .map(|(key, _)| key.namespace.as_str())
        .collect();
    refused.dedup();
    reads.extend(refused.into_iter().map(|namespace| UnknownRead {
        text: format!("not permitted to read pods/log in namespace {namespace} (get)"),
        verb: "get".to_owned(),
        gvr: "v1/pods/log".to_owned(),
        namespace: namespace.to_owned(),
        name: None,
        would_decide: vec![
            "crashloop".to_owned(),
            "dependency-unreachable".to_owned(),
            "job-failed".to_owned(),
        ],
    }));
    reads
}

fn could_not_read(observations: &Observations) -> Vec<String> {
    SOURCES
        .iter()
        .filter_map(|source| {
            let list = observations.lists.get(&source.kind);
            let message = list.map(|list| list.message.as_str()).unwrap_or_default();
            match observations.outcome(source.kind) {
                ReadOutcome::Unavailable | ReadOutcome::Truncated | ReadOutcome::NotFound => {
                    Some(format!("could not read {}: {}", source.plural, crate::redact::quote(message)))
                }
                ReadOutcome::NotRecorded => Some(format!("the recording has no {}", source.plural)),
                ReadOutcome::Ok
                | ReadOutcome::NoSuchKind
                | ReadOutcome::Forbidden
                | ReadOutcome::Unauthorized => None,
            }
        })
        .collect()
}

fn coverage(observations: &Observations) -> Vec<Coverage> {
    SOURCES
        .iter()
        .map(|source| Coverage {
            gvr: gvr(source.kind),
            namespace: place(observations, source.kind).0,
            outcome: observations.outcome(source.kind),
            count: observations.items(source.kind).len() as u64,
        })
        .collect()
}
