//! What a doctor says: one check, many checks, and the document that scripts read.

use serde::Serialize;

use crate::exit::Exit;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    /// As it should be.
    Pass,
    /// It works, and somebody should know something about it.
    Warn,
    /// It does not work.
    Fail,
    /// It was not checked, for the reason given.
    Skip,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }
}

/// One check and what became of it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// Never changes its meaning.
    pub(crate) id: String,
    /// The entry of the model list that it is about; none: the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    pub(crate) status: Status,
    /// Two words at most, for a column.
    pub(crate) title: String,
    /// What was seen, for people.
    pub(crate) detail: String,
    /// A stable name of what is wrong, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// What to do; a line of its own for each command.
    pub(crate) fix: Option<String>,
}

impl Check {
    pub(crate) fn new(id: &str, title: &str, status: Status, detail: impl Into<String>) -> Self {
        let (id, title, detail) = (id.to_owned(), title.to_owned(), detail.into());
        Self { id, model: None, status, title, detail, cause: None, fix: None }
    }

    pub(crate) fn pass(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(id, title, Status::Pass, detail)
    }

    pub(crate) fn warn(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(id, title, Status::Warn, detail)
    }

    pub(crate) fn fail(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(id, title, Status::Fail, detail)
    }

    pub(crate) fn skip(id: &str, title: &str, detail: impl Into<String>) -> Self {
        Self::new(id, title, Status::Skip, detail)
    }

    pub(crate) fn cause(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    pub(crate) fn fix(self, fix: Option<impl Into<String>>) -> Self {
        Self { fix: fix.map(Into::into), ..self }
    }
}

/// All checks of one run, in their order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The one model that was asked about; none: several, or none at all.
    pub(crate) model: Option<String>,
    pub(crate) checks: Vec<Check>,
}

/// What `--json` prints. Keys are stable within a schema version; unknown keys can be ignored.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    model: Option<&'a str>,
    ok: bool,
    checks: &'a [Check],
}

/// The document's schema.
const SCHEMA: &str = "holmes-host/checks/v1";

impl Report {
    /// Adds checks that are about one entry of the model list.
    pub(crate) fn about(&mut self, model: &str, checks: impl IntoIterator<Item = Check>) {
        let named = checks.into_iter().map(|check| Check { model: Some(model.to_owned()), ..check });
        self.checks.extend(named);
    }

    /// Whether nothing failed.
    pub(crate) fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.status != Status::Fail)
    }

    /// How many checks ended so.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.is_ok() { Exit::Success } else { Exit::Failed }
    }

    /// One JSON document.
    pub(crate) fn to_json(&self) -> anyhow::Result<String> {
        let (model, checks) = (self.model.as_deref(), self.checks.as_slice());
        let document = Document { schema: SCHEMA, model, ok: self.is_ok(), checks };
        Ok(serde_json::to_string_pretty(&document)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_warning_is_no_failure() {
        let mut report = Report::default();
        report.about("prod", [Check::pass("model", "model", ""), Check::warn("clock", "clock", "")]);
        report.checks.push(Check::skip("arm", "resource", ""));
        assert!(report.is_ok());
        assert_eq!(report.exit(), Exit::Success);
        report.checks.push(Check::fail("exchange", "token", ""));
        assert!(!report.is_ok());
        assert_eq!(report.exit(), Exit::Failed);
        assert_eq!(report.count(Status::Skip), 1);
    }

    #[test]
    fn the_document_has_stable_keys() {
        let mut report = Report { model: Some("prod".to_owned()), ..Report::default() };
        let check = Check::fail("exchange", "token", "no").cause("secret-wrong").fix(Some("az ad app"));
        report.about("prod", [check]);
        report.checks.push(Check::pass("config", "configuration", "none"));
        let document: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        let expected = json!({
            "schema": "holmes-host/checks/v1", "model": "prod", "ok": false,
            "checks": [
                {"id": "exchange", "model": "prod", "status": "FAIL", "title": "token", "detail": "no",
                 "cause": "secret-wrong", "fix": "az ad app"},
                {"id": "config", "status": "PASS", "title": "configuration", "detail": "none", "fix": null},
            ],
        });
        assert_eq!(document, expected);
    }
}
