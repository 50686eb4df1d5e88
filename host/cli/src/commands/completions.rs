//! `completions`: a script for a shell.

use anyhow::Result;
use clap::CommandFactory as _;

use crate::{args::Arguments, exit::Exit, output::printer::Printer};

pub(crate) fn run(shell: clap_complete::Shell, printer: Printer) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "holmes-host", &mut script);
    printer.answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
