//! The document of `ask --output json`: one object, stable keys, also when it fails.

use holmes_agent::{Answer, CallRecord, Ending};
use holmes_protocol::{Command, Finding, Report, TokenUsage, Verdict};
use serde::Serialize;

/// What `ask --output json` prints. Keys are stable within a schema version; unknown keys can be ignored.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: &'static str,
    question: &'a str,
    /// Of triage; null when it did not run.
    verdict: Option<Verdict>,
    answer_markdown: &'a str,
    /// Why the investigation stopped; null when it failed.
    ending: Option<Ending>,
    findings: &'a [Finding],
    /// Verified claims; empty as long as citations are not checked.
    claims: [(); 0],
    tool_calls: &'a [CallRecord],
    not_checked: Vec<String>,
    /// Commands that look, then commands that mend, of every finding.
    next: Vec<&'a Command>,
    usage: TokenUsage,
    model: &'a str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure<'a>>,
}

/// Why there is no answer.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    /// What failed, when the model did.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    message: &'a str,
}

/// The document's schema.
const SCHEMA: &str = "holmes-host/ask/v1";

impl<'a> Document<'a> {
    /// Of an answer.
    pub(crate) fn answered(question: &'a str, answer: &'a Answer, exit_code: u8) -> Self {
        Self {
            answer_markdown: &answer.text,
            ending: Some(answer.ending),
            tool_calls: &answer.calls,
            usage: answer.usage,
            model: &answer.model,
            ..Self::of(question, answer.report.as_deref(), exit_code)
        }
    }

    /// Of a failure; what triage found before it is not lost.
    pub(crate) fn failed(
        question: &'a str,
        kind: Option<&'static str>,
        message: &'a str,
        report: Option<&'a Report>,
        exit_code: u8,
    ) -> Self {
        Self { error: Some(Failure { kind, message }), ..Self::of(question, report, exit_code) }
    }

    fn of(question: &'a str, report: Option<&'a Report>, exit_code: u8) -> Self {
        let findings = report.map_or(&[][..], |report| &report.findings);
        let checks = findings.iter().flat_map(|finding| &finding.checks);
        let fixes = findings.iter().flat_map(|finding| &finding.fixes);
        let not_checked = report.map(|report| {
            let forbidden = report.unknown_because_forbidden.iter().map(|unknown| unknown.text.clone());
            forbidden.chain(report.could_not_read.iter().cloned()).collect()
        });
        Self {
            schema: SCHEMA,
            question,
            verdict: report.map(|report| report.verdict),
            answer_markdown: "",
            ending: None,
            findings,
            claims: [],
            tool_calls: &[],
            not_checked: not_checked.unwrap_or_default(),
            next: checks.chain(fixes).collect(),
            usage: TokenUsage::default(),
            model: "",
            exit_code,
            error: None,
        }
    }

    /// As text.
    pub(crate) fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}
