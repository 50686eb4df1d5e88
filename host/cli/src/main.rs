//! The binary `holmes-host`: the composition root. Floor 5.
//!
//! Arguments become settings, settings become running parts (`compose`), and a command uses them.

mod args;
mod commands;
mod compose;
mod environment;
mod exit;
mod output;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command};
use output::printer::Printer;

fn main() -> ExitCode {
    // The compile child must not inherit anything from what follows: no environment, no runtime.
    if commands::compile::is_child() {
        return commands::compile::run();
    }
    let arguments = Arguments::parse();
    let printer = Printer::new(arguments.output_options());
    let result = if let Command::Completions { shell } = arguments.command {
        // Needs no configuration, and must not fail because of one.
        commands::completions::run(shell, printer)
    } else {
        commands::run(arguments.command, &arguments.global, printer)
    };
    exit::code(result, printer)
}
