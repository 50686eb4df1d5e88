//! `rbac`: the least Kubernetes roles that toolsets need, and what is lost by leaving one of their rules out.
//!
//! Everything comes from the manifests inside the plugins: no cluster is asked, and nothing is run.

mod builtin;
mod needs;
mod role;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use holmes_sandbox::{About, Manifest, Scanned};
use serde_json::json;

use crate::{
    args::{Rbac, RbacFormat},
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};
use needs::{Need, Needs, Resource};
use role::Role;

/// What is printed, whatever the form.
#[derive(Debug)]
struct Answer<'a> {
    arguments: &'a Rbac,
    toolsets: Vec<&'a About>,
    needs: Needs,
    left_out: BTreeMap<Resource, Need>,
    roles: Vec<Role>,
}

#[expect(clippy::needless_pass_by_value, reason = "a command takes its arguments")]
pub(crate) fn run(arguments: Rbac, settings: &Settings, printer: Printer) -> Result<Exit> {
    let folder = compose::plugins_folder(arguments.plugins.as_deref(), &settings.environment)?;
    let mut scanned: Vec<Scanned> = Vec::new();
    for scan in compose::scan(&folder)? {
        match scan {
            Ok(plugin) => scanned.push(plugin),
            // Roles of some of the plugins would look like roles of all.
            Err((file, error)) => bail!("plugin `{file}` would not load: {error}"),
        }
    }
    let manifests: Vec<&Manifest> = scanned.iter().map(|plugin| &plugin.packed().manifest).collect();
    printer.answer(&print(&arguments, &manifests)?)?;
    Ok(Exit::Success)
}

/// The answer in the form that is asked for.
fn print(arguments: &Rbac, manifests: &[&Manifest]) -> Result<String> {
    let answer = answer(arguments, manifests)?;
    Ok(match arguments.output {
        RbacFormat::Yaml => yaml::print(&answer),
        RbacFormat::Json => json_list(&answer)?,
        RbacFormat::Text => table::print(&answer),
    })
}

fn answer<'a>(arguments: &'a Rbac, manifests: &[&'a Manifest]) -> Result<Answer<'a>> {
    let chosen = chosen(&arguments.toolset, manifests)?;
    let mut needs = Needs::of(chosen.iter().copied());
    let toolsets: Vec<&About> = chosen.iter().map(|manifest| &manifest.toolset).collect();
    if needs.resources.is_empty() {
        let names: Vec<&str> = toolsets.iter().map(|about| about.name.as_str()).collect();
        bail!("no role is needed: none of the toolsets reads a Kubernetes cluster ({})", names.join(", "));
    }
    if arguments.with_secrets && arguments.without.iter().any(|name| name == "secrets") {
        bail!("`--with-secrets` and `--without secrets` contradict each other");
    }
    for name in &arguments.without {
        if !needs.resources.keys().any(|resource| resource.is_called(name)) {
            bail!("no toolset reads `{name}`{}", nearest(name, &needs));
        }
    }
    let is_left_out = |resource: &Resource| {
        (resource.is_secrets() && !arguments.with_secrets)
            || arguments.without.iter().any(|name| resource.is_called(name))
    };
    let (left_out, kept) =
        std::mem::take(&mut needs.resources).into_iter().partition(|(resource, _)| is_left_out(resource));
    let roles = role::roles(&kept, &arguments.namespace, &arguments.name);
    needs.resources = kept;
    Ok(Answer { arguments, toolsets, needs, left_out, roles })
}

/// The manifests of the named toolsets, or all; always in one order.
fn chosen<'a>(names: &[String], manifests: &[&'a Manifest]) -> Result<Vec<&'a Manifest>> {
    let known: BTreeMap<&str, &Manifest> =
        manifests.iter().map(|manifest| (manifest.toolset.name.as_str(), *manifest)).collect();
    if names.is_empty() {
        return Ok(known.into_values().collect());
    }
    if let Some(name) = names.iter().find(|name| !known.contains_key(name.as_str())) {
        let all: Vec<&str> = known.into_keys().collect();
        bail!("there is no toolset `{name}`; there are: {}", all.join(", "));
    }
    let is_named = |name: &str| names.iter().any(|wanted| wanted == name);
    Ok(known.into_iter().filter(|(name, _)| is_named(name)).map(|(_, manifest)| manifest).collect())
}

/// `; did you mean …?`, for whoever wrote a singular or half of a name.
fn nearest(name: &str, needs: &Needs) -> String {
    let stem = name.trim_end_matches('s').to_ascii_lowercase();
    let near = needs.resources.keys().find(|resource| !stem.is_empty() && resource.name.starts_with(&stem));
    near.map(|resource| format!("; did you mean `{}`?", resource.qualified())).unwrap_or_default()
}

fn json_list(answer: &Answer<'_>) -> Result<String> {
    let account = answer.arguments.service_account.as_ref();
    let items: Vec<serde_json::Value> = answer
        .roles
        .iter()
        .flat_map(|role| std::iter::once(role.manifest()).chain(account.map(|account| role.binding(account))))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    Ok(serde_json::to_string_pretty(&list)?)
}
