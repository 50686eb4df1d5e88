//! `auth token --check`: that there is a token, when it ends and who gave it. Never the token.

use anyhow::Result;
use holmes_identity::entra::{Examination, Identity};
use holmes_llm::AuthMethod;

use super::{entra::expiry, entry::COGNITIVE_SERVICES, text::visible};
use crate::{
    args::{AuthToken, ModelChoice},
    compose::{self, Settings},
    exit::Exit,
    output::printer::Printer,
};

pub(super) async fn run(command: AuthToken, mut settings: Settings, printer: Printer) -> Result<Exit> {
    let (identity, scope) = wanted(command, &mut settings)?;
    let seen = settings.entra.examine(&identity, &scope).await;
    let Some(failure) = &seen.failure else {
        printer.answer(&told(&seen))?;
        return Ok(Exit::Success);
    };
    let said = seen.advice.first().map(|advice| {
        let fix = advice.fix.as_ref().map(|fix| format!("\nfix: {fix}")).unwrap_or_default();
        format!("{}{fix}", advice.diagnosis)
    });
    let code = failure.aadsts.map(|code| format!(" (AADSTS{code})")).unwrap_or_default();
    let said = said.unwrap_or_else(|| failure.message.clone());
    printer.error(&format!("there is no token for {}{code}: {said}", visible(&scope)));
    Ok(Exit::Failed)
}

/// Identity and scope of the model, where it uses Entra; else those of the environment.
fn wanted(command: AuthToken, settings: &mut Settings) -> Result<(Identity, String)> {
    let choice = ModelChoice { model: command.model, api_key: None, max_steps: None };
    let stated = ["AZURE_COGNITIVE_SERVICES_SCOPE", "AZURE_SCOPE"];
    let stated = settings.environment.first(&stated).map(|(_, scope)| scope.to_owned());
    let (registry, _) = compose::models(settings, &choice)?;
    let auth = registry.facts(registry.default_name()).map(|facts| facts.auth);
    let auth = auth.ok().filter(|auth| auth.method == AuthMethod::Entra);
    let (identity, own) = auth.map(|auth| (auth.identity, auth.scope)).unwrap_or_default();
    let scope = command.scope.or(own).or(stated).unwrap_or_else(|| COGNITIVE_SERVICES.to_owned());
    Ok((identity, scope))
}

fn told(seen: &Examination) -> String {
    let source = seen.source.unwrap_or("the chain");
    let detail = seen.links.iter().find(|link| link.outcome == "token").map(|link| link.detail.as_str());
    let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
    let expiry = seen.claims.as_ref().and_then(|claims| claims.exp).map(expiry);
    let expiry = expiry.unwrap_or_else(|| "does not say when it expires".to_owned());
    format!("token obtained for {}\nfrom {source}{detail}\n{expiry}", visible(&seen.scope))
}
