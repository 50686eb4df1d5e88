//! How requests of one entry are signed: what the entry says, then what the environment says.

use std::sync::Arc;

use holmes_identity::{
    Authorizer, Fixed,
    entra::{Entra, Identity, Link, StaticToken, check_scope},
};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    Provider,
    entry::{Base, Surroundings, text},
};
use crate::endpoint::{host, is_azure, may_carry_a_key};

/// The audience of Azure `OpenAI`, classic and v1.
const COGNITIVE_SERVICES: &str = "https://cognitiveservices.azure.";
/// The audience of Foundry's projects.
const FOUNDRY: &str = "https://ai.azure.com/.default";
/// In the place of a token: exchange the projected service account token.
const EXCHANGE: &str = "oidc/azure/";
const WAYS: &str = "set `api_key` in the entry or `AZURE_API_KEY`; or set AZURE_AD_TOKEN_AUTH=true to use Entra; \
     or give the entry `tenant_id`, `client_id` and `client_secret`";

/// By which kind of credential requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMethod {
    /// No credential at all.
    None,
    /// An API key.
    Key,
    /// A token that somebody else keeps fresh.
    StaticToken,
    /// Entra: the chain, or one service principal.
    Entra,
}

/// How an entry is signed, for whoever has to explain it. Holds no secret.
#[derive(Debug, Clone)]
pub struct AuthFacts {
    /// The kind of credential.
    pub method: AuthMethod,
    /// Where it was said, for example `` `api_key` of the entry ``.
    pub origin: String,
    /// The audience, for Entra.
    pub scope: Option<String>,
    /// On whose behalf, for Entra. Its secret is a `SecretString`.
    pub identity: Identity,
    /// What people may not expect.
    pub warning: Option<String>,
}

/// How an entry is signed.
pub(super) struct Auth {
    pub(super) authorizer: Arc<dyn Authorizer>,
    pub(super) facts: AuthFacts,
    /// Secrets that the configuration holds, for the mask of whatever is shown.
    pub(super) secrets: Vec<SecretString>,
}

/// Whom an entry speaks to.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    pub(super) provider: Provider,
    pub(super) is_azure: bool,
    /// Claude takes its key on a header of its own, in Foundry too.
    pub(super) speaks_messages: bool,
    pub(super) base: &'a Base,
}

impl Receiver<'_> {
    fn key_header(self) -> HeaderName {
        if self.speaks_messages {
            HeaderName::from_static("x-api-key")
        } else if self.is_azure {
            HeaderName::from_static("api-key")
        } else {
            AUTHORIZATION
        }
    }
}

/// What an entry says about its credential.
struct Said {
    key: Option<SecretString>,
    token: Option<String>,
    identity: Identity,
}

/// Reads how an entry is signed.
pub(super) fn read(
    fields: &Map<String, Value>,
    receiver: Receiver<'_>,
    around: Surroundings<'_>,
) -> Result<Auth, String> {
    let said = Said::read(fields)?;
    if !receiver.is_azure {
        return keyed(said, receiver, around);
    }
    let url = &receiver.base.url;
    let auth = of_azure(said, receiver, around, scope(fields, url, around)?)?;
    if !may_carry_a_key(url) {
        return Err(plain_http(url, "the credential"));
    }
    Ok(auth)
}

impl Said {
    fn read(fields: &Map<String, Value>) -> Result<Self, String> {
        let secret = |name| {
            text(fields, name).map(|value| value.filter(|value| !value.is_empty()).map(SecretString::from))
        };
        let plain = |name| text(fields, name).map(|value| value.filter(|value| !value.is_empty()));
        let said = Self {
            key: secret("api_key")?,
            token: plain("azure_ad_token")?,
            identity: Identity {
                tenant_id: plain("tenant_id")?,
                client_id: plain("client_id")?,
                client_secret: secret("client_secret")?,
                only: None,
            },
        };
        let given = [
            ("azure_ad_token", said.token.is_some()),
            ("client_secret", said.identity.client_secret.is_some()),
            ("api_key", said.key.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        match given.as_slice() {
            [first, second, ..] => Err(format!("`{first}` and `{second}` exclude each other: keep one")),
            _ => Ok(said),
        }
    }
}

/// Azure's entries: the order of the documentation, first match.
fn of_azure(
    said: Said,
    receiver: Receiver<'_>,
    around: Surroundings<'_>,
    scope: String,
) -> Result<Auth, String> {
    let base = receiver.base;
    let environment = around.environment;
    let switch = environment.switch("AZURE_AD_TOKEN_AUTH").map_err(|error| error.to_string())?;
    let wants_entra = switch == Some(true);
    if let Some(token) = said.token {
        return match token.strip_prefix(EXCHANGE) {
            Some(_) => {
                let identity = Identity { only: Some(Link::WorkloadIdentity), ..said.identity };
                Ok(by_entra(around.entra, identity, scope, "`azure_ad_token: oidc/azure/…` of the entry"))
            }
            None => by_static_token(&token, "`azure_ad_token` of the entry"),
        };
    }
    if said.identity.client_secret.is_some() {
        return of_service_principal(said.identity, scope, around);
    }
    // The configuration's key belongs to the configuration's base: it never goes to another one.
    let configured = around.config.api_key.clone().filter(|_| !base.own);
    let own = said.key.map(|key| (key, "`api_key` of the entry"));
    if let Some((key, origin)) = own.or_else(|| configured.map(|key| (key, "`api_key` of the configuration")))
    {
        let mut auth = by_key(&key, origin, receiver.key_header())?;
        auth.facts.warning = wants_entra.then(|| {
            "the key is used although AZURE_AD_TOKEN_AUTH=true; HolmesGPT would use Entra".to_owned()
        });
        return Ok(auth);
    }
    if wants_entra && let Some(token) = environment.get("AZURE_AD_TOKEN") {
        return by_static_token(token, "`AZURE_AD_TOKEN`");
    }
    if wants_entra {
        return Ok(by_entra(around.entra, said.identity, scope, "AZURE_AD_TOKEN_AUTH=true"));
    }
    if said.identity.tenant_id.is_some() || said.identity.client_id.is_some() {
        return Ok(by_entra(around.entra, said.identity, scope, "`tenant_id` or `client_id` of the entry"));
    }
    let variables: &[&str] = match receiver.provider {
        Provider::AzureAi => &["AZURE_AI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_API_KEY"],
        Provider::Azure | Provider::OpenAi | Provider::Anthropic | Provider::Compatible(_) => {
            &["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"]
        }
    };
    let connected = || base.family?.key(environment);
    if let Some((name, key)) = environment.first(variables).or_else(connected) {
        return by_key(&SecretString::from(key.to_owned()), &format!("`{name}`"), receiver.key_header());
    }
    of_service_connector(base, scope, around)
}

/// The last resort: what Service Connector or the workload identity webhook put into the pod.
fn of_service_connector(base: &Base, scope: String, around: Surroundings<'_>) -> Result<Auth, String> {
    let environment = around.environment;
    if let Some(family) = base.family {
        let principal = family.service_principal(environment);
        let identity = match principal {
            Some((tenant, client, secret)) => Identity {
                tenant_id: Some(tenant.to_owned()),
                client_id: Some(client.to_owned()),
                client_secret: Some(SecretString::from(secret.to_owned())),
                only: None,
            },
            // The webhook's client id is the pod's own; the connection's says which identity was meant.
            None => Identity {
                client_id: family
                    .client_id(environment)
                    .filter(|_| environment.get("AZURE_CLIENT_ID").is_none())
                    .map(str::to_owned),
                ..Identity::default()
            },
        };
        let secrets: Vec<SecretString> = identity.client_secret.iter().cloned().collect();
        let origin = format!("Service Connector's `{}`", family.base);
        return Ok(Auth { secrets, ..by_entra(around.entra, identity, scope, &origin) });
    }
    if environment.get("AZURE_FEDERATED_TOKEN_FILE").is_some() {
        return Ok(by_entra(around.entra, Identity::default(), scope, "`AZURE_FEDERATED_TOKEN_FILE`"));
    }
    Err(format!("no credential: {WAYS}"))
}

fn of_service_principal(identity: Identity, scope: String, around: Surroundings<'_>) -> Result<Auth, String> {
    let known = |own: &Option<String>, variable| own.is_some() || around.environment.get(variable).is_some();
    for (own, name, variable) in [
        (&identity.tenant_id, "tenant_id", "AZURE_TENANT_ID"),
        (&identity.client_id, "client_id", "AZURE_CLIENT_ID"),
    ] {
        if !known(own, variable) {
            return Err(format!(
                "`client_secret` needs `{name}` beside it: set it in the entry, or set `{variable}`"
            ));
        }
    }
    let or = |own: &Option<String>, variable| {
        own.clone().or_else(|| around.environment.get(variable).map(str::to_owned))
    };
    let identity = Identity {
        tenant_id: or(&identity.tenant_id, "AZURE_TENANT_ID"),
        client_id: or(&identity.client_id, "AZURE_CLIENT_ID"),
        ..identity
    };
    let secrets: Vec<SecretString> = identity.client_secret.iter().cloned().collect();
    Ok(Auth { secrets, ..by_entra(around.entra, identity, scope, "`client_secret` of the entry") })
}

/// Everybody else: a key, or none for a server that wants none.
fn keyed(said: Said, receiver: Receiver<'_>, around: Surroundings<'_>) -> Result<Auth, String> {
    let base = receiver.base;
    let entra =
        [("azure_ad_token", said.token.is_some()), ("client_secret", said.identity.client_secret.is_some())];
    if let Some((name, _)) = entra.iter().find(|(_, given)| *given) {
        return Err(format!("`{name}` is for Azure, and `api_base` is no Azure resource: set `api_key`"));
    }
    let variable = match receiver.provider {
        Provider::Anthropic => "ANTHROPIC_API_KEY",
        Provider::Compatible(compatible) => compatible.key_variable,
        Provider::Azure | Provider::AzureAi | Provider::OpenAi => "OPENAI_API_KEY",
    };
    let configured = around.config.api_key.clone().filter(|_| !base.own);
    let own = said.key.map(|key| (key, "`api_key` of the entry".to_owned()));
    let configured = || configured.map(|key| (key, "`api_key` of the configuration".to_owned()));
    let from_environment = || {
        let key = around.environment.get(variable)?;
        Some((SecretString::from(key.to_owned()), format!("`{variable}`")))
    };
    let Some((key, origin)) = own.or_else(configured).or_else(from_environment) else {
        if base.is_public {
            return Err(format!(
                "no key: set `api_key: \"{{{{ env.{variable} }}}}\"` in the entry, or set `{variable}`"
            ));
        }
        let facts = AuthFacts {
            method: AuthMethod::None,
            origin: "no key is configured".to_owned(),
            scope: None,
            identity: Identity::default(),
            warning: None,
        };
        return Ok(Auth { authorizer: Arc::new(Fixed::none()), facts, secrets: Vec::new() });
    };
    if !may_carry_a_key(&base.url) {
        return Err(plain_http(&base.url, "the key"));
    }
    by_key(&key, &origin, receiver.key_header())
}

fn by_key(key: &SecretString, origin: &str, header: HeaderName) -> Result<Auth, String> {
    let key = SecretString::from(key.expose_secret().trim().to_owned());
    if HeaderValue::from_str(key.expose_secret()).is_err() {
        return Err("`api_key` holds characters that no header can carry".to_owned());
    }
    let fixed = if header == AUTHORIZATION { Fixed::bearer(&key) } else { Fixed::key(header, key.clone()) };
    Ok(Auth { authorizer: Arc::new(fixed), facts: facts(AuthMethod::Key, origin), secrets: vec![key] })
}

fn by_static_token(token: &str, origin: &str) -> Result<Auth, String> {
    let token = SecretString::from(token.trim().to_owned());
    if HeaderValue::from_str(token.expose_secret()).is_err() {
        return Err(format!("{origin} holds characters that no header can carry"));
    }
    let authorizer = Arc::new(StaticToken::new(&token));
    Ok(Auth { authorizer, facts: facts(AuthMethod::StaticToken, origin), secrets: vec![token] })
}

fn by_entra(entra: &Entra, identity: Identity, scope: String, origin: &str) -> Auth {
    let authorizer = entra.authorizer(identity.clone(), scope.clone());
    let facts = AuthFacts { scope: Some(scope), identity, ..facts(AuthMethod::Entra, origin) };
    Auth { authorizer, facts, secrets: Vec::new() }
}

fn facts(method: AuthMethod, origin: &str) -> AuthFacts {
    AuthFacts { method, origin: origin.to_owned(), scope: None, identity: Identity::default(), warning: None }
}

/// The audience: of the entry, of the environment, or of the host.
fn scope(fields: &Map<String, Value>, base: &Url, around: Surroundings<'_>) -> Result<String, String> {
    let own = text(fields, "azure_scope")?.or(text(fields, "scope")?);
    let variables = ["AZURE_COGNITIVE_SERVICES_SCOPE", "AZURE_SCOPE"];
    let stated = || around.environment.first(&variables).map(|(_, scope)| scope.to_owned());
    let scope = own.filter(|scope| !scope.is_empty()).or_else(stated);
    let scope = scope.unwrap_or_else(|| default_scope(base, around.entra));
    check_scope(&scope).map_err(|error| error.message)?;
    Ok(scope)
}

/// Of the host; of a gateway, whose host says nothing, that of the authority's cloud.
fn default_scope(base: &Url, entra: &Entra) -> String {
    if base.path().contains("/api/projects/") {
        return FOUNDRY.to_owned();
    }
    let host = base.host_str().unwrap_or_default();
    let by_host = ["us", "cn"].into_iter().find(|cloud| host.ends_with(&format!(".azure.{cloud}")));
    let by_authority = || entra.suffix().filter(|_| !is_azure(base));
    format!("{COGNITIVE_SERVICES}{}/.default", by_host.or_else(by_authority).unwrap_or("com"))
}

fn plain_http(url: &Url, what: &str) -> String {
    format!("{what} is only sent over https, and `{}` is plain http to another machine", host(url))
}

#[cfg(test)]
mod tests;
