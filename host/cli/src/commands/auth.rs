//! `auth check` and `auth token`: whether models can be reached, and what mends it when they can not.

mod entra;
mod entry;
mod environment;
mod network;
pub(crate) mod report;
mod text;
mod token;

use anyhow::Result;
use holmes_llm::{BUILTIN_TRIAGE, Registry};

use crate::{
    args::{Auth, AuthCheck, ModelChoice},
    commands::model::{service, verdict},
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};

pub(crate) use entry::{Examiner, remedy, split_command};
pub(crate) use environment::with_endpoint;
pub(crate) use text::{render, visible};

use report::{Report, Status};

pub(crate) async fn run(command: Auth, settings: Settings, printer: Printer) -> Result<Exit> {
    match command {
        Auth::Check(command) => check(command, settings, printer).await,
        Auth::Token(command) => token::run(command, settings, printer).await,
    }
}

async fn check(command: AuthCheck, mut settings: Settings, printer: Printer) -> Result<Exit> {
    look_through(command.endpoint_env.as_deref(), &mut settings)?;
    let choice = ModelChoice { model: command.model, api_key: None, max_steps: None };
    let (registry, secrets) = compose::models(&mut settings, &choice)?;
    let names = if command.all { entries(&registry) } else { vec![registry.default_name().to_owned()] };
    let examiner = Examiner {
        registry: &registry,
        environment: &settings.environment,
        entra: &settings.entra,
        mask: secrets.redactor(),
        printer,
        chat: command.chat,
    };
    let mut report = Report::default();
    for name in &names {
        report.about(name, examiner.entry(name).await);
    }
    if let [name] = names.as_slice() {
        report.model = Some(name.clone());
    }
    if command.json {
        printer.answer(&report.to_json()?)?;
        return Ok(report.exit());
    }
    printer.answer(&render(&report))?;
    if command.chat {
        let last = names.last().map_or(BUILTIN_TRIAGE, String::as_str);
        printer.answer(&conclusion(&registry, last, &report))?;
    }
    Ok(report.exit())
}

/// The tutorial's last line, about the last model that was asked.
fn conclusion(registry: &Registry, name: &str, report: &Report) -> String {
    let listed = registry.list().into_iter().find(|listed| listed.name == name);
    let provider = listed.map(|listed| listed.provider).unwrap_or_default();
    let facts = registry.facts(name).ok();
    let answered = report.checks.iter().any(|check| check.id == "chat" && check.status == Status::Pass);
    verdict(service(&provider, facts.as_ref()), answered && report.is_ok())
}

/// All entries but the built-in one.
pub(crate) fn entries(registry: &Registry) -> Vec<String> {
    let names = registry.list().into_iter().map(|listed| listed.name);
    names.filter(|name| name != BUILTIN_TRIAGE).collect()
}

/// `--endpoint-env`: the endpoint that this variable names, before any other.
pub(crate) fn look_through(variable: Option<&str>, settings: &mut Settings) -> Result<()> {
    if let Some(variable) = variable {
        settings.environment = with_endpoint(variable, &settings.environment)?;
        settings.file.api_base = None;
    }
    Ok(())
}
