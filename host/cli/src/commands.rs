//! The commands. Each takes settings, never arguments of another.

mod ask;
mod auth;
pub(crate) mod compile;
pub(crate) mod completions;
mod doctor;
mod model;
mod plugin;
mod rbac;
mod run;
mod snapshot;
pub(crate) mod triage;

use anyhow::{Context, Result};

use crate::{
    args::{Command, Global},
    compose::Settings,
    exit::Exit,
    output::printer::Printer,
};

/// Runs a command to its end.
pub(crate) fn run(command: Command, global: &Global, printer: Printer) -> Result<Exit> {
    let settings = Settings::load(global, printer)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no threads can be started")?;
    let result = runtime.block_on(async {
        match command {
            Command::Ask(ask) => ask::run(*ask, settings, printer).await,
            Command::Triage(triage) => triage::run(*triage, settings, printer).await,
            Command::Snapshot(snapshot) => snapshot::run(snapshot, &settings, printer).await,
            Command::Rbac(rbac) => rbac::run(rbac, &settings, printer),
            Command::Run(run) => run::run(run, settings, printer).await,
            Command::Plugin(plugin) => plugin::run(plugin, &settings, printer).await,
            Command::Model(model) => model::run(model, settings, printer).await,
            Command::Auth(auth) => auth::run(auth, settings, printer).await,
            Command::Doctor(doctor) => doctor::run(doctor, global.config.as_deref(), settings, printer).await,
            Command::Completions { shell } => completions::run(shell, printer),
        }
    });
    // A read of stdin that nobody ends would otherwise hold the program.
    runtime.shutdown_background();
    result
}
