use serde_json::json;

use super::*;

fn finding(fingerprint: &str, severity: &str, hash: &str) -> Finding {
    serde_json::from_value(json!({
        "rule": "crashloop", "class": "", "severity": severity, "confidence": "high",
        "objects": [{"role": "root", "apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web"}],
        "count": 1, "since": null, "summary": "it crashes",
        "evidence": [{"id": "e1", "type": "field", "object": "Pod/shop/web", "path": ".status", "value": 1}],
        "fingerprint": fingerprint, "evidence_hash": hash,
    }))
    .unwrap()
}

fn report(findings: &[Finding]) -> Report {
    let mut report: Report = serde_json::from_value(json!({
        "schema": "triage/v1", "now": "2026-01-01T00:00:00Z", "verdict": "findings", "findings": [],
    }))
    .unwrap();
    report.findings = findings.to_vec();
    report
}

/// What each of these looks announces, after a first one.
fn announced(first: &[Finding], looks: &[&[Finding]]) -> Vec<Vec<String>> {
    let mut damping = Damping::new(&report(first));
    let told = |change: &Change| match change {
        Change::New(finding) => format!("+{}", finding.fingerprint),
        Change::Changed(finding) => format!("~{}{}", finding.fingerprint, finding.evidence_hash),
        Change::Resolved(finding) => format!("-{}", finding.fingerprint),
    };
    let mut take =
        |look: &&[Finding]| damping.take(&report(look), &Scope::default()).iter().map(told).collect();
    looks.iter().map(&mut take).collect()
}

const NOTHING: &[&str] = &[];

#[test]
fn a_fault_is_announced_when_it_is_there_twice_and_over_when_it_is_absent_twice() {
    let a = [finding("a", "error", "1")];
    let looks: [&[Finding]; 6] = [&a, &a, &a, &[], &[], &[]];
    assert_eq!(announced(&[], &looks), [NOTHING, &["+a"], NOTHING, NOTHING, &["-a"], NOTHING]);
}

#[test]
fn what_comes_and_goes_is_not_announced() {
    let a = [finding("a", "error", "1")];
    let looks: [&[Finding]; 5] = [&a, &[], &a, &[], &a];
    assert_eq!(announced(&[], &looks), [NOTHING; 5]);
    let looks: [&[Finding]; 4] = [&[], &a, &[], &a];
    assert_eq!(announced(&a, &looks), [NOTHING; 4]);
}

#[test]
fn a_critical_fault_is_announced_at_once() {
    let (minor, critical) = ([finding("a", "error", "1")], [finding("a", "critical", "1")]);
    assert_eq!(announced(&[], &[&critical, &critical]), [&["+a"], NOTHING]);
    assert_eq!(announced(&minor, &[&critical, &critical]), [&["~a1"], NOTHING]);
}

#[test]
fn other_evidence_is_announced_when_it_stays() {
    let one = [finding("a", "error", "1")];
    let two = [finding("a", "error", "2")];
    let three = [finding("a", "error", "3")];
    let looks: [&[Finding]; 5] = [&two, &one, &two, &three, &three];
    assert_eq!(announced(&one, &looks), [NOTHING, NOTHING, NOTHING, NOTHING, &["~a3"]]);
}

#[test]
fn nothing_is_over_while_nobody_can_look() {
    let a = finding("a", "error", "1");
    let mut damping = Damping::new(&report(std::slice::from_ref(&a)));
    let mut blind = report(&[]);
    blind.coverage = vec![holmes_protocol::Coverage {
        gvr: "v1/pods".to_owned(),
        namespace: String::new(),
        outcome: holmes_protocol::ReadOutcome::Unavailable,
        count: 0,
    }];
    for _ in 0..5 {
        assert_eq!(damping.take(&blind, &Scope::default()), []);
    }
    assert_eq!(damping.take(&report(&[]), &Scope::default()), []);
    assert_eq!(damping.take(&report(&[]), &Scope::default()), [Change::Resolved(a)]);
}
