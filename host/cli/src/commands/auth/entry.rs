//! The checks of one entry of the model list, in the documented order.

use std::sync::Arc;

use holmes_config::Environment;
use holmes_identity::entra::{Entra, Identity};
use holmes_llm::{
    AuthFacts, AuthMethod, BUILTIN_TRIAGE, Facts, LlmError, LlmErrorKind, ReachError, Registry, RegistryError,
};
use holmes_toolset::redact::Redactor;

use super::{
    entra, environment, network,
    report::{Check, Status},
};
use crate::{commands::model::greet, output::printer::Printer};

/// The audience where no entry says another one.
pub(super) const COGNITIVE_SERVICES: &str = "https://cognitiveservices.azure.com/.default";
/// What wants rights on Azure Resource Manager, which a workload should not have.
const RESOURCE: &str = "not checked: `disableLocalAuth`, `publicNetworkAccess`, `customSubDomainName`, deployments; that takes \
     rights on Azure Resource Manager";
const SHOW: &str = "az cognitiveservices account show --resource-group RESOURCE_GROUP --name ACCOUNT --query \
                    'properties.{keysOff:disableLocalAuth,network:publicNetworkAccess,domain:customSubDomainName}'";
const DEPLOYMENTS: &str = "name a deployment that exists; a new one needs five minutes. Azure lists them with\n\
     az cognitiveservices account deployment list --resource-group RESOURCE_GROUP --name ACCOUNT --output table";
const KEYS: &str = "set a key of this very endpoint; Azure shows them with\n\
     az cognitiveservices account keys list --resource-group RESOURCE_GROUP --name ACCOUNT";
const NETWORK: &str = "ask from an allowed network or through a private endpoint; the rules are\n\
     az cognitiveservices account network-rule list --resource-group RESOURCE_GROUP --name ACCOUNT";

/// What the checks of an entry are made with.
pub(crate) struct Examiner<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) environment: &'a Environment,
    pub(crate) entra: &'a Entra,
    pub(crate) mask: Arc<Redactor>,
    pub(crate) printer: Printer,
    /// Ask the model for a word, which costs a few tokens.
    pub(crate) chat: bool,
}

impl Examiner<'_> {
    /// Everything about one entry.
    pub(crate) async fn entry(&self, name: &str) -> Vec<Check> {
        if name == BUILTIN_TRIAGE {
            return self.without_model().await;
        }
        let facts = match self.registry.facts(name) {
            Ok(facts) => facts,
            Err(error) => {
                return vec![refused(&error), self.shape().await];
            }
        };
        let mut checks = vec![model(&facts)];
        checks.extend(self.credential(&facts.auth).await);
        let has_token = checks.iter().all(|check| check.id != "exchange" || check.status != Status::Fail);
        let proven = checks.len();
        checks.push(network::endpoint(&facts.host, self.environment).await);
        checks.push(self.model_list(name, has_token).await);
        let chat = self.chat(name, has_token).await;
        if chat.status == Status::Pass {
            // An answer outweighs a list that this principal may not read.
            let doubtful = checks.iter_mut().skip(proven).filter(|check| check.status == Status::Fail);
            doubtful.for_each(|check| check.status = Status::Warn);
        }
        checks.push(chat);
        if facts.auth.method == AuthMethod::Entra {
            checks.push(Check::skip("arm", "resource", RESOURCE).fix(Some(SHOW)));
        }
        checks
    }

    /// The environment, where no credential is known. In a pod that names a client, the webhook may be missing.
    async fn shape(&self) -> Check {
        let names = [crate::environment::IN_CLUSTER, "AZURE_CLIENT_ID"];
        if names.iter().any(|name| self.environment.get(name).is_none()) {
            return environment::check(self.environment, None);
        }
        let seen = self.entra.examine(&Identity::default(), COGNITIVE_SERVICES).await;
        environment::check(self.environment, Some(&seen))
    }

    /// Nobody named a model: the credential chain is shown all the same.
    async fn without_model(&self) -> Vec<Check> {
        let fix =
            "name one with --model, MODEL=azure/<deployment>, `model` of the configuration or a model list";
        let none = "no model is configured; `builtin/triage` answers, which needs no credential";
        let mut checks = vec![Check::warn("model", "model", none).cause("no-model").fix(Some(fix))];
        checks.extend(self.chain(&Identity::default(), COGNITIVE_SERVICES).await);
        if self.chat {
            checks.push(Check::fail("chat", "chat", "there is no model to ask").cause("no-model"));
        }
        checks
    }

    async fn credential(&self, auth: &AuthFacts) -> Vec<Check> {
        let mut checks = vec![origin(auth)];
        if let (AuthMethod::Entra, Some(scope)) = (&auth.method, &auth.scope) {
            checks.extend(self.chain(&auth.identity, scope).await);
        } else {
            let unneeded = "not needed: Entra is not asked for this model";
            checks.push(environment::check(self.environment, None));
            checks.push(Check::skip("exchange", "token", unneeded));
        }
        checks
    }

    /// Checks 1 to 5.
    async fn chain(&self, identity: &Identity, scope: &str) -> Vec<Check> {
        let seen = self.entra.examine(identity, scope).await;
        let mut checks = vec![environment::check(self.environment, Some(&seen))];
        checks.extend(entra::checks(&seen, self.environment).await);
        checks
    }

    /// Check 7.
    async fn model_list(&self, name: &str, has_token: bool) -> Check {
        const ID: &str = "model-list";
        const TITLE: &str = "model list";
        if !has_token {
            return Check::skip(ID, TITLE, "there is no token to ask with");
        }
        match self.registry.reach(name).await {
            Ok(Some(count)) => {
                Check::pass(ID, TITLE, format!("the endpoint takes the credential; models listed: {count}"))
            }
            Ok(None) => Check::skip(ID, TITLE, "the endpoint has no list of models"),
            Err(ReachError::Model(error)) => {
                let busy = matches!(error.kind, LlmErrorKind::RateLimited { .. });
                let status = if busy { Status::Warn } else { Status::Fail };
                self.failed(ID, TITLE, status, &error)
            }
            Err(ReachError::Registry(error)) => refused(&error),
        }
    }

    /// Check 8.
    async fn chat(&self, name: &str, has_token: bool) -> Check {
        const ID: &str = "chat";
        if !self.chat {
            return Check::skip(ID, ID, "not asked for; --chat asks the model for a word");
        }
        if !has_token {
            return Check::skip(ID, ID, "there is no token to ask with");
        }
        let model = match self.registry.choose(Some(name)) {
            Ok(model) => model,
            Err(error) => return refused(&error),
        };
        match greet(model.as_ref(), &self.mask, self.printer).await {
            Ok(reply) => Check::pass(ID, ID, reply),
            Err(error) => self.failed(ID, ID, Status::Fail, &error),
        }
    }

    fn failed(&self, id: &str, title: &str, status: Status, error: &LlmError) -> Check {
        let message = self.mask.redact_text(&error.message).text;
        let (message, command) = split_command(&message);
        let fix = command.or_else(|| remedy(error.kind).map(str::to_owned));
        Check::new(id, title, status, message).cause(error.kind.as_str()).fix(fix)
    }
}

/// An entry that can not be asked at all.
fn refused(error: &RegistryError) -> Check {
    match error {
        RegistryError::Disabled { reason, .. } => {
            Check::fail("model", "model", format!("disabled: {reason}")).cause("model-disabled")
        }
        RegistryError::Unknown { .. } => {
            let fix = "name an entry of the list, or an id such as azure/<deployment>";
            Check::fail("model", "model", error.to_string()).cause("model-unknown").fix(Some(fix))
        }
    }
}

fn model(facts: &Facts) -> Check {
    let Facts { model, host, protocol, .. } = facts;
    Check::pass("model", "model", format!("`{model}` at {host} by {protocol}"))
}

/// How requests are signed, and where that was said.
fn origin(auth: &AuthFacts) -> Check {
    let kind = match auth.method {
        AuthMethod::None => "no credential",
        AuthMethod::Key => "a key",
        AuthMethod::StaticToken => "a token that nobody here refreshes",
        AuthMethod::Entra => "Entra",
    };
    let mut detail = format!("{kind}: {}", auth.origin);
    let identity = [("tenant", &auth.identity.tenant_id), ("client", &auth.identity.client_id)];
    for (name, id) in identity {
        if let Some(id) = id {
            detail = format!("{detail}, {name} {id}");
        }
    }
    match &auth.warning {
        Some(warning) => Check::warn("credential", "credential", format!("{detail}\n{warning}"))
            .cause("unexpected-credential")
            .fix(Some("to use Entra, remove `api_key` from the entry")),
        None => Check::pass("credential", "credential", detail),
    }
}

/// Messages of the data plane end in the command that repairs it, where there is one.
pub(crate) fn split_command(message: &str) -> (String, Option<String>) {
    match message.split_once(": az ") {
        Some((cause, command)) => (cause.to_owned(), Some(format!("az {command}"))),
        None => (message.to_owned(), None),
    }
}

/// What to do where the message holds no command.
pub(crate) fn remedy(kind: LlmErrorKind) -> Option<&'static str> {
    let fix = match kind {
        LlmErrorKind::DeploymentMissing => DEPLOYMENTS,
        LlmErrorKind::KeyInvalid => KEYS,
        LlmErrorKind::NetworkDenied => NETWORK,
        LlmErrorKind::LocalAuthDisabled => "remove `api_key` from the entry and set AZURE_AD_TOKEN_AUTH=true",
        LlmErrorKind::TokenRejected => {
            "compare the audience and the tenant of the access token with the resource; `azure_scope` and \
             `tenant_id` of the entry change them"
        }
        LlmErrorKind::WrongTenant => "set `tenant_id` of the entry to the tenant of the resource",
        LlmErrorKind::WrongPath => "check `api_base` and `api_version` of the entry",
        LlmErrorKind::Unavailable => {
            "try again; if it stays: is the endpoint reachable from here (private endpoint, proxy, DNS), and is \
             its certificate one that this machine trusts (SSL_CERT_FILE)?"
        }
        LlmErrorKind::IdentityUnavailable => {
            "try again; if it stays: is the authority reachable from here, port 443, and is a proxy needed?"
        }
        LlmErrorKind::RateLimited { .. } => "wait, or raise the deployment's tokens per minute",
        LlmErrorKind::QuotaExhausted => "raise the subscription's quota, or use another deployment",
        LlmErrorKind::NoCredential
        | LlmErrorKind::RoleMissing
        | LlmErrorKind::NoCustomDomain
        | LlmErrorKind::Unauthorized
        | LlmErrorKind::WrongApi
        | LlmErrorKind::ContextTooLong
        | LlmErrorKind::ContentFiltered
        | LlmErrorKind::UnsupportedParameter
        | LlmErrorKind::StaleReasoning
        | LlmErrorKind::Rejected
        | LlmErrorKind::Cut
        | LlmErrorKind::Malformed => return None,
    };
    Some(fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(method: AuthMethod, warning: Option<&str>) -> AuthFacts {
        AuthFacts {
            method,
            origin: "`api_key` of the entry".to_owned(),
            scope: None,
            identity: Identity { client_id: Some("33333333".to_owned()), ..Identity::default() },
            warning: warning.map(str::to_owned),
        }
    }

    #[test]
    fn the_origin_of_a_key_is_told_and_a_surprise_is_a_warning() {
        let check = origin(&auth(AuthMethod::Key, None));
        assert_eq!(check.status, Status::Pass);
        assert_eq!(check.detail, "a key: `api_key` of the entry, client 33333333");
        let check = origin(&auth(AuthMethod::Key, Some("the key is used although AZURE_AD_TOKEN_AUTH=true")));
        assert_eq!(check.status, Status::Warn);
        assert!(check.detail.ends_with("AZURE_AD_TOKEN_AUTH=true"), "{}", check.detail);
    }

    #[test]
    fn a_command_at_the_end_of_a_message_becomes_the_fix() {
        let (cause, command) = split_command("a role is missing: az role assignment create --assignee x");
        assert_eq!(cause, "a role is missing");
        assert_eq!(command.as_deref(), Some("az role assignment create --assignee x"));
        assert_eq!(split_command("no: nothing"), ("no: nothing".to_owned(), None));
    }

    #[test]
    fn a_disabled_entry_fails_with_its_reason() {
        let (name, reason) = ("prod".to_owned(), "no credential: set `api_key`".to_owned());
        let check = refused(&RegistryError::Disabled { name, reason });
        assert_eq!((check.status, check.cause.as_deref()), (Status::Fail, Some("model-disabled")));
        assert_eq!(check.detail, "disabled: no credential: set `api_key`");
    }
}
