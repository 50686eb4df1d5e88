//! From settings to running parts: the only place that chooses.

mod azure;
mod cluster;
mod entra;
mod models;
mod plugins;
mod reload;
mod triage;
mod upstreams;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use holmes_config::Environment;
use holmes_identity::entra::Entra;
use holmes_sandbox::{Cache, CacheKey, Compiler, Config, Sandbox};
use holmes_telemetry::audit::Audit;
use holmes_toolset::Registry;
use tokio::runtime::Handle;

use crate::{
    args::{Global, World},
    commands::compile,
    environment,
    output::printer::Printer,
    settings::File,
};

pub(crate) use cluster::Absence;
pub(crate) use models::{max_steps, models};
pub(crate) use plugins::{plugins_folder, scan};
pub(crate) use reload::ModelFiles;
pub(crate) use triage::{TRIAGE, TriageTool};

use plugins::Wanted;
use upstreams::Upstreams;

/// Who listens: a person at a workstation, or whoever reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Toolsets of the named folder get their declared reads when nothing is configured.
    Workstation,
    /// Beyond loopback: nothing without an explicit grant and digest.
    Network,
}

/// Settings that every command reads.
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    pub(crate) file: File,
    /// `--config`, for when the file is read again.
    config: Option<PathBuf>,
    /// The one cache of Entra's tokens, for models and upstreams alike.
    pub(crate) entra: Entra,
}

impl Settings {
    /// Reads environment and file, and starts logging.
    pub(crate) fn load(global: &Global, printer: Printer) -> Result<Self> {
        let environment = environment::of_process();
        let file = File::load(global.config.as_deref(), &environment)?;
        for key in file.ignored() {
            printer.warning(&format!("`{key}` of the configuration is HolmesGPT's and has no effect here"));
        }
        let level = match global.verbose {
            0 => environment.get(environment::LOG_LEVEL).unwrap_or("warn"),
            1 => "info",
            _ => "debug",
        };
        let json = environment.switch(environment::JSON_LOGS)?.unwrap_or(false);
        let format = if json { holmes_telemetry::Format::Json } else { holmes_telemetry::Format::Text };
        holmes_telemetry::init(&holmes_telemetry::Config { filter: filter(level), format })?;
        let entra = entra::entra(&environment)?;
        Ok(Self { environment, file, config: global.config.clone(), entra })
    }
}

/// What a level means. A word is for our own lines: the libraries below would fill the log with every header and
/// frame. Whoever wants those names them: `LOG_LEVEL=hyper=trace`.
fn filter(level: &str) -> String {
    let level = level.to_ascii_lowercase();
    let quiet =
        ["hyper", "hyper_util", "h2", "reqwest", "rustls", "kube", "tower", "azure_core", "azure_identity"];
    match level.as_str() {
        "debug" | "trace" => quiet.iter().fold(level, |filter, library| format!("{filter},{library}=info")),
        _ => level,
    }
}

/// Loads the plugins and binds them to the cluster. A broken plugin is reported and left out.
pub(crate) async fn toolsets(
    settings: &Settings,
    world: &World,
    absence: Absence,
    audience: Audience,
    threads: Handle,
    printer: Printer,
) -> Result<Arc<Registry>> {
    let folder = plugins_folder(world.plugins.as_deref(), &settings.environment)?;
    let upstreams = upstreams(settings, world, absence, printer).await?;
    let sandbox = sandbox(&settings.environment, world, threads, printer)?;
    plugins::load(&sandbox, &folder, Wanted::All, &upstreams, settings, audience, printer).await
}

async fn upstreams(
    settings: &Settings,
    world: &World,
    absence: Absence,
    printer: Printer,
) -> Result<Upstreams> {
    let entra = settings.entra.clone();
    let signer: azure::Signer = Arc::new(move |who, scope| entra.authorizer(who, scope));
    upstreams::connect(settings, world, absence, signer, printer).await
}

fn sandbox(environment: &Environment, world: &World, threads: Handle, printer: Printer) -> Result<Sandbox> {
    let audit = match &world.audit_log {
        Some(path) => Audit::to_file(path)
            .with_context(|| format!("can not append to the audit log `{}`", path.display()))?,
        None => Audit::none(),
    };
    let config = Config { compiler: compiler()?, cache: cache(environment, printer), audit };
    Ok(Sandbox::start(config, threads)?)
}

/// This program compiles in a child of itself.
fn compiler() -> Result<Compiler> {
    let program = std::env::current_exe().context("can not find this program's own file")?;
    Ok(Compiler::Child { program, arguments: vec![compile::ARGUMENT.to_owned()] })
}

/// Where compiled code is kept. In a cluster only with an operator's key; on a workstation with its own.
fn cache(environment: &Environment, printer: Printer) -> Option<Cache> {
    let folder = match environment.get(environment::CACHE_FOLDER) {
        Some(folder) => PathBuf::from(folder),
        None => environment::xdg(environment, "XDG_CACHE_HOME", ".cache")?.join("compiled"),
    };
    let key = match environment.get(environment::CACHE_KEY_FILE) {
        Some(file) => std::fs::read(file).map(|secret| CacheKey::from_secret(&secret)),
        None if environment.get(environment::IN_CLUSTER).is_some() => return None,
        None => {
            let state = environment::xdg(environment, "XDG_STATE_HOME", ".local/state")?;
            CacheKey::of_workstation(&state.join("cache.key"))
        }
    };
    match key {
        Ok(key) => Some(Cache { folder, key }),
        Err(error) => {
            printer.warning(&format!(
                "compiled toolsets are not kept, because the cache's key can not be used: {error}"
            ));
            None
        }
    }
}
