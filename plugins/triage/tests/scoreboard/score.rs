//! The score of a report against what is known of a recording.

use std::collections::BTreeSet;

use holmes_protocol::{Finding, Report};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Truth {
    pub(crate) scenario: String,
    pub(crate) healthy: bool,
    #[serde(default)]
    pub(crate) root_causes: Vec<RootCause>,
    #[serde(default)]
    symptoms: Vec<Object>,
    #[serde(default)]
    must_not_blame: Vec<Object>,
    #[serde(default)]
    may_mention: Vec<Object>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RootCause {
    kind: String,
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    must_mention: Vec<String>,
    #[serde(default)]
    also_accept: Vec<Object>,
    #[serde(default)]
    also_accept_kinds: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Object {
    kind: String,
    #[serde(default)]
    namespace: String,
    name: String,
}

pub(crate) struct Score {
    pub(crate) found: usize,
    pub(crate) complaints: Vec<String>,
}

pub(crate) fn score(truth: &Truth, report: &Report) -> Score {
    let first = report.findings.get(..truth.root_causes.len()).unwrap_or(&report.findings);
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    let mut found = 0;
    for root in &truth.root_causes {
        match first.iter().position(|finding| names(root, finding) && mentions(root, finding)) {
            Some(index) => {
                found += 1;
                used.insert(index);
            }
            None => complaints.push(format!("{}: {} {} not found", truth.scenario, root.kind, root.name)),
        }
    }
    for (index, finding) in report.findings.iter().enumerate() {
        let root = &finding.objects[0];
        let is = |object: &Object| {
            object.kind == root.kind && object.namespace == root.namespace && object.name == root.name
        };
        let tells_a_root = truth.root_causes.iter().any(|root| names(root, finding));
        if truth.must_not_blame.iter().any(is) {
            complaints.push(format!("{}: blames {} {}", truth.scenario, root.kind, root.name));
        } else if !used.contains(&index) && !tells_a_root && !truth.may_mention.iter().any(is) {
            let note = if truth.symptoms.iter().any(is) { " (a symptom)" } else { "" };
            complaints.push(format!(
                "{}: {}/{} of {} {}{note} is false: {}",
                truth.scenario, finding.rule, finding.class, root.kind, root.name, finding.summary
            ));
        }
    }
    Score { found, complaints }
}

fn names(root: &RootCause, finding: &Finding) -> bool {
    finding.objects.iter().chain(&finding.owner_chain).any(|object| {
        let is = |kind: &str, namespace: &str, name: &str| {
            object.kind == kind && object.namespace == namespace && object.name == name
        };
        is(&root.kind, &root.namespace, &root.name)
            || root.also_accept.iter().any(|other| is(&other.kind, &other.namespace, &other.name))
            || root.also_accept_kinds.contains(&object.kind)
                && (object.namespace == root.namespace || object.name == root.namespace)
    })
}

fn mentions(root: &RootCause, finding: &Finding) -> bool {
    let text = serde_json::to_string(finding).unwrap();
    root.must_mention.iter().all(|pattern| regex::Regex::new(pattern).unwrap().is_match(&text))
}
