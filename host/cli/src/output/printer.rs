//! The one door to stdout and stderr. Colour and symbols are decided here, once.

use std::io::{ErrorKind, IsTerminal, Write};

use anstream::AutoStream;
use anyhow::Result;

use crate::args::OutputOptions;

/// Columns where there is no terminal.
const WIDTH: usize = 80;

/// Stdout was closed by its reader.
#[derive(Debug, thiserror::Error)]
#[error("stdout was closed")]
pub(crate) struct Closed;

/// Writes to stdout and stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
    plain: bool,
}

#[expect(clippy::unused_self, reason = "whoever prints needs the door, also where it has no options")]
impl Printer {
    pub(crate) fn new(options: OutputOptions) -> Self {
        if options.plain {
            anstream::ColorChoice::Never.write_global();
        }
        Self { quiet: options.quiet, plain: options.plain }
    }

    /// The answer, or what was asked for. Ends with a line break.
    pub(crate) fn answer(self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = AutoStream::auto(std::io::stdout().lock());
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        written.map_err(|error| {
            if error.kind() == ErrorKind::BrokenPipe {
                return Closed.into();
            }
            anyhow::Error::new(error).context("stdout can not be written")
        })
    }

    /// A line about what happens.
    pub(crate) fn progress(self, line: &str) {
        if !self.quiet {
            self.stderr(line);
        }
    }

    /// A line that is worth reading, but no error.
    pub(crate) fn warning(self, line: &str) {
        if !self.quiet {
            self.stderr(&format!("\u{1b}[33mwarning:\u{1b}[0m {line}"));
        }
    }

    /// What went wrong.
    pub(crate) fn error(self, text: &str) {
        self.stderr(&format!("\u{1b}[31merror:\u{1b}[0m {text}"));
    }

    /// Whether stdout shows to a person.
    pub(crate) fn is_terminal(self) -> bool {
        std::io::stdout().is_terminal() && !self.plain
    }

    /// Columns that text on stdout has: those of the terminal, else what fits a mail or a ticket.
    pub(crate) fn width(self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
        let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        columns.map_or(WIDTH, |columns| columns.clamp(40, 110))
    }

    /// A symbol, or its ASCII stand-in.
    pub(crate) fn symbol(self, symbol: &'static str, ascii: &'static str) -> &'static str {
        if self.plain { ascii } else { symbol }
    }

    /// Nobody is left to tell when stderr can not be written.
    fn stderr(self, line: &str) {
        let _ = writeln!(AutoStream::auto(std::io::stderr().lock()), "{line}");
    }
}
