//! The models by name: `HolmesGPT`'s model list, ad-hoc models, and `builtin/triage`.
//!
//! One bad entry never disables another, and an unknown name never answers with another model.

mod auth;
mod entry;
mod fallback;
mod list;
mod provider;
mod service_connector;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use holmes_config::{ConfigError, Environment, by_nearness, nearest};
use holmes_identity::entra::Entra;
use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use self::{
    entry::{Surroundings, Usable},
    provider::Provider,
};
use crate::{
    BUILTIN_TRIAGE, ChatModel, LlmError, Settings, builtin::BuiltinTriage, call::Deployment,
    limiter::Limiter, transport::Transport,
};

pub use auth::{AuthFacts, AuthMethod};
pub use list::ModelList;

/// What a configuration says about models.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The default model's name or id.
    pub model: Option<String>,
    /// For ad-hoc models, and for entries that name no base of their own.
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// For ad-hoc models, and for entries that name none.
    pub api_base: Option<String>,
    /// For Azure entries that name none.
    pub api_version: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// Whether a model can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelState {
    /// It can.
    Usable,
    /// It can not: the reason, with the fix.
    Disabled(String),
}

/// A model as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What people call it.
    pub name: String,
    /// For example `azure`; empty when the entry does not say.
    pub provider: String,
    /// The deployment or model.
    pub model: String,
    /// Whether it can be asked.
    pub state: ModelState,
    /// Whether it answers when nobody names a model.
    pub default: bool,
}

/// Why no model was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The name is not known.
    #[error("unknown model `{name}`{}; known models, nearest first: {}", meant(.nearest.as_deref()), .known.join(", "))]
    Unknown {
        /// As it was given.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// All names, nearest first.
        known: Vec<String>,
    },
    /// The entry can not be used.
    #[error("the model `{name}` is disabled: {reason}")]
    Disabled {
        /// The entry.
        name: String,
        /// Recorded when the list was read.
        reason: String,
    },
}

/// Why a provider could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// The model can not be asked at all.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It was asked, and this came of it.
    #[error(transparent)]
    Model(#[from] LlmError),
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

type Model = Arc<dyn ChatModel>;

struct Entry {
    name: String,
    provider: String,
    model: String,
    state: Result<Ready, String>,
    secrets: Vec<SecretString>,
}

/// An entry that can be asked.
#[derive(Clone)]
struct Ready {
    /// With its fallbacks.
    model: Model,
    deployment: Arc<Deployment>,
    auth: AuthFacts,
    models: Option<Url>,
    fallback: entry::Fallback,
}

/// How a model is reached, for whoever has to explain it. Holds no secret.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What people call it.
    pub name: String,
    /// The deployment or model that is asked.
    pub model: String,
    /// Host and port.
    pub host: String,
    /// Where requests go; without its query.
    pub path: String,
    /// The protocol to begin with.
    pub protocol: &'static str,
    /// How requests are signed.
    pub auth: AuthFacts,
}

/// The models by name.
pub struct Registry {
    entries: Vec<Entry>,
    builtin: Model,
    default: String,
    config: Config,
    environment: Environment,
    settings: Settings,
    transport: Transport,
    entra: Entra,
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.list()).finish()
    }
}

impl Registry {
    /// Reads every entry once; nothing is sent.
    pub fn new(
        list: ModelList,
        config: Config,
        environment: Environment,
        entra: Entra,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::from_environment(&environment)?;
        Ok(Self::with_settings(list, config, environment, settings, entra))
    }

    /// Like [`Registry::new`], with settings that are not those of the environment.
    pub fn with_settings(
        list: ModelList,
        config: Config,
        environment: Environment,
        settings: Settings,
        entra: Entra,
    ) -> Self {
        let configured = config.model.clone().or_else(|| environment.get("MODEL").map(str::to_owned));
        let first = list.entries.first().map(|(name, _)| name.clone());
        let default = configured.or(first).unwrap_or_else(|| BUILTIN_TRIAGE.to_owned());
        let (builtin, transport): (Model, _) = (Arc::new(BuiltinTriage), Transport::default());
        let mut registry =
            Self { entries: Vec::new(), builtin, default, config, environment, settings, transport, entra };
        let mut limiters = HashMap::new();
        registry.entries = list
            .entries
            .into_iter()
            .map(|(name, value)| registry.read(name, &value, &mut limiters))
            .collect();
        // `--model azure/<deployment>`: no entry, but all that it needs may be in the environment.
        let default = registry.default.clone();
        if !registry.entries.iter().any(|entry| entry.name == default) && provider::has_known_prefix(&default)
        {
            let unlisted = registry.read(default.clone(), &ad_hoc(&default), &mut limiters);
            registry.entries.push(unlisted);
        }
        fallback::link(&mut registry.entries);
        registry
    }

    /// The name of the model that answers when nobody names one.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// The secrets of all entries, wherever they were configured: for the mask of whatever is shown.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.entries.iter().flat_map(|entry| &entry.secrets)
    }

    /// A model by its exact name, as requests to the server name it.
    pub fn named(&self, name: &str) -> Result<Arc<dyn ChatModel>, RegistryError> {
        if name == BUILTIN_TRIAGE {
            return Ok(Arc::clone(&self.builtin));
        }
        self.ready(name).map(|ready| Arc::clone(&ready.model))
    }

    /// The model that an operator asked for, or the default. A name with a provider's prefix that is no
    /// entry is spoken to with the key and base of the environment.
    pub fn choose(&self, explicit: Option<&str>) -> Result<Arc<dyn ChatModel>, RegistryError> {
        let name = explicit.unwrap_or(&self.default);
        if self.entries.iter().any(|entry| entry.name == name) || !provider::has_known_prefix(name) {
            return self.named(name);
        }
        let entry = self.read(name.to_owned(), &ad_hoc(name), &mut HashMap::new());
        let disabled = |reason| RegistryError::Disabled { name: name.to_owned(), reason };
        entry.state.map(|ready| ready.model).map_err(disabled)
    }

    /// Every model in the file's order, an ad-hoc default, and the built-in one.
    pub fn list(&self) -> Vec<Listed> {
        let mut listed: Vec<Listed> = self.entries.iter().map(|entry| self.listed(entry)).collect();
        let (provider, model) = ("builtin".to_owned(), "triage".to_owned());
        let (name, default) = (BUILTIN_TRIAGE.to_owned(), self.default == BUILTIN_TRIAGE);
        listed.push(Listed { name, provider, model, state: ModelState::Usable, default });
        listed
    }

    /// How a model of the list is reached.
    pub fn facts(&self, name: &str) -> Result<Facts, RegistryError> {
        let ready = self.ready(name)?;
        let endpoint = &ready.deployment.endpoint;
        let (dialect, address) = &endpoint.routes.first;
        Ok(Facts {
            name: name.to_owned(),
            model: endpoint.model.clone(),
            host: endpoint.host(),
            path: address.url.path().to_owned(),
            protocol: dialect.as_str(),
            auth: ready.auth.clone(),
        })
    }

    /// Asks the provider for its list of models: proves address and credential, and costs no token. None:
    /// the provider has no such path.
    pub async fn reach(&self, name: &str) -> Result<Option<usize>, ReachError> {
        let ready = self.ready(name)?;
        match &ready.models {
            Some(url) => Ok(ready.deployment.models(url).await?),
            None => Ok(None),
        }
    }

    fn ready(&self, name: &str) -> Result<&Ready, RegistryError> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name == name) {
            let disabled =
                |reason: &String| RegistryError::Disabled { name: name.to_owned(), reason: reason.clone() };
            return entry.state.as_ref().map_err(disabled);
        }
        let known = || self.entries.iter().map(|entry| entry.name.as_str()).chain([BUILTIN_TRIAGE]);
        Err(RegistryError::Unknown {
            name: name.chars().filter(|c| !c.is_control()).take(100).collect(),
            nearest: nearest(name, known()).map(str::to_owned),
            known: by_nearness(name, known()).into_iter().map(|known| format!("`{known}`")).collect(),
        })
    }

    fn listed(&self, entry: &Entry) -> Listed {
        let state = match &entry.state {
            Ok(_) => ModelState::Usable,
            Err(reason) => ModelState::Disabled(reason.clone()),
        };
        let (name, provider, model) = (entry.name.clone(), entry.provider.clone(), entry.model.clone());
        Listed { default: name == self.default, name, provider, model, state }
    }

    fn read(&self, name: String, value: &Value, limiters: &mut Limiters) -> Entry {
        let id = value.get("model").and_then(Value::as_str).unwrap_or_default();
        let (provider, model) = provider::describe(id);
        let (state, secrets) = match self.usable(value) {
            Ok(usable) => {
                let (ready, secrets) = self.ready_of(&name, usable, limiters);
                (Ok(ready), secrets)
            }
            Err(reason) => (Err(reason), Vec::new()),
        };
        Entry { name, provider, model, state, secrets }
    }

    fn usable(&self, value: &Value) -> Result<Usable, String> {
        if !value.is_object() {
            return Err("the entry is no mapping".to_owned());
        }
        let resolved = holmes_config::resolve(value, &self.environment).map_err(|error| error.to_string())?;
        let fields = resolved.as_object().ok_or("the entry is no mapping")?;
        let around = Surroundings {
            config: &self.config,
            environment: &self.environment,
            settings: &self.settings,
            entra: &self.entra,
        };
        entry::read(fields, around)
    }

    fn ready_of(&self, name: &str, usable: Usable, limiters: &mut Limiters) -> (Ready, Vec<SecretString>) {
        let limiter = limiters.entry(usable.endpoint.origin());
        let limiter = limiter.or_insert_with(|| Arc::new(Limiter::new(self.settings.concurrent_calls)));
        let mut settings = self.settings.clone();
        if !usable.fallback.names.is_empty() {
            settings.retry.transient_retries = fallback::RETRIES;
        }
        let deployment = Arc::new(Deployment {
            name: name.to_owned(),
            endpoint: usable.endpoint,
            wishes: usable.wishes,
            window: usable.window,
            settings,
            transport: self.transport.clone(),
            limiter: Arc::clone(limiter),
            learnt: Mutex::default(),
        });
        let model: Model = Arc::<Deployment>::clone(&deployment);
        let (auth, models, fallback) = (usable.auth, usable.models, usable.fallback);
        (Ready { model, deployment, auth, models, fallback }, usable.secrets)
    }
}

/// One limiter for all entries of one deployment.
type Limiters = HashMap<String, Arc<Limiter>>;

fn ad_hoc(id: &str) -> Value {
    Value::Object(Map::from_iter([("model".to_owned(), Value::from(id))]))
}

#[cfg(test)]
mod tests;
