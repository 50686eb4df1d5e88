//! The models, and the secrets that must be masked wherever they might turn up.

use std::sync::Arc;

use anyhow::Result;
use holmes_llm::{Config, Registry};
use holmes_toolset::redact::Redactor;
use secrecy::{ExposeSecret, SecretString};

use super::Settings;
use crate::{args::ModelChoice, environment};

/// The host's own secrets. `Debug` shows nothing.
#[derive(Debug)]
pub(crate) struct KnownSecrets(Vec<SecretString>);

impl KnownSecrets {
    /// A mask for one conversation: placeholders of two conversations have nothing in common.
    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        Arc::new(Redactor::with_known(self.0.iter().map(ExposeSecret::expose_secret)))
    }
}

/// The model registry, and the host's own secrets.
pub(crate) fn models(settings: &mut Settings, choice: &ModelChoice) -> Result<(Registry, KnownSecrets)> {
    let list = settings.file.model_list(&settings.environment)?;
    let key = choice.api_key.clone().or_else(|| settings.file.api_key.clone());
    let known =
        environment::SECRETS.iter().filter_map(|name| settings.environment.get(name).map(str::to_owned));
    let mut secrets: Vec<SecretString> = known.chain(key.clone()).map(SecretString::from).collect();
    let config = Config {
        model: choice.model.clone().or_else(|| settings.file.model.clone()),
        api_key: key.map(SecretString::from),
        api_base: settings.file.api_base.clone(),
        api_version: settings.file.api_version.clone(),
    };
    let registry = Registry::new(list, config, settings.environment.clone(), settings.entra.clone())?;
    secrets.extend(registry.secrets().cloned());
    Ok((registry, KnownSecrets(secrets)))
}

/// Calls of the model at most: the flag, the file, the environment.
pub(crate) fn max_steps(settings: &Settings, flag: Option<u32>) -> Result<Option<u32>> {
    let configured = settings.environment.parsed(environment::MAX_STEPS, "a number of steps")?;
    Ok(flag.or(settings.file.max_steps).or(configured))
}
