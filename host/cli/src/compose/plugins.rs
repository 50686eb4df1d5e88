//! Finds, looks at and loads the plugins of a folder. One broken plugin never stops the others.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, bail};
use holmes_config::Environment;
use holmes_sandbox::{
    Artifact, Declared, Directory, Grant, LoadError, PluginSource, PluginToolset, Sandbox, Scanned,
    Settings as ToolsetSettings,
};
use holmes_toolset::{Registry, Toolset, Unavailable};

use super::{Audience, Settings, azure, upstreams::Upstreams};
use crate::{environment, exit::Hint, output::printer::Printer, settings};

/// The folder to read: what was asked for, `./plugins`, or the folder beside the program.
pub(crate) fn plugins_folder(explicit: Option<&Path>, environment: &Environment) -> Result<PathBuf> {
    if let Some(folder) = explicit {
        return Ok(folder.to_owned());
    }
    if let Some(folder) = environment.get(environment::PLUGINS) {
        return Ok(PathBuf::from(folder));
    }
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("plugins")));
    let here = PathBuf::from("plugins");
    let candidates = [Some(here), beside];
    match candidates.into_iter().flatten().find(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder),
        None => bail!(
            "there is no plugins folder here; name one with --plugins DIR, or build it with `cargo plugins`"
        ),
    }
}

/// A plugin that was looked at, or the file and why it would not load.
pub(crate) type Scan = Result<Scanned, (String, String)>;

/// Looks at every plugin of the folder without running any of it.
pub(crate) fn scan(folder: &Path) -> Result<Vec<Scan>> {
    let artifacts = Directory(folder.to_owned()).artifacts().map_err(|error| {
        anyhow::Error::new(error).context(Hint(
            "build the toolsets with `cargo plugins`, or name their folder with --plugins DIR".to_owned(),
        ))
    })?;
    let mut scans: Vec<Scan> = Vec::new();
    for artifact in artifacts {
        let scan = look(artifact).and_then(|scanned| only_one(scanned, &scans));
        scans.push(scan);
    }
    Ok(scans)
}

fn look(artifact: Result<Artifact, (String, LoadError)>) -> Scan {
    let artifact = artifact.map_err(|(origin, error)| (origin, error.to_string()))?;
    let origin = artifact.origin.clone();
    Scanned::new(artifact).map_err(|error| (origin, error.to_string()))
}

/// Of two files with one toolset's name the first stays: which one serves must not depend on chance.
fn only_one(scanned: Scanned, earlier: &[Scan]) -> Scan {
    match earlier.iter().flatten().find(|earlier| earlier.name() == scanned.name()) {
        None => Ok(scanned),
        Some(earlier) => {
            let (name, file) = (scanned.name(), earlier.origin());
            let reason = format!("a toolset named `{name}` is already in `{file}`; remove one of the two");
            Err((scanned.origin().to_owned(), reason))
        }
    }
}

/// Which plugins of a folder are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// Every one.
    All,
    /// The toolset of this name; nothing is told about the others.
    Only(&'a str),
}

/// Loads the wanted plugins of the folder; those that can not be used are unavailable, with the reason.
pub(super) async fn load(
    sandbox: &Sandbox,
    folder: &Path,
    choice: Wanted<'_>,
    upstreams: &Upstreams,
    settings: &Settings,
    audience: Audience,
    printer: Printer,
) -> Result<Arc<Registry>> {
    let mut left_out = LeftOut { toolsets: Vec::new(), printer };
    let mut wanted = Vec::new();
    let mut friendly = Vec::new();
    for scanned in scan(folder)? {
        let scanned = match (scanned, choice) {
            (Ok(scanned), Wanted::Only(name)) if scanned.name().as_str() != name => continue,
            (Ok(scanned), _) => scanned,
            (Err((name, reason)), _) => {
                left_out.told(name, reason);
                continue;
            }
        };
        let operator = settings.file.toolsets.get(scanned.name());
        if operator.and_then(|toolset| toolset.enabled) == Some(false) {
            continue;
        }
        match rights(&scanned, operator, upstreams, audience) {
            Ok(chosen) => {
                if operator.is_none_or(|toolset| toolset.grant.is_none()) {
                    friendly.push(scanned.name().to_string());
                }
                wanted.push((scanned, chosen));
            }
            // Nobody asked for it by name: whoever has no Azure reads no line about it with every question.
            Err(reason) if operator.is_none() && needs_azure(&scanned) => {
                left_out.noted(scanned.name().to_string(), reason);
            }
            Err(reason) => left_out.told(scanned.name().to_string(), reason),
        }
    }
    note_friendly(&friendly);
    let files: BTreeMap<String, String> =
        wanted.iter().map(|(scanned, _)| (scanned.name().to_string(), scanned.origin().to_owned())).collect();
    let loads = wanted.into_iter().map(|(scanned, settings)| async {
        let origin = scanned.origin().to_owned();
        sandbox.load(scanned, settings).await.map_err(|error| (origin, error))
    });
    let mut toolsets: Vec<Arc<dyn Toolset>> = Vec::new();
    for loaded in futures::future::join_all(loads).await {
        match loaded {
            Ok(toolset) => toolsets.push(Arc::<PluginToolset>::new(toolset)),
            Err((name, error)) => left_out.told(name, error.to_string()),
        }
    }
    // Everything so far was reported when it was found; what the registry adds are collisions of tools.
    let reported = left_out.toolsets.len();
    let registry = Registry::new(toolsets, left_out.toolsets);
    for collision in registry.unavailable().iter().skip(reported) {
        let file = files.get(&collision.name).unwrap_or(&collision.name);
        printer.warning(&format!("plugin `{file}` is left out: {}", collision.reason));
    }
    Ok(Arc::new(registry))
}

/// The toolsets that can not be used, each reported when it is found.
struct LeftOut {
    toolsets: Vec<Unavailable>,
    printer: Printer,
}

impl LeftOut {
    fn told(&mut self, name: String, reason: String) {
        self.printer.warning(&format!("plugin `{name}` is left out: {reason}"));
        self.toolsets.push(Unavailable { name, reason });
    }

    fn noted(&mut self, name: String, reason: String) {
        tracing::info!("plugin `{name}` is left out: {reason}");
        self.toolsets.push(Unavailable { name, reason });
    }
}

fn note_friendly(toolsets: &[String]) {
    if !toolsets.is_empty() {
        tracing::info!(
            toolsets = toolsets.join(", "),
            "no grants are configured: declared reads are granted, no writes"
        );
    }
}

fn needs_azure(scanned: &Scanned) -> bool {
    let mut required = scanned.packed().manifest.upstreams.values().filter(|wish| wish.required);
    required.any(|wish| azure::is_service(&wish.kind))
}

/// What the toolset may do: the operator's grants, or on a workstation what it declares.
fn rights(
    scanned: &Scanned,
    operator: Option<&settings::Toolset>,
    upstreams: &Upstreams,
    audience: Audience,
) -> Result<ToolsetSettings, String> {
    let name = scanned.name();
    let configured = operator.and_then(|toolset| toolset.grant.clone());
    if audience == Audience::Network
        && (configured.is_none() || operator.is_none_or(|one| one.digest.is_none()))
    {
        return Err(format!(
            "a server beyond loopback needs `toolsets.{name}.grant` and `toolsets.{name}.digest: {}` in the configuration",
            scanned.digest()
        ));
    }
    let wishes = &scanned.packed().manifest.upstreams;
    let everything = || wishes.keys().map(|name| (name.clone(), Grant::All(Declared::Declared))).collect();
    let grants: BTreeMap<String, Grant> = configured.unwrap_or_else(everything);
    let mut bound = BTreeMap::new();
    for (upstream, wish) in wishes {
        let backend = match operator.and_then(|one| one.bind.get(upstream)) {
            Some(target) => upstreams.named(target, &wish.kind),
            None => upstreams.usual(upstream, &wish.kind),
        };
        match backend {
            Some(backend) if grants.contains_key(upstream) => {
                bound.insert(upstream.clone(), backend.clone());
            }
            Some(_) if wish.required => {
                return Err(format!(
                    "it needs upstream `{upstream}`, which `toolsets.{name}.grant` does not grant"
                ));
            }
            None if wish.required => {
                return Err(format!(
                    "it needs upstream `{upstream}` of kind `{}`, which nothing is bound to{}",
                    wish.kind,
                    azure::ways(&wish.kind)
                ));
            }
            _ => {}
        }
    }
    Ok(ToolsetSettings {
        digest: operator.and_then(|one| one.digest.clone()),
        grants,
        upstreams: bound,
        config: operator.map(|one| one.config.clone()).unwrap_or_default(),
        limits: operator.map(|one| one.limits).unwrap_or_default(),
    })
}
