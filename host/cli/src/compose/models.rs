//! The models, and the secrets that must be masked wherever they might turn up.

use std::sync::Arc;

use anyhow::Result;
use holmes_llm::{Config, Registry};
use holmes_toolset::redact::Redactor;

use super::Settings;
use crate::{args::ModelChoice, environment};

/// The model registry, and the mask for the host's own secrets.
pub(crate) fn models(settings: &mut Settings, choice: &ModelChoice) -> Result<(Registry, Arc<Redactor>)> {
    let list = settings.file.model_list(&settings.environment)?;
    let key = choice.api_key.clone().or_else(|| settings.file.api_key.clone());
    let known = environment::SECRETS.iter().filter_map(|name| settings.environment.get(name).map(str::to_owned));
    let redactor = Arc::new(Redactor::with_known(known.chain(key.clone())));
    let config = Config {
        model: choice.model.clone().or_else(|| settings.file.model.clone()),
        api_key: key.map(Into::into),
        api_base: settings.file.api_base.clone(),
        api_version: settings.file.api_version.clone(),
    };
    let registry = Registry::new(list, config, settings.environment.clone(), holmes_llm::client()?)?;
    Ok((registry, redactor))
}
