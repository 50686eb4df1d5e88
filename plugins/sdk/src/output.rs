//! What a tool returns: an answer, "looked and found nothing", or an error that the model can act on.

use serde::Serialize;
use serde_json::Value;

/// What a tool found.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub(crate) parts: Vec<Part>,
    pub(crate) truncated: bool,
    pub(crate) sources: Vec<(String, Option<String>)>,
    pub(crate) nothing: Option<String>,
}

/// One part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Data(Value),
    Table { columns: Vec<String>, rows: Vec<Vec<String>> },
}

impl Output {
    /// Text, as the model is to read it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::empty().and_text(text)
    }

    /// JSON.
    pub fn data(value: impl Serialize) -> Result<Self, ToolError> {
        Self::empty().and_data(value)
    }

    /// Rows under columns; every row has as many cells as there are columns.
    pub fn table(columns: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        let mut output = Self::empty();
        output.parts.push(Part::Table { columns, rows });
        output
    }

    /// The tool looked and there was nothing. The message says what was searched. Not an error.
    pub fn no_data(message: impl Into<String>) -> Self {
        Self { nothing: Some(message.into()), ..Self::empty() }
    }

    /// Adds text.
    #[must_use]
    pub fn and_text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// Adds JSON.
    pub fn and_data(mut self, value: impl Serialize) -> Result<Self, ToolError> {
        self.parts.push(Part::Data(serde_json::to_value(value)?));
        Ok(self)
    }

    /// Says that the tool itself left something out; the text should say what, and how to get it.
    #[must_use]
    pub fn truncated(mut self) -> Self {
        self.truncated = true;
        self
    }

    /// Names a place where a person can look.
    #[must_use]
    pub fn with_source(mut self, label: impl Into<String>, uri: Option<String>) -> Self {
        self.sources.push((label.into(), uri));
        self
    }

    /// Everything the model would read, as one text. For tests.
    pub fn to_text(&self) -> String {
        if let Some(message) = &self.nothing {
            return message.clone();
        }
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Data(value) => value.to_string(),
                Part::Table { columns, rows } => {
                    let mut lines = vec![columns.join("\t")];
                    lines.extend(rows.iter().map(|row| row.join("\t")));
                    lines.join("\n")
                }
            })
            .collect();
        parts.join("\n")
    }

    /// The first JSON part. For tests.
    pub fn json(&self) -> Option<&Value> {
        self.parts.iter().find_map(|part| match part {
            Part::Data(value) => Some(value),
            Part::Text(_) | Part::Table { .. } => None,
        })
    }

    /// Whether the tool looked and found nothing.
    pub fn is_no_data(&self) -> bool {
        self.nothing.is_some()
    }

    fn empty() -> Self {
        Self { parts: Vec::new(), truncated: false, sources: Vec::new(), nothing: None }
    }
}

/// What kind of failure it was; the host decides on retries and blame by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The arguments make no sense; the message says what would.
    InvalidArguments,
    /// The thing does not exist.
    NotFound,
    /// The manifest or the operator's grant does not allow it.
    PolicyDenied,
    /// The upstream refused the credential, or there is none.
    Unauthorized,
    /// The upstream asked to slow down.
    RateLimited,
    /// It took too long.
    Timeout,
    /// The upstream could not be reached.
    Unavailable,
    /// A byte limit was reached.
    TooLarge,
    /// The call was cancelled.
    Cancelled,
    /// This tool can not do that.
    Unsupported,
    /// A defect of the toolset.
    Internal,
}

/// Why a tool failed. The model reads `message`; only the operator's log reads `detail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolError {
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// What happened, and what to try instead.
    pub message: String,
    /// What the operator should know beyond that.
    pub detail: Option<String>,
    /// May the same call succeed later?
    pub retryable: bool,
}

impl ToolError {
    /// An error that a repetition will not mend.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None, retryable: false }
    }

    /// The arguments make no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArguments, message)
    }

    /// Adds what only the operator's log may read.
    #[must_use]
    pub fn with_detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

impl std::fmt::Display for ToolError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ToolError {}

impl From<serde_json::Error> for ToolError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(ErrorKind::Internal, "an answer was not the JSON that was expected").with_detail(error)
    }
}
