//! `doctor`: what this program finds around itself, and the checks of `auth check` for every entry.

use std::path::Path;

use anyhow::Result;
use holmes_identity::{Cluster, ClusterSource};

use super::auth::{
    Examiner, entries, render,
    report::{Check, Report, Status},
};
use crate::{
    args::{Doctor, ModelChoice},
    compose::{self, Settings},
    exit::{Exit, explain},
    output::printer::Printer,
    settings::File,
};

pub(crate) async fn run(
    command: Doctor,
    config: Option<&Path>,
    mut settings: Settings,
    printer: Printer,
) -> Result<Exit> {
    let mut report = Report::default();
    report.checks.push(configuration(config, &settings));
    report.checks.push(plugins(command.plugins.as_deref(), &settings));
    report.checks.push(cluster().await);
    models(&command, &mut settings, printer, &mut report).await;
    let text = if command.json { report.to_json()? } else { render(&report) };
    printer.answer(&text)?;
    Ok(report.exit())
}

/// A file that can not be read has ended the program before.
fn configuration(config: Option<&Path>, settings: &Settings) -> Check {
    const ID: &str = "config";
    const TITLE: &str = "configuration";
    match File::path(config, &settings.environment) {
        Some(path) => Check::pass(ID, TITLE, path.display().to_string()),
        None => Check::skip(ID, TITLE, "no file; ~/.holmes/config.yaml would be read"),
    }
}

fn plugins(folder: Option<&Path>, settings: &Settings) -> Check {
    const ID: &str = "plugins";
    let folder = match compose::plugins_folder(folder, &settings.environment) {
        Ok(folder) => folder,
        Err(error) => return Check::fail(ID, ID, explain(&error)).cause("no-plugins"),
    };
    let scans = match compose::scan(&folder) {
        Ok(scans) => scans,
        Err(error) => return Check::fail(ID, ID, explain(&error)).cause("no-plugins"),
    };
    let (good, bad): (Vec<_>, Vec<_>) = scans.into_iter().partition(Result::is_ok);
    let names: Vec<String> = good.into_iter().flatten().map(|scanned| scanned.name().to_string()).collect();
    let detail = format!("{}: {}", folder.display(), names.join(", "));
    let broken: Vec<String> =
        bad.into_iter().filter_map(Result::err).map(|(file, error)| format!("\n`{file}`: {error}")).collect();
    match (names.is_empty(), broken.is_empty()) {
        (true, true) => {
            Check::fail(ID, ID, format!("{} holds no plugin", folder.display())).cause("no-plugins")
        }
        (_, false) => Check::warn(ID, ID, format!("{detail}{}", broken.concat())).cause("broken-plugin"),
        (false, true) => Check::pass(ID, ID, detail),
    }
}

/// A recorded cluster needs no live one.
async fn cluster() -> Check {
    const ID: &str = "cluster";
    match Cluster::connect(&ClusterSource::default()).await {
        Ok(cluster) => Check::pass(ID, ID, format!("`{}` answers", cluster.name())),
        Err(error) => Check::warn(ID, ID, error.to_string())
            .cause("no-cluster")
            .fix(Some("kubectl cluster-info\na recorded cluster works too: ask --snapshot PATH")),
    }
}

/// One broken entry disables that entry alone: it fails here only where it is the default.
async fn models(command: &Doctor, settings: &mut Settings, printer: Printer, report: &mut Report) {
    const ID: &str = "models";
    let source = if settings.file.model_list.is_some() {
        "`modelList` of the configuration".to_owned()
    } else {
        let path = File::model_list_path(&settings.environment);
        path.map_or_else(|| "no model list".to_owned(), |path| path.display().to_string())
    };
    let choice = ModelChoice { model: None, api_key: None, max_steps: None };
    let (registry, secrets) = match compose::models(settings, &choice) {
        Ok(models) => models,
        Err(error) => {
            report.checks.push(Check::fail(ID, ID, explain(&error)).cause("model-list"));
            return;
        }
    };
    let default = registry.default_name().to_owned();
    let names = entries(&registry);
    let known = registry.list().iter().any(|listed| listed.name == default);
    let detail = format!("{source}; {} entries, default `{default}`", names.len());
    report.checks.push(if known {
        Check::pass(ID, ID, detail)
    } else {
        Check::fail(ID, ID, format!("{detail}, which is no entry")).cause("model-unknown")
    });
    let examiner = Examiner {
        registry: &registry,
        environment: &settings.environment,
        entra: &settings.entra,
        mask: secrets.redactor(),
        printer,
        chat: command.chat,
    };
    for name in names {
        let mut checks = examiner.entry(&name).await;
        if name != default {
            let failed = checks.iter_mut().filter(|check| check.cause.as_deref() == Some("model-disabled"));
            failed.for_each(|check| check.status = Status::Warn);
        }
        report.about(&name, checks);
    }
}
