//! A triage report on stdout: for a terminal, a ticket, a script.

mod age;
mod markdown;
mod text;
pub(crate) mod watched;
mod words;
mod wrap;
mod yaml;

use anyhow::Result;
use holmes_protocol::Report;
use serde::Serialize;

use super::printer::Printer;
use crate::{args::ReportFormat, commands::triage::Changes};
use text::Page;

/// A whole report.
pub(crate) fn whole(report: &Report, format: ReportFormat, printer: Printer) -> Result<String> {
    match format {
        ReportFormat::Text => Ok(Page::new(printer.width()).whole(report)),
        ReportFormat::Md => Ok(markdown::whole(report)),
        ReportFormat::Json => json(report),
        ReportFormat::Yaml => Ok(yaml::document(&serde_json::to_value(report)?)),
    }
}

/// What is different from a former report.
pub(crate) fn changes(changes: &Changes<'_>, format: ReportFormat, printer: Printer) -> Result<String> {
    match format {
        ReportFormat::Text => Ok(Page::new(printer.width()).changes(changes)),
        ReportFormat::Md => Ok(markdown::changes(changes)),
        ReportFormat::Json => json(changes),
        ReportFormat::Yaml => Ok(yaml::document(&serde_json::to_value(changes)?)),
    }
}

/// With sorted keys, which a value has and a structure has not.
fn json(document: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(&serde_json::to_value(document)?)?)
}
