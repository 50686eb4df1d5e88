//! `model list` and `model test`: the models, why one can not be used, and whether one answers.

mod greeting;
mod test;

use anyhow::Result;
use holmes_llm::ModelState;

use crate::{
    args::{self, ModelChoice},
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};

pub(crate) use greeting::{greet, service, verdict};

pub(crate) async fn run(command: args::Model, settings: Settings, printer: Printer) -> Result<Exit> {
    match command {
        args::Model::List => list(settings, printer),
        args::Model::Test(command) => test::run(command, settings, printer).await,
    }
}

fn list(mut settings: Settings, printer: Printer) -> Result<Exit> {
    let (models, _) =
        compose::models(&mut settings, &ModelChoice { model: None, api_key: None, max_steps: None })?;
    let mut lines = Vec::new();
    for model in models.list() {
        let default = if model.default { " (default)" } else { "" };
        let state = match &model.state {
            ModelState::Usable => "usable".to_owned(),
            ModelState::Disabled(reason) => format!("disabled: {reason}"),
        };
        lines.push(format!("{}{default}  {}/{}  {state}", model.name, model.provider, model.model));
    }
    printer.answer(&lines.join("\n"))?;
    Ok(Exit::Success)
}
