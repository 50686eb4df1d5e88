//! The audit trail: one record for every request and every denial. No level, no sampling.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

/// What is recorded of one request. Never a body, a header value or a token.
#[derive(Debug, Clone, Serialize)]
pub struct Record<'a> {
    /// The investigation.
    pub investigation: &'a str,
    /// The tool call.
    pub call: &'a str,
    /// Digest of the plugin's file.
    pub digest: &'a str,
    /// The toolset.
    pub toolset: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// The upstream, as the guest named it.
    pub upstream: &'a str,
    /// Verb and resource, or the path of discovery.
    pub request: &'a str,
    /// `allowed` or `denied`.
    pub decision: &'a str,
    /// The rule that allowed it, or the key that is missing.
    pub rule: &'a str,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub milliseconds: u64,
}

/// Where records go.
#[derive(Clone, Default)]
pub struct Audit(Option<Arc<Mutex<dyn Write + Send>>>);

impl std::fmt::Debug for Audit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_some() { "Audit" } else { "Audit(none)" })
    }
}

impl Audit {
    /// Records go nowhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// Records are appended to a file, one JSON object a line.
    ///
    /// # Errors
    /// When the file can not be opened for appending.
    pub fn to_file(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Some(Arc::new(Mutex::new(file)))))
    }

    /// Records go to any writer; tests read them there.
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(writer))))
    }

    /// Appends one record.
    pub fn write(&self, record: &Record<'_>) {
        let Some(sink) = &self.0 else { return };
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.write_all(&line) {
            tracing::error!(%error, "an audit record could not be written");
        }
    }
}
