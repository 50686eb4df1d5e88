//! From observations to a report: rules, roll-up, order, fingerprints and what could not be read.

use holmes_protocol::{Coverage, Finding, ReadOutcome, Report, Severity, UnknownRead, Verdict};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::draft::Draft;
use crate::object::{Seconds, format_time};
use crate::observations::{Kind, Observations, SOURCES};
use crate::rollup::roll_up;
use crate::rules::RULES;
use crate::view::View;

/// What a caller may choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Show what is worth knowing but is no finding.
    pub notes: bool,
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
    let view = View::new(observations, now);
    let drafts: Vec<Draft> = RULES.iter().flat_map(|rule| (rule.evaluate)(&view)).collect();
    let mut drafts = roll_up(&view, &drafts);
    drafts.retain(|draft| !draft.finding.evidence.is_empty());
    drafts.sort_by_key(order);
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
        findings,
        notes: if options.notes { notes } else { Vec::new() },
        unknown_because_forbidden: unknown,
        could_not_read,
        coverage: coverage(observations),
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

type Order = (std::cmp::Reverse<Severity>, std::cmp::Reverse<usize>, Seconds, String, String, String, String);

fn order(draft: &Draft) -> Order {
    let finding = &draft.finding;
    let container = finding.objects.first().and_then(|root| root.container.clone()).unwrap_or_default();
    (
        std::cmp::Reverse(finding.severity),
        std::cmp::Reverse(finding.symptoms.len()),
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
            let rules = RULES.iter().filter(|rule| rule.reads.contains(&source.kind));
            UnknownRead {
                text: format!("not permitted to read {} {place} (list)", source.plural),
                verb: "list".to_owned(),
                gvr: gvr(source.kind),
                namespace,
                name: None,
                would_decide: rules.map(|rule| rule.name.to_owned()).collect(),
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
        would_decide: vec!["crash".to_owned(), "job".to_owned(), "network-policy".to_owned()],
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
