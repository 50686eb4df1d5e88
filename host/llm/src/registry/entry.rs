//! One entry of a model list into a deployment, or into the reason why it is disabled.

use holmes_config::Environment;
use holmes_identity::entra::Entra;
use http::{HeaderName, HeaderValue};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    Config, Provider,
    auth::{self, AuthFacts, AuthMethod},
    provider::{Id, split},
    service_connector::Family,
};
use crate::{
    Settings, anthropic,
    dialect::Dialect,
    endpoint::{self, Address, Endpoint, Routes},
    openai::address::{self, Addresses},
    parameters::Wishes,
    windows,
};

/// Keys that are read here or mean something to `LiteLLM` only; every other key is a request parameter.
const NOT_SENT: [&str; 33] = [
    "model",
    "name",
    "api_key",
    "api_base",
    "base_url",
    "api_version",
    "azure_scope",
    "scope",
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
const OPENAI_BASE: &str = "https://api.openai.com/v1";
const ANTHROPIC_BASE: &str = "https://api.anthropic.com";
/// Foundry's former model-inference path, retired on 26 August 2026.
const MODEL_INFERENCE: &str = "/models";

/// Headers that carry a credential to Azure.
const CREDENTIALS: [&str; 3] = ["api-key", "authorization", "x-api-key"];

/// A usable entry.
pub(super) struct Usable {
    pub(super) endpoint: Endpoint,
    pub(super) wishes: Wishes,
    pub(super) window: Option<u64>,
    pub(super) auth: AuthFacts,
    /// Lists models without costing a token, where the provider has such a path.
    pub(super) models: Option<Url>,
    pub(super) fallback: Fallback,
    pub(super) secrets: Vec<SecretString>,
}

/// Who answers in an entry's place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fallback {
    pub(super) names: Vec<String>,
    /// Also when the content filter refuses.
    pub(super) on_content_filter: bool,
}

/// What an entry is read against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) settings: &'a Settings,
    pub(super) entra: &'a Entra,
}

/// Reads the fields of an entry whose templates are resolved.
pub(super) fn read(fields: &Map<String, Value>, around: Surroundings<'_>) -> Result<Usable, String> {
    let named = text(fields, "model")?.ok_or("`model` is missing")?;
    let id = split(&named, text(fields, "api_base")?.or(text(fields, "base_url")?).is_some())?;
    let base = base(fields, id.provider, around)?;
    // What Azure's variable names is Azure's, also behind a gateway with a name of its own.
    let foundry = foundry(id.provider, around).and_then(|stated| endpoint::base(stated).ok());
    let is_azure = matches!(id.provider, Provider::Azure | Provider::AzureAi)
        || endpoint::is_azure(&base.url)
        || foundry.is_some_and(|stated| stated == base.url);
    let speaks_messages = speaks_messages(id.provider, &base.url);
    let receiver = auth::Receiver { provider: id.provider, is_azure, speaks_messages, base: &base };
    let auth = auth::read(fields, receiver, around)?;
    let wishes = Wishes {
        fields: parameters(fields),
        forced: strings(fields, "allowed_openai_params")?,
        name: id.model.to_owned(),
        base_model: text(fields, "base_model")?,
        limit_output: is_azure || base.is_public || speaks_messages,
    };
    let (routes, model, models) = if speaks_messages {
        let address = Address { url: anthropic::endpoint::url(&base.url), stream_options: false };
        (Routes::only(Dialect::Messages, address), id.model.to_owned(), None)
    } else {
        let addresses = addresses(fields, id, is_azure, &base, around)?;
        let (model, models) = (addresses.model.clone(), addresses.models.clone());
        let routes = match stated_dialect(fields, id)? {
            Some(Dialect::Responses) => Routes::only(Dialect::Responses, addresses.responses),
            Some(Dialect::Chat | Dialect::Messages) => Routes::only(Dialect::Chat, addresses.chat),
            None => {
                let genuine = is_azure || base.is_public;
                addresses.routes(first_dialect(fields, genuine, &wishes, around.settings)?)
            }
        };
        (routes, model, Some(models))
    };
    let headers = headers(fields.get("extra_headers").or(around.settings.extra_headers.as_ref()))?;
    let second = |(name, _): &&(HeaderName, SecretString)| CREDENTIALS.contains(&name.as_str());
    if let Some((name, _)) =
        headers.iter().find(second).filter(|_| auth.facts.method != AuthMethod::None && is_azure)
    {
        return Err(format!("`extra_headers.{name}` would be a second credential: keep one"));
    }
    if !headers.is_empty() && !endpoint::may_carry_a_key(&base.url) {
        return Err("`extra_headers` are only sent over https; `api_base` is plain http to another machine"
            .to_owned());
    }
    let secrets = auth.secrets.into_iter().chain(headers.iter().map(|(_, value)| value.clone())).collect();
    Ok(Usable {
        endpoint: Endpoint {
            routes,
            model,
            by_key: auth.facts.method == AuthMethod::Key,
            authorizer: auth.authorizer,
            headers,
        },
        wishes,
        window: window(fields, around.settings)?,
        auth: auth.facts,
        models,
        fallback: fallback(fields)?,
        secrets,
    })
}

/// Claude: at Anthropic, or in Foundry behind a base that ends so.
fn speaks_messages(provider: Provider, base: &Url) -> bool {
    let foundry = base.path().split('/').any(|segment| segment == "anthropic");
    provider == Provider::Anthropic || (provider == Provider::AzureAi && foundry)
}

fn addresses(
    fields: &Map<String, Value>,
    id: Id<'_>,
    is_azure: bool,
    base: &Base,
    around: Surroundings<'_>,
) -> Result<Addresses, String> {
    if !is_azure {
        return Ok(address::openai(&base.url, id.model));
    }
    if base.url.path().trim_end_matches('/') == MODEL_INFERENCE {
        return Err(
            "the model inference path `/models` was retired on 26 August 2026: leave it out of `api_base`"
                .to_owned(),
        );
    }
    let own = text(fields, "api_version")?.or_else(|| around.config.api_version.clone());
    let version = own.or_else(|| around.environment.get("AZURE_API_VERSION").map(str::to_owned));
    // Foundry, and Azure under an `OpenAI` id, have the v1 path only.
    let version = if id.provider == Provider::Azure { version.as_deref() } else { Some("v1") };
    Ok(address::azure(&base.url, id.model, version))
}

/// The protocol that the entry asks for; then no other is tried.
fn stated_dialect(fields: &Map<String, Value>, id: Id<'_>) -> Result<Option<Dialect>, String> {
    match text(fields, "api")?.as_deref() {
        Some("responses") => Ok(Some(Dialect::Responses)),
        Some("chat") => Ok(Some(Dialect::Chat)),
        Some(_) => Err("`api` is `chat` or `responses`".to_owned()),
        None => Ok(id.responses.then_some(Dialect::Responses)),
    }
}

/// The protocol to begin with: what the model is known to need.
fn first_dialect(
    fields: &Map<String, Value>,
    is_genuine: bool,
    wishes: &Wishes,
    settings: &Settings,
) -> Result<Dialect, String> {
    let model = wishes.base_model.as_deref().unwrap_or(&wishes.name);
    let effort = text(fields, "reasoning_effort")?.or_else(|| settings.reasoning_effort.clone());
    let reasons = effort.is_some_and(|effort| effort != "none");
    let needed =
        windows::responses_only(model) || (reasons && windows::reasons_with_tools_in_responses(model));
    Ok(if is_genuine && needed { Dialect::Responses } else { Dialect::Chat })
}

/// Where an entry's requests go, and where that was said.
pub(super) struct Base {
    pub(super) url: Url,
    /// Stated by the entry itself.
    pub(super) own: bool,
    /// `OpenAI`'s or Anthropic's own, which take nothing without a key.
    pub(super) is_public: bool,
    /// Named by Service Connector, whose credential goes with it.
    pub(super) family: Option<Family>,
}

fn base(fields: &Map<String, Value>, provider: Provider, around: Surroundings<'_>) -> Result<Base, String> {
    let own = text(fields, "api_base")?.or(text(fields, "base_url")?).filter(|base| !base.is_empty());
    let stated =
        own.clone().or_else(|| around.config.api_base.clone()).or_else(|| from_environment(provider, around));
    let azure = matches!(provider, Provider::Azure | Provider::AzureAi);
    let (family, connected) = match Family::in_use(around.environment).filter(|_| azure && stated.is_none()) {
        Some((family, base)) => (Some(family), Some(base.to_owned())),
        None => (None, None),
    };
    let default = match provider {
        Provider::OpenAi => Some(OPENAI_BASE.to_owned()),
        Provider::Anthropic => Some(ANTHROPIC_BASE.to_owned()),
        Provider::Compatible(compatible) => compatible.default_base.map(str::to_owned),
        Provider::Azure | Provider::AzureAi => None,
    };
    let missing = || {
        let variable = match provider {
            Provider::Compatible(compatible) => compatible.base_variable,
            Provider::Azure | Provider::AzureAi | Provider::OpenAi | Provider::Anthropic => "AZURE_API_BASE",
        };
        format!("`api_base` is missing: set it in the entry, or set `{variable}`")
    };
    let url = endpoint::base(&stated.or(connected).or(default).ok_or_else(missing)?)?;
    let is_public = matches!(url.host_str(), Some("api.openai.com" | "api.anthropic.com"));
    Ok(Base { url, own: own.is_some(), is_public, family })
}

fn from_environment(provider: Provider, around: Surroundings<'_>) -> Option<String> {
    let variables: &[&str] = match provider {
        Provider::Azure => &["AZURE_API_BASE"],
        Provider::AzureAi => &["AZURE_AI_API_BASE", "AZURE_API_BASE"],
        Provider::OpenAi => &["OPENAI_API_BASE"],
        Provider::Anthropic => &["ANTHROPIC_API_BASE"],
        Provider::Compatible(compatible) => &[compatible.base_variable],
    };
    let named = around.environment.first(variables).map(|(_, base)| base.to_owned());
    named.or_else(|| foundry(provider, around).map(str::to_owned))
}

/// `HolmesGPT`'s Foundry page: `--model anthropic/<model>` with Azure's base.
fn foundry(provider: Provider, around: Surroundings<'_>) -> Option<&str> {
    let base = around.environment.get("AZURE_API_BASE").filter(|_| provider == Provider::Anthropic);
    base.filter(|base| base.trim_end_matches('/').ends_with("/anthropic"))
}

/// `fallback: [name, …]`, or `fallback: {models: [name, …], on_content_filter: true}`.
fn fallback(fields: &Map<String, Value>) -> Result<Fallback, String> {
    let Some(Value::Object(detailed)) = fields.get("fallback") else {
        return Ok(Fallback { names: strings(fields, "fallback")?, on_content_filter: false });
    };
    let on_content_filter = match detailed.get("on_content_filter") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool().ok_or("`fallback.on_content_filter` is `true` or `false`")?,
    };
    Ok(Fallback { names: strings(detailed, "models")?, on_content_filter })
}

/// The window that the entry or the environment states.
fn window(fields: &Map<String, Value>, settings: &Settings) -> Result<Option<u64>, String> {
    let own = fields.get("custom_args").and_then(|custom| custom.get("max_context_size"));
    let own = match own.filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let tokens =
                value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|tokens| *tokens > 0);
            Some(tokens.ok_or("`custom_args.max_context_size` is no number of tokens")?)
        }
    };
    Ok(own.or(settings.window))
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
