//! What the built-in model does, turn by turn, and how a report reads.

use holmes_protocol::{SideEffect, ToolSpec, Verdict};
use serde_json::json;

use super::*;

fn report() -> Report {
    serde_json::from_value(json!({
        "schema": "triage/v1", "cluster": "prod", "now": "2026-01-01T12:00:00Z", "scope": ["shop"],
        "verdict": "findings", "notes": [],
        "findings": [{
            "rule": "image-pull", "class": "not-found", "severity": "error", "confidence": "high",
            "objects": [
                {"role": "root", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
                {"role": "affected", "apiVersion": "v1", "kind": "Service", "namespace": "shop", "name": "web"}],
            "count": 2, "since": "2026-01-01T11:00:00Z", "summary": "image `web:v2` does not exist",
            "evidence": [{"id": "e1", "type": "field", "object": "Pod/shop/web-1", "path": "status.reason", "value": "ErrImagePull"}],
            "checks": [{"mutating": false, "risk": "none", "argv": ["kubectl", "-n", "shop", "get", "pods"], "why": "see the pods"}],
            "fixes": [{"mutating": true, "risk": "low", "argv": ["kubectl", "rollout", "undo", "x y"], "why": "go back"}],
            "fingerprint": "f", "evidence_hash": "h"
        }],
        "unknown_because_forbidden": [{"text": "not permitted to read secrets", "verb": "get", "gvr": "v1/secrets",
            "would_decide": ["missing-key"]}],
    }))
    .unwrap()
}

fn request(messages: Vec<Message>, with_triage: &[&str]) -> ChatRequest {
    let spec = |name: &&str| ToolSpec {
        name: name.parse().unwrap(),
        toolset: "triage".parse().unwrap(),
        description: String::new(),
        input_schema: json!({}),
        side_effect: SideEffect::ReadOnly,
    };
    ChatRequest { messages, tools: with_triage.iter().map(spec).collect() }
}

fn user() -> Message {
    Message::User { text: "why?".into() }
}

fn result(status: ToolStatus, report: Option<Report>) -> Message {
    let (call_id, name) = (CALL_ID.parse().unwrap(), TRIAGE_TOOL.parse().unwrap());
    Message::Tool { call_id, name, status, text: "connection refused".into(), report: report.map(Box::new) }
}

#[test]
fn it_calls_triage_then_renders_then_triages_the_next_question_again() {
    let first = answer(&request(vec![user()], &["triage"]));
    assert_eq!((first.finish, first.tool_calls[0].arguments.as_str()), (FinishReason::ToolCalls, "{}"));
    let history = vec![user(), result(ToolStatus::Success, Some(report()))];
    let second = answer(&request(history.clone(), &["triage"]));
    assert!(second.tool_calls.is_empty() && second.text.contains("image `web:v2` does not exist"));
    let third = answer(&request([history, vec![user()]].concat(), &["triage"]));
    assert_eq!(third.tool_calls.len(), 1);
}

#[test]
fn it_says_what_is_missing_or_failed() {
    let bare = answer(&request(vec![user()], &[])).text;
    assert!(bare.contains("no triage toolset is loaded") && bare.contains("--plugins"), "{bare}");
    let failed = answer(&request(vec![user(), result(ToolStatus::Error, None)], &["triage"])).text;
    assert!(failed.contains("> connection refused") && failed.contains("--snapshot"), "{failed}");
    assert!(failed.lines().last().unwrap().contains("builtin/triage"));
}

#[test]
fn a_report_reads_in_the_fixed_order() {
    let expected = "\
**1 problem found** in namespace `shop` of `prod`: 1 error.
Worst: image `web:v2` does not exist (since 2026-01-01T11:00:00Z (1 h 0 min), confirmed).
State of 2026-01-01T12:00:00Z.

## Findings

1. **error** `Deployment/shop/web`: image `web:v2` does not exist
   - since 2026-01-01T11:00:00Z (1 h 0 min), confirmed, 2 replicas (rule `image-pull`)
   - evidence: `Pod/shop/web-1` `status.reason` = `ErrImagePull`
   - affects: `Service/shop/web`

## Not checked

- not permitted to read secrets; it would decide `missing-key`

## Next

```sh
# see the pods
kubectl -n shop get pods
# CHANGES THE CLUSTER, risk low: go back
kubectl rollout undo 'x y'
```
";
    assert_eq!(render_findings(&report()), expected);
}

#[test]
fn verdicts_without_findings_do_not_claim_more_than_was_read() {
    let say = |verdict| render_findings(&Report { verdict, findings: vec![], ..report() });
    assert!(say(Verdict::Healthy).starts_with("**No problems found** in"));
    assert!(say(Verdict::Incomplete).contains("not everything could"));
    assert!(say(Verdict::NotPermitted).starts_with("**Not determined**"));
}
