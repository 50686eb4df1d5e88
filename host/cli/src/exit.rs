//! From a result to an exit code, and to the sentence with the fix.

use std::process::ExitCode;

use crate::output::printer::{Closed, Printer};

/// How a command ended. The numbers are documented and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Success = 0,
    /// There are findings, and the command was asked to say so.
    Findings = 1,
    /// It could not run, or there is no answer.
    Failed = 2,
    /// Every needed read was denied; with `--strict`, any.
    NotPermitted = 3,
    /// Somebody interrupted.
    Interrupted = 130,
}

/// An error with the command that mends it.
#[derive(Debug)]
pub(crate) struct Hint(pub(crate) String);

impl std::fmt::Display for Hint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Prints an error, if there is one, and gives the code.
pub(crate) fn code(result: anyhow::Result<Exit>, printer: Printer) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        // Whoever closed the pipe has read all he wanted.
        if error.downcast_ref::<Closed>().is_some() {
            return Exit::Success;
        }
        printer.error(&explain(&error));
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

/// The error with its causes on one line, then its hint.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    let hint = error.downcast_ref::<Hint>().map(ToString::to_string);
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if Some(&cause) == hint.as_ref() || text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    match hint {
        Some(hint) => format!("{text}\nhint: {hint}"),
        None => text,
    }
}
