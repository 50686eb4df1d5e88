use serde_json::json;

use super::*;

fn report() -> Report {
    let object = |kind: &str, name: &str| json!({"role": "root", "apiVersion": "v1", "kind": kind, "namespace": "shop", "name": name});
    serde_json::from_value(json!({
        "schema": "triage/v1", "cluster": "prod", "now": "2026-01-01T12:00:00Z", "scope": ["shop"],
        "verdict": "findings",
        "findings": [{
            "rule": "oom-killed", "class": "limit", "severity": "critical", "confidence": "high",
            "objects": [object("Pod", "web-1"), object("Pod", "web-2")],
            "owner_chain": [object("ReplicaSet", "web-a"), object("Deployment", "web")],
            "count": 2, "since": "2026-01-01T11:46:00Z",
            "summary": "container `app` is killed because it needs more memory than its limit of 128Mi",
            "evidence": [{"id": "e1", "type": "field", "object": "Pod/shop/web-1",
                "path": ".status.containerStatuses[name=app].lastState.terminated.exitCode", "value": 137}],
            "change": [{"path": ".spec.containers[name=app].resources.limits.memory", "before": "1Gi", "after": "128Mi"}],
            "suggestion": ["raise the limit"],
            "symptoms": [{"rule": "svc", "class": "", "object": "Service/shop/web", "summary": "Service web has no ready endpoint"}],
            "checks": [{"mutating": false, "risk": "none", "argv": ["kubectl", "-n", "shop", "describe", "pod", "web-1"], "why": "see it"}],
            "fixes": [{"mutating": true, "risk": "low", "argv": ["kubectl", "-n", "shop", "set", "x=$(y)"], "why": "mend it"}],
            "fingerprint": "f", "evidence_hash": "h",
        }],
        "unknown_because_forbidden": [{"text": "not permitted to read secrets in namespace shop (list)",
            "verb": "list", "gvr": "v1/secrets", "namespace": "shop", "would_decide": []}],
        "could_not_read": ["could not read nodes: 503"],
        "coverage": [{"gvr": "v1/pods", "namespace": "shop", "outcome": "ok", "count": 12},
            {"gvr": "v1/secrets", "namespace": "shop", "outcome": "forbidden", "count": 0}],
    }))
    .unwrap()
}

/// Without colours.
fn bare(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('\u{1b}').enumerate() {
        out.push_str(if number == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    out
}

#[test]
fn a_finding_reads_from_the_fault_to_what_mends_it_within_sixty_columns() {
    let text = bare(&Page::new(60).whole(&report()));
    let expected = "\
1 finding in namespace shop of prod at 2026-01-01T12:00:00Z:
1 critical.

1.  critical: container `app` is killed because it needs
    more memory than its limit of 128Mi
    object    Pod shop/web-1, of Deployment shop/web, 2
              replicas, affects 1 object more
    since     14 min (2026-01-01T11:46:00Z), confirmed, rule
              oom-killed/limit
    evidence  .status.containerStatuses[name=app].lastState.
              terminated.exitCode = 137
    changed   .spec.containers[name=app].resources.limits.
              memory from 1Gi to 128Mi
    explains  Service web has no ready endpoint
    hint      raise the limit
    check     see it
              kubectl -n shop describe pod web-1
    fix       mend it (changes the cluster, risk low)
              kubectl -n shop set 'x=$(y)'

Not checked
- not permitted to read secrets in namespace shop (list)
- could not read nodes: 503

Read: 12 objects of 1 kind; 1 read not permitted; 1 read
failed.
";
    assert_eq!(text, expected);
}

#[test]
fn nothing_that_was_not_read_is_called_well() {
    for (verdict, begins) in [
        ("healthy", "No finding in namespace shop of prod at"),
        ("incomplete", "No finding in what could be read of namespace shop"),
        ("not_permitted", "Not determined: nothing may be read"),
    ] {
        let verdict = serde_json::from_value(json!(verdict)).unwrap();
        let report = Report { verdict, findings: Vec::new(), ..report() };
        let text = bare(&Page::new(80).whole(&report));
        assert!(text.starts_with(begins), "{text}");
        assert!(text.contains("not permitted to read secrets in namespace shop (list)"), "{text}");
        assert!(!text.to_lowercase().contains("healthy"), "{text}");
    }
}

#[test]
fn a_long_value_is_cut_and_a_long_list_is_counted() {
    let mut report = report();
    let fact = report.findings[0].evidence[0].clone();
    report.findings[0].evidence = vec![Evidence { value: json!("ü".repeat(500)), ..fact }; 9];
    let text = bare(&Page::new(80).whole(&report));
    assert_eq!(text.matches("...").count(), FACTS, "{text}");
    assert!(text.contains("and 3 facts more"), "{text}");
}
