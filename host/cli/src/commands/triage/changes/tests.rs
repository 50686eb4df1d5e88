use holmes_protocol::Severity;
use serde_json::json;

use super::*;

/// A finding about a Deployment of a namespace, seen in an event, under a fingerprint.
fn finding(fingerprint: &str, namespace: &str, hash: &str) -> Finding {
    let object = json!({
        "role": "root", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": namespace, "name": "web",
    });
    serde_json::from_value(json!({
        "rule": "failed-create", "class": "quota", "severity": "error", "confidence": "high",
        "objects": [object], "count": 1, "since": null, "summary": "quota",
        "evidence": [{"id": "e1", "type": "event", "object": format!("ReplicaSet/{namespace}/web-1"), "path": ".message", "value": "no"}],
        "fingerprint": fingerprint, "evidence_hash": hash,
    }))
    .unwrap()
}

fn report(findings: Vec<Finding>) -> Report {
    let mut report: Report = serde_json::from_value(json!({
        "schema": "triage/v1", "now": "2026-01-01T00:00:00Z", "verdict": "findings", "findings": [],
    }))
    .unwrap();
    report.findings = findings;
    report
}

/// Fingerprints of: new, changed, resolved, not determined; and how many are unchanged.
fn between(former: &Report, later: &Report, scope: &Scope<'_>) -> ([Vec<String>; 4], usize) {
    let changes = Changes::between(former, later, scope);
    let names = |findings: &[&Finding]| findings.iter().map(|one| one.fingerprint.clone()).collect();
    let lists = [&changes.new, &changes.changed, &changes.resolved, &changes.not_determined];
    (lists.map(|list| names(list)), changes.unchanged)
}

fn lists(names: [&[&str]; 4]) -> [Vec<String>; 4] {
    names.map(|names| names.iter().map(|name| (*name).to_owned()).collect())
}

/// What becomes of a finding that a later report does not have.
fn fate(later: &Report, scope: &Scope<'_>) -> &'static str {
    let former = report(vec![finding("a", "shop", "1")]);
    match between(&former, later, scope) {
        ([_, _, resolved, unknown], 0) if resolved == ["a"] && unknown.is_empty() => "resolved",
        ([_, _, resolved, unknown], 0) if resolved.is_empty() && unknown == ["a"] => "not determined",
        ([_, _, _, _], 1) => "unchanged",
        other => panic!("{other:?}"),
    }
}

fn coverage(gvr: &str, namespace: &str, outcome: ReadOutcome) -> holmes_protocol::Coverage {
    holmes_protocol::Coverage { gvr: gvr.to_owned(), namespace: namespace.to_owned(), outcome, count: 0 }
}

#[test]
fn findings_are_compared_by_fingerprint_and_by_what_they_rest_on() {
    let former =
        report(vec![finding("a", "shop", "1"), finding("b", "shop", "1"), finding("c", "shop", "1")]);
    let mut worse = finding("d", "shop", "1");
    let former_d = report([former.findings.clone(), vec![worse.clone()]].concat());
    worse.severity = Severity::Critical;
    let later =
        report(vec![finding("n", "shop", "1"), finding("a", "shop", "2"), finding("b", "shop", "1"), worse]);
    let (changes, unchanged) = between(&former_d, &later, &Scope::default());
    assert_eq!(changes, lists([&["n"], &["a", "d"], &["c"], &[]]));
    assert_eq!(unchanged, 1);
    let (same, unchanged) = between(&later, &later, &Scope::default());
    assert_eq!((same, unchanged), (lists([&[], &[], &[], &[]]), 4));
}

#[test]
fn a_finding_whose_reads_failed_is_not_resolved() {
    let scope = Scope::default();
    assert_eq!(fate(&report(vec![]), &scope), "resolved");
    let failed = [ReadOutcome::Forbidden, ReadOutcome::Unauthorized, ReadOutcome::Unavailable];
    for outcome in failed.into_iter().chain([ReadOutcome::Truncated, ReadOutcome::NotRecorded]) {
        for gvr in ["apps/v1/deployments", "apps/v1/replicasets", "v1/events"] {
            let later = Report { coverage: vec![coverage(gvr, "", outcome)], ..report(vec![]) };
            assert_eq!(fate(&later, &scope), "not determined", "{gvr} {outcome:?}");
        }
        let other = Report { coverage: vec![coverage("v1/secrets", "", outcome)], ..report(vec![]) };
        assert_eq!(fate(&other, &scope), "resolved", "{outcome:?}");
        let elsewhere = Report { coverage: vec![coverage("v1/events", "other", outcome)], ..report(vec![]) };
        assert_eq!(fate(&elsewhere, &scope), "resolved", "{outcome:?}");
    }
    for answered in [ReadOutcome::Ok, ReadOutcome::NoSuchKind] {
        let later = Report { coverage: vec![coverage("v1/events", "", answered)], ..report(vec![]) };
        assert_eq!(fate(&later, &scope), "resolved");
    }
}

#[test]
fn a_finding_whose_rule_was_not_permitted_to_look_is_not_resolved() {
    let refused = |rule: &str| UnknownRead {
        text: "not permitted to read resourcequotas (list)".to_owned(),
        verb: "list".to_owned(),
        gvr: "v1/resourcequotas".to_owned(),
        namespace: String::new(),
        name: None,
        would_decide: vec![rule.to_owned()],
    };
    let later = |rule| Report { unknown_because_forbidden: vec![refused(rule)], ..report(vec![]) };
    assert_eq!(fate(&later("failed-create"), &Scope::default()), "not determined");
    assert_eq!(fate(&later("tls-expired"), &Scope::default()), "resolved");
    let nothing = Report { verdict: Verdict::NotPermitted, ..report(vec![]) };
    assert_eq!(fate(&nothing, &Scope::default()), "not determined");
}

#[test]
fn what_is_out_of_scope_this_time_is_not_resolved() {
    let later = report(vec![]);
    let of = |namespace| Scope { namespace: Some(namespace), selected: false };
    assert_eq!(fate(&later, &of("shop")), "resolved");
    assert_eq!(fate(&later, &of("other")), "not determined");
    assert_eq!(fate(&later, &Scope { namespace: None, selected: true }), "not determined");
}

#[test]
fn what_an_annotation_silences_is_still_there() {
    let silenced = holmes_protocol::Suppressed {
        rule: "failed-create".to_owned(),
        class: "quota".to_owned(),
        object: "Deployment/shop/web".to_owned(),
        asked_by: "Namespace/shop".to_owned(),
        fingerprint: "a".to_owned(),
    };
    let later = Report { suppressed: vec![silenced], ..report(vec![]) };
    assert_eq!(fate(&later, &Scope::default()), "unchanged");
}

#[test]
fn a_kind_is_read_from_its_resource() {
    let pairs = [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("StorageClass", "storageclasses"),
        ("EndpointSlice", "endpointslices"),
        ("Endpoints", "endpoints"),
    ];
    for (kind, resource) in pairs {
        assert_eq!(plural(kind), resource);
    }
}
