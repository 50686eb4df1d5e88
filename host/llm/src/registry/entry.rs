//! One entry of a model list into a deployment, or into the reason why it is disabled.

use holmes_config::Environment;
use http::{HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{Config, Provider, provider::split};
use crate::{
    Settings,
    openai::{
        endpoint::{self, Endpoint, Key},
        parameters::Wishes,
    },
    windows,
};

/// Keys that are read here or mean something to `LiteLLM` only; every other key is a request parameter.
const NOT_SENT: [&str; 31] = [
    "model",
    "name",
    "api_key",
    "api_base",
    "base_url",
    "api_version",
    "custom_args",
    "allowed_openai_params",
    "extra_headers",
    "base_model",
    "api",
    "fallback",
    "tenant_id",
    "client_id",
    "client_secret",
    "azure_ad_token",
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_creation_input_token_cost",
    "cache_read_input_token_cost",
    "is_robusta_model",
    "timeout",
    "max_retries",
    "num_retries",
    "drop_params",
    "custom_llm_provider",
    "messages",
    "tools",
    "tool_choice",
    "stream",
    "stream_options",
];
const ENTRA_KEYS: [&str; 2] = ["azure_ad_token", "client_secret"];
const OPENAI_BASE: &str = "https://api.openai.com/v1";

/// A usable entry.
pub(super) struct Deployment {
    pub(super) endpoint: Endpoint,
    pub(super) parameters: Map<String, Value>,
    pub(super) window: u64,
}

/// What an entry is read against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) settings: &'a Settings,
}

/// Reads the fields of an entry whose templates are resolved.
pub(super) fn read(fields: &Map<String, Value>, around: Surroundings<'_>) -> Result<Deployment, String> {
    let id = text(fields, "model")?.ok_or("`model` is missing")?;
    let (provider, model) = split(&id, text(fields, "api_base")?.or(text(fields, "base_url")?).is_some())?;
    if text(fields, "api")?.is_some_and(|api| api == "responses") {
        return Err("`api: responses` is not spoken yet; use `api: chat`".to_owned());
    }
    let base = base(fields, provider, around)?;
    let azure = provider != Provider::OpenAi || endpoint::is_azure(&base.url);
    if base.url.path().contains("/anthropic") {
        return Err("Claude in Foundry is not spoken yet; supported are `azure/…` and `openai/…`".to_owned());
    }
    let key = key(fields, provider, azure, &base, around)?;
    let version =
        text(fields, "api_version")?.or_else(|| around.config.api_version.clone().filter(|_| azure));
    let version = version.or_else(|| around.environment.get("AZURE_API_VERSION").map(str::to_owned));
    let address = match (azure, provider) {
        (true, Provider::Azure) => endpoint::azure(&base.url, model, version.as_deref()),
        (true, Provider::AzureAi | Provider::OpenAi) => endpoint::azure(&base.url, model, Some("v1")),
        (false, _) => endpoint::openai(&base.url, model),
    };
    let base_model = text(fields, "base_model")?.unwrap_or_else(|| model.to_owned());
    let window = window(fields, &base_model, around.settings)?;
    let wishes = Wishes {
        fields: parameters(fields),
        forced: strings(fields, "allowed_openai_params")?,
        base_model,
        limit_output: azure || base.is_openai,
    };
    let headers = headers(fields.get("extra_headers").or(around.settings.extra_headers.as_ref()))?;
    if !headers.is_empty() && !endpoint::may_carry_a_key(&base.url) {
        return Err("`extra_headers` are only sent over https; `api_base` is plain http to another machine"
            .to_owned());
    }
    let parameters = wishes.parameters(around.settings, window);
    Ok(Deployment { endpoint: Endpoint { address, key, headers }, parameters, window })
}

struct Base {
    url: Url,
    /// Stated by the entry itself.
    own: bool,
    is_openai: bool,
}

fn base(fields: &Map<String, Value>, provider: Provider, around: Surroundings<'_>) -> Result<Base, String> {
    let own = text(fields, "api_base")?.or(text(fields, "base_url")?);
    let variables: &[&str] = match provider {
        Provider::Azure => &["AZURE_API_BASE"],
        Provider::AzureAi => &["AZURE_AI_API_BASE", "AZURE_API_BASE"],
        Provider::OpenAi => &["OPENAI_API_BASE"],
    };
    let from_environment = || around.environment.first(variables).map(|(_, value)| value.to_owned());
    let found = own.clone().or_else(|| around.config.api_base.clone()).or_else(from_environment);
    let default = (provider == Provider::OpenAi).then(|| OPENAI_BASE.to_owned());
    let named =
        found.or(default).ok_or("`api_base` is missing: set it in the entry, or set `AZURE_API_BASE`")?;
    let url = endpoint::base(&named)?;
    let is_openai = url.host_str() == Some("api.openai.com");
    Ok(Base { url, own: own.is_some(), is_openai })
}

fn key(
    fields: &Map<String, Value>,
    provider: Provider,
    azure: bool,
    base: &Base,
    around: Surroundings<'_>,
) -> Result<Key, String> {
    let own = text(fields, "api_key")?.filter(|key| !key.trim().is_empty());
    let entra = ENTRA_KEYS.iter().find(|name| fields.get(**name).is_some_and(|value| !value.is_null()));
    match (entra, &own) {
        (Some(name), Some(_)) => return Err(format!("`{name}` and `api_key` exclude each other: keep one")),
        (Some(name), None) => {
            return Err(format!("`{name}` needs Entra, which is not spoken yet: set `api_key`"));
        }
        (None, _) => {}
    }
    let variables: &[&str] = match provider {
        Provider::AzureAi => &["AZURE_AI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
        _ if azure => &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
        Provider::Azure | Provider::OpenAi => &["OPENAI_API_KEY"],
    };
    let wants_entra = azure && around.environment.switch("AZURE_AD_TOKEN_AUTH").ok().flatten() == Some(true);
    let from_environment = || around.environment.first(variables).filter(|_| !wants_entra);
    // The configuration's key belongs to the configuration's base: it never goes to another one.
    let configured = around.config.api_key.as_ref().filter(|_| !base.own);
    let found = own.map(SecretString::from).or_else(|| configured.cloned());
    let found = found.or_else(|| from_environment().map(|(_, value)| SecretString::from(value.to_owned())));
    let Some(key) = found else {
        if !azure && !base.is_openai {
            return Ok(Key::None);
        }
        let name = variables.first().copied().unwrap_or_default();
        let why =
            if wants_entra { " (`AZURE_AD_TOKEN_AUTH` asks for Entra, which is not spoken yet)" } else { "" };
        return Err(format!(
            "no key{why}: set `api_key: \"{{{{ env.{name} }}}}\"` in the entry, or set `{name}`"
        ));
    };
    if !endpoint::may_carry_a_key(&base.url) {
        let host = endpoint::host(&base.url);
        return Err(format!(
            "the key is only sent over https, and `{host}` is plain http to another machine"
        ));
    }
    let key = SecretString::from(key.expose_secret().trim().to_owned());
    if HeaderValue::from_str(key.expose_secret()).is_err() {
        return Err("`api_key` holds characters that no header can carry".to_owned());
    }
    Ok(if azure { Key::Azure(key) } else { Key::Bearer(key) })
}

fn window(fields: &Map<String, Value>, base_model: &str, settings: &Settings) -> Result<u64, String> {
    let own = fields.get("custom_args").and_then(|custom| custom.get("max_context_size"));
    let own = match own.filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let tokens =
                value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|tokens| *tokens > 0);
            Some(tokens.ok_or("`custom_args.max_context_size` is no number of tokens")?)
        }
    };
    let known = || windows::window(base_model).unwrap_or(windows::UNKNOWN_WINDOW);
    Ok(own.or(settings.window).unwrap_or_else(known))
}

fn parameters(fields: &Map<String, Value>) -> Map<String, Value> {
    let for_others = |name: &str| name.starts_with("aws_") || name.starts_with("vertex_");
    let sent = fields.iter().filter(|(name, _)| !NOT_SENT.contains(&name.as_str()) && !for_others(name));
    sent.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn headers(value: Option<&Value>) -> Result<Vec<(HeaderName, SecretString)>, String> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let fields = value.as_object().ok_or("`extra_headers` is no mapping")?;
    let header = |(name, value): (&String, &Value)| {
        let refusal = || format!("`extra_headers.{name}` is no header");
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        HeaderValue::from_str(&value).map_err(|_| refusal())?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refusal())?;
        Ok((name, SecretString::from(value)))
    };
    fields.iter().map(header).collect()
}

/// A field that has to be a text if it is there.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(format!("`{name}` is no text")),
    }
}

fn strings(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let Some(value) = fields.get(name).filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let items = value.as_array().ok_or_else(|| format!("`{name}` is no list"))?;
    let text = |item: &Value| {
        item.as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` is no list of texts"))
    };
    items.iter().map(text).collect()
}
