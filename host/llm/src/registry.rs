//! The models by name: `HolmesGPT`'s model list, ad-hoc models, and `builtin/triage`.
//!
//! One bad entry never disables another, and an unknown name never answers with another model.

mod entry;
mod provider;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use holmes_config::{ConfigError, Environment, by_nearness, nearest};
use reqwest::Client;
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

use self::{entry::Surroundings, provider::Provider};
use crate::{BUILTIN_TRIAGE, ChatModel, Settings, builtin::BuiltinTriage, openai::OpenAi};

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

/// `HolmesGPT`'s model list, in the file's order, before templates are resolved.
#[derive(Clone, Default)]
pub struct ModelList {
    entries: Vec<(String, Value)>,
}

impl ModelList {
    /// Reads a list; `file` is only named in errors. An empty file is an empty list.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        Ok(holmes_config::parse::<Option<Self>>(file, text)?.unwrap_or_default())
    }
}

impl fmt::Debug for ModelList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.entries.iter().map(|(name, _)| name)).finish()
    }
}

impl<'de> Deserialize<'de> for ModelList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = ModelList;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a mapping from a name to a model")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ModelList, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(ModelList { entries })
            }
        }
        deserializer.deserialize_map(InOrder)
    }
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

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

type Model = Arc<dyn ChatModel>;

struct Entry {
    name: String,
    provider: String,
    model: String,
    state: Result<Model, String>,
    secrets: Vec<SecretString>,
}

/// The models by name.
pub struct Registry {
    entries: Vec<Entry>,
    builtin: Model,
    default: String,
    config: Config,
    environment: Environment,
    settings: Settings,
    client: Client,
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.list()).finish()
    }
}

impl Registry {
    /// Reads every entry once. `client` comes from [`crate::client`], so that no redirect carries a key away.
    pub fn new(
        list: ModelList,
        config: Config,
        environment: Environment,
        client: Client,
    ) -> Result<Self, ConfigError> {
        let settings = Settings::from_environment(&environment)?;
        Ok(Self::with_settings(list, config, environment, settings, client))
    }

    /// Like [`Registry::new`], with settings that are not those of the environment.
    pub fn with_settings(
        list: ModelList,
        config: Config,
        environment: Environment,
        settings: Settings,
        client: Client,
    ) -> Self {
        let around = Surroundings { config: &config, environment: &environment, settings: &settings };
        let read = |(name, value)| read_entry(name, &value, around, &client);
        let entries: Vec<Entry> = list.entries.into_iter().map(read).collect();
        let configured = config.model.clone().or_else(|| environment.get("MODEL").map(str::to_owned));
        let first = || entries.first().map(|entry| entry.name.clone());
        let default = configured.or_else(first).unwrap_or_else(|| BUILTIN_TRIAGE.to_owned());
        Self { entries, builtin: Arc::new(BuiltinTriage), default, config, environment, settings, client }
    }

    /// The name of the model that answers when nobody names one.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// The keys of all entries, wherever they were configured: for the mask of whatever is shown.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.entries.iter().flat_map(|entry| &entry.secrets)
    }

    /// A model by its exact name, as requests to the server name it.
    pub fn named(&self, name: &str) -> Result<Arc<dyn ChatModel>, RegistryError> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name == name) {
            return entry
                .state
                .clone()
                .map_err(|reason| RegistryError::Disabled { name: name.to_owned(), reason });
        }
        if name == BUILTIN_TRIAGE {
            return Ok(Arc::clone(&self.builtin));
        }
        if name == self.default && provider::has_known_prefix(name) {
            return self.ad_hoc(name);
        }
        let known = || self.entries.iter().map(|entry| entry.name.as_str()).chain([BUILTIN_TRIAGE]);
        Err(RegistryError::Unknown {
            name: name.chars().filter(|c| !c.is_control()).take(100).collect(),
            nearest: nearest(name, known()).map(str::to_owned),
            known: by_nearness(name, known()).into_iter().map(|known| format!("`{known}`")).collect(),
        })
    }

    /// The model that an operator asked for, or the default. A name with a provider's prefix that is no
    /// entry is spoken to with the key and base of the environment.
    pub fn choose(&self, explicit: Option<&str>) -> Result<Arc<dyn ChatModel>, RegistryError> {
        let name = explicit.unwrap_or(&self.default);
        let is_entry = self.entries.iter().any(|entry| entry.name == name) || name == BUILTIN_TRIAGE;
        if !is_entry && provider::has_known_prefix(name) { self.ad_hoc(name) } else { self.named(name) }
    }

    /// Every model in the file's order, an ad-hoc default, and the built-in one.
    pub fn list(&self) -> Vec<Listed> {
        let mut listed: Vec<Listed> = self.entries.iter().map(|entry| self.listed(entry)).collect();
        if !listed.iter().any(|entry| entry.default) && self.default != BUILTIN_TRIAGE {
            let (provider, model) = provider::describe(&self.default);
            let state = match self.choose(None) {
                Ok(_) => ModelState::Usable,
                Err(RegistryError::Disabled { reason, .. }) => ModelState::Disabled(reason),
                Err(error @ RegistryError::Unknown { .. }) => ModelState::Disabled(error.to_string()),
            };
            listed.push(Listed { name: self.default.clone(), provider, model, state, default: true });
        }
        let (provider, model) = ("builtin".to_owned(), "triage".to_owned());
        let (name, default) = (BUILTIN_TRIAGE.to_owned(), self.default == BUILTIN_TRIAGE);
        listed.push(Listed { name, provider, model, state: ModelState::Usable, default });
        listed
    }

    fn listed(&self, entry: &Entry) -> Listed {
        let state = match &entry.state {
            Ok(_) => ModelState::Usable,
            Err(reason) => ModelState::Disabled(reason.clone()),
        };
        let (name, provider, model) = (entry.name.clone(), entry.provider.clone(), entry.model.clone());
        Listed { default: name == self.default, name, provider, model, state }
    }

    fn ad_hoc(&self, id: &str) -> Result<Model, RegistryError> {
        let around =
            Surroundings { config: &self.config, environment: &self.environment, settings: &self.settings };
        let fields = Map::from_iter([("model".to_owned(), Value::from(id))]);
        let entry = read_entry(id.to_owned(), &Value::Object(fields), around, &self.client);
        entry.state.map_err(|reason| RegistryError::Disabled { name: id.to_owned(), reason })
    }
}

fn read_entry(name: String, value: &Value, around: Surroundings<'_>, client: &Client) -> Entry {
    let id = value.get("model").and_then(Value::as_str).unwrap_or_default();
    let (provider, model) = provider::describe(id);
    let (state, secrets) = match build(&name, value, around, client) {
        Ok((model, secrets)) => (Ok(model), secrets),
        Err(reason) => (Err(reason), Vec::new()),
    };
    Entry { name, provider, model, state, secrets }
}

fn build(
    name: &str,
    value: &Value,
    around: Surroundings<'_>,
    client: &Client,
) -> Result<(Model, Vec<SecretString>), String> {
    if !value.is_object() {
        return Err("the entry is no mapping".to_owned());
    }
    let resolved = holmes_config::resolve(value, around.environment).map_err(|error| error.to_string())?;
    let fields = resolved.as_object().ok_or("the entry is no mapping")?;
    let deployment = entry::read(fields, around)?;
    let secrets = deployment.endpoint.secrets();
    let model: Model = Arc::new(OpenAi {
        name: name.to_owned(),
        endpoint: deployment.endpoint,
        parameters: deployment.parameters,
        window: deployment.window,
        settings: around.settings.clone(),
        client: client.clone(),
        learnt: Mutex::default(),
    });
    Ok((model, secrets))
}

#[cfg(test)]
mod tests;
