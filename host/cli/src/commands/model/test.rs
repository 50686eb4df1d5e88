//! `model test`: what the Service Connector tutorial's sample pod is. Three lines, and the last one is the verdict.

use anyhow::Result;
use holmes_llm::{AuthMethod, BUILTIN_TRIAGE, Facts, LlmError, LlmErrorKind};

use super::{greet, service, verdict};
use crate::{
    args::{ModelChoice, ModelTest},
    commands::auth::{look_through, remedy, split_command, visible},
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};

/// What makes a deployment of Azure the model.
const NO_MODEL: &str = "no model is named, and `builtin/triage` needs no service\nfix: name one: holmes-host model test \
     azure/<deployment>, or set MODEL=azure/<deployment>";

pub(super) async fn run(command: ModelTest, mut settings: Settings, printer: Printer) -> Result<Exit> {
    look_through(command.endpoint_env.as_deref(), &mut settings)?;
    let name = command.name.or(command.model);
    let (registry, secrets) =
        compose::models(&mut settings, &ModelChoice { model: name, api_key: None, max_steps: None })?;
    let name = registry.default_name().to_owned();
    let listed = registry.list().into_iter().find(|listed| listed.name == name);
    let provider = listed.map(|listed| listed.provider).filter(|provider| provider != "builtin");
    let provider = provider.unwrap_or_else(|| "azure".to_owned());
    let failed = |facts: Option<&Facts>, why: &str| {
        printer.error(why);
        printer.answer(&verdict(service(&provider, facts), false))?;
        Ok(Exit::Failed)
    };
    if name == BUILTIN_TRIAGE {
        return failed(None, NO_MODEL);
    }
    let (facts, model) =
        match registry.facts(&name).and_then(|facts| Ok((facts, registry.choose(Some(&name))?))) {
            Ok(ready) => ready,
            Err(error) => return failed(None, &error.to_string()),
        };
    printer.answer(&format!("Greetings from `{}` at {}.", visible(&facts.model), facts.host))?;
    let mask = secrets.redactor();
    match greet(model.as_ref(), &mask, printer).await {
        Ok(reply) => {
            printer.answer(&reply)?;
            printer.answer(&verdict(service(&provider, Some(&facts)), true))?;
            Ok(Exit::Success)
        }
        Err(error) => {
            let why = explain(&error, &facts, &settings).await;
            failed(Some(&facts), &mask.redact_text(&why).text)
        }
    }
}

/// Cause and fix. Without a token, Entra is asked once more, because only an examination knows both.
async fn explain(error: &LlmError, facts: &Facts, settings: &Settings) -> String {
    let auth = &facts.auth;
    let scope = auth.scope.as_ref().filter(|_| auth.method == AuthMethod::Entra);
    if let (LlmErrorKind::NoCredential, Some(scope)) = (error.kind, scope) {
        let seen = settings.entra.examine(&auth.identity, scope).await;
        if let (Some(failure), Some(advice)) = (&seen.failure, seen.advice.first()) {
            let code = failure.aadsts.map(|code| format!(" (AADSTS{code})")).unwrap_or_default();
            return with_fix(&format!("{}{code}", advice.diagnosis), advice.fix.as_deref());
        }
    }
    let (cause, command) = split_command(&error.message);
    with_fix(&cause, command.as_deref().or_else(|| remedy(error.kind)))
}

fn with_fix(cause: &str, fix: Option<&str>) -> String {
    let fix = fix.map(|fix| format!("\nfix: {fix}")).unwrap_or_default();
    format!("{cause}{fix}\nholmes-host auth check shows every step")
}
