//! `log`: a toolset's lines for the operator. Untrusted text: one escaped, bounded record each.

use crate::{
    bindings::holmes::toolset::log::{Host, Level},
    state::State,
};

/// Longest message in bytes, and most fields of one line.
const MESSAGE: usize = 4_096;
const FIELDS: usize = 32;

impl Host for State {
    fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let bytes = message.len() + fields.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        self.enter(bytes)?;
        self.record(level, &message, &fields);
        Ok(())
    }
}

impl State {
    /// Writes one record, or counts one that is over the limit.
    pub(crate) fn record(&mut self, level: Level, message: &str, fields: &[(String, String)]) {
        self.log_lines += 1;
        let limit = self.shared.limits.log_lines;
        if self.log_lines > limit {
            if self.log_lines == limit + 1 {
                tracing::warn!(toolset = %self.shared.name, limit, "the toolset logs too much; the rest is dropped");
            }
            return;
        }
        let message = self.caller.redactor.redact_text(&clean(message)).text;
        let fields: Vec<String> = fields
            .iter()
            .take(FIELDS)
            .map(|(key, value)| format!("{}={}", clean(key), clean(value)))
            .collect();
        let fields = self.caller.redactor.redact_text(&fields.join(" ")).text;
        forward(level, self.shared.name.as_str(), self.caller.tool.as_str(), &fields, &message);
    }
}

/// `tracing` wants its level at compile time.
#[expect(clippy::cognitive_complexity, reason = "four macros, expanded")]
fn forward(level: Level, toolset: &str, tool: &str, fields: &str, message: &str) {
    match level {
        Level::Trace | Level::Debug => tracing::debug!(toolset, tool, fields, "{message}"),
        Level::Info => tracing::info!(toolset, tool, fields, "{message}"),
        Level::Warn => tracing::warn!(toolset, tool, fields, "{message}"),
        Level::Error => tracing::error!(toolset, tool, fields, "{message}"),
    }
}

/// Cut on a character boundary, without anything that could end the record or reach the terminal.
fn clean(text: &str) -> String {
    let mut clean = String::new();
    for one in text.chars() {
        if clean.len() >= MESSAGE {
            break;
        }
        if one.is_control()
            || ('\u{200b}'..='\u{200f}').contains(&one)
            || ('\u{202a}'..='\u{202e}').contains(&one)
        {
            clean.extend(one.escape_unicode());
        } else {
            clean.push(one);
        }
    }
    clean
}
