//! `run`: the server.

use anyhow::{Result, bail};

use crate::{args::Run, compose::Settings, exit::Exit, output::printer::Printer};

pub(crate) async fn run(_run: Run, _settings: Settings, _printer: &Printer) -> Result<Exit> {
    bail!("not yet")
}
