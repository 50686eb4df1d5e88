//! The compile child: this program, started again without anything worth taking.

use std::{io::Write, process::ExitCode};

/// The argument that makes this process a compile child. Not a command for people.
pub(crate) const ARGUMENT: &str = "__compile-component";

/// Was this process started to compile?
pub(crate) fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Component on stdin, artefact on stdout, one sentence on stderr.
pub(crate) fn run() -> ExitCode {
    match holmes_sandbox::compile_child() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}
