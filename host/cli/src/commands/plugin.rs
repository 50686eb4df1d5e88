//! `plugin list`, `plugin inspect`, `plugin pack`: what plugins are, without running them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use holmes_protocol::SideEffect;
use holmes_sandbox::{Artifact, KubernetesRule, ReadRule, Scanned};

use crate::{
    args,
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};

pub(crate) async fn run(command: args::Plugin, settings: &Settings, printer: Printer) -> Result<Exit> {
    match command {
        args::Plugin::List { plugins } => list(plugins.as_deref(), settings, printer),
        args::Plugin::Inspect { plugin, plugins } => inspect(&plugin, plugins.as_deref(), settings, printer),
        args::Plugin::Pack { component, manifest, out } => pack(&component, &manifest, &out, printer).await,
    }
}

/// One line a plugin; those that would not load are named with the reason, and make the exit code 2.
fn list(plugins: Option<&Path>, settings: &Settings, printer: Printer) -> Result<Exit> {
    let folder = compose::plugins_folder(plugins, &settings.environment)?;
    let mut exit = Exit::Success;
    let mut lines = Vec::new();
    for scan in compose::scan(&folder)? {
        match scan {
            Ok(scanned) => {
                let about = &scanned.packed().manifest.toolset;
                let tools = scanned.packed().tools.len();
                lines.push(format!(
                    "{} {}  {tools} tools  {} KB  {}  {}",
                    about.name,
                    about.version,
                    scanned.size() / 1024,
                    scanned.digest(),
                    about.description
                ));
            }
            Err((file, error)) => {
                exit = Exit::Failed;
                printer.error(&format!("plugin `{file}` would not load: {error}"));
            }
        }
    }
    if !lines.is_empty() {
        printer.answer(&lines.join("\n"))?;
    }
    Ok(exit)
}

fn inspect(plugin: &str, plugins: Option<&Path>, settings: &Settings, printer: Printer) -> Result<Exit> {
    let scanned = find(plugin, plugins, settings)?;
    let manifest = &scanned.packed().manifest;
    let about = &manifest.toolset;
    let mut lines = vec![
        format!("{} {}  (contract {})", about.name, about.version, about.contract),
        about.description.clone(),
        format!("file    {}, {} bytes", scanned.origin(), scanned.size()),
        format!("digest  {}", scanned.digest()),
    ];
    for (name, upstream) in &manifest.upstreams {
        let required = if upstream.required { "required" } else { "optional" };
        lines.push(format!("\nupstream {name} ({}, {required}): {}", upstream.kind, upstream.reason));
        lines.extend(upstream.reads.iter().map(|rule| format!("  may read   {}", describe(rule))));
        lines.extend(upstream.writes.iter().map(|write| {
            let tools: Vec<&str> = write.tools.iter().map(holmes_protocol::ToolName::as_str).collect();
            format!("  may write  {}, only {} after an approval", kubernetes(&write.rule), tools.join(", "))
        }));
    }
    lines.push("\ntools".to_owned());
    for tool in &scanned.packed().tools {
        let effect = match tool.side_effect {
            SideEffect::ReadOnly => "read-only",
            SideEffect::Mutating => "mutating",
            SideEffect::Destructive => "destructive",
        };
        let summary = tool.description.lines().next().unwrap_or_default();
        lines.push(format!("  {} ({effect})  {summary}", tool.name));
    }
    printer.answer(&lines.join("\n"))?;
    Ok(Exit::Success)
}

/// A file, or a plugin of the folder by its name.
fn find(plugin: &str, plugins: Option<&Path>, settings: &Settings) -> Result<Scanned> {
    let path = PathBuf::from(plugin);
    if path.is_file() {
        let bytes = std::fs::read(&path).with_context(|| format!("can not read `{plugin}`"))?;
        return Scanned::new(Artifact::new(plugin, bytes)).with_context(|| format!("plugin `{plugin}`"));
    }
    let folder = compose::plugins_folder(plugins, &settings.environment)?;
    let mut names = Vec::new();
    for scanned in compose::scan(&folder)?.into_iter().flatten() {
        if scanned.name().as_str() == plugin {
            return Ok(scanned);
        }
        names.push(scanned.name().to_string());
    }
    bail!("there is no file and no plugin `{plugin}` in {}; it has: {}", folder.display(), names.join(", "))
}

async fn pack(component: &Path, manifest: &Path, out: &Path, printer: Printer) -> Result<Exit> {
    let bytes =
        std::fs::read(component).with_context(|| format!("can not read `{}`", component.display()))?;
    let text = std::fs::read_to_string(manifest)
        .with_context(|| format!("can not read `{}`", manifest.display()))?;
    let packed =
        holmes_sandbox::pack(&bytes, &text).await.with_context(|| format!("`{}`", component.display()))?;
    std::fs::write(out, packed).with_context(|| format!("can not write `{}`", out.display()))?;
    printer.progress(&format!("{}", out.display()));
    Ok(Exit::Success)
}

fn describe(rule: &ReadRule) -> String {
    match rule {
        ReadRule::Kubernetes(rule) => kubernetes(rule),
        ReadRule::Http(rule) => format!("{} {}", rule.methods.join(", "), rule.paths.join(", ")),
    }
}

fn kubernetes(rule: &KubernetesRule) -> String {
    let verbs: Vec<&str> = rule.verbs.iter().map(|verb| verb.as_str()).collect();
    let groups: Vec<&str> =
        rule.groups.iter().map(|group| if group.is_empty() { "core" } else { group }).collect();
    format!("{}: {} of {}", verbs.join(", "), rule.resources.join(", "), groups.join(", "))
}
