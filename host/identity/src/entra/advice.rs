//! What a failure to obtain a token means, and what repairs it: Entra's numbers, the metadata service's
//! statuses, and what the environment of a pod lacks, each with an id that scripts can rely on.

mod codes;
mod environment;
mod federation;
mod metadata;
mod shell;

use std::time::SystemTime;

use serde::Serialize;

use super::{
    Config, Identity, clock,
    token_file::{TokenFacts, TokenFileError},
};
use crate::{AuthError, AuthErrorKind};

/// A diagnosis and its remedy. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Never changes its meaning.
    pub id: &'static str,
    /// What is wrong, for people.
    pub diagnosis: String,
    /// What to do; often a command with the right values in it.
    pub fix: Option<String>,
}

/// What is known besides the error.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the environment says.
    pub config: &'a Config,
    /// On whose behalf the token was asked for.
    pub identity: &'a Identity,
    /// The projected token, where the environment names one.
    pub token_file: Option<&'a Result<TokenFacts, TokenFileError>>,
    /// How much Entra's clock is ahead of the local one, in seconds.
    pub clock_offset_seconds: Option<i64>,
    /// The local time.
    pub now: SystemTime,
}

impl<'a> Context<'a> {
    fn facts(&self) -> Option<&'a TokenFacts> {
        self.token_file.and_then(|read| read.as_ref().ok())
    }

    fn client_id(&self) -> Option<&'a str> {
        self.identity.client_id.as_deref().or(self.config.client_id.as_deref())
    }

    fn tenant_id(&self) -> Option<&'a str> {
        self.identity.tenant_id.as_deref().or(self.config.tenant_id.as_deref())
    }
}

impl Advice {
    fn new(id: &'static str, diagnosis: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { id, diagnosis: diagnosis.into(), fix: Some(fix.into()) }
    }
}

/// What a failure means.
pub fn advise(error: &AuthError, context: &Context<'_>) -> Advice {
    if let Some(code) = error.aadsts {
        return codes::advise(code, error, context);
    }
    let shape = environment::cause(context).filter(|_| explains_itself_by_the_environment(error.kind));
    shape.or_else(|| metadata::advise(error)).unwrap_or_else(|| by_kind(error))
}

/// What can be seen without a failure: the environment's shape, the token file, the clock.
pub fn observe(context: &Context<'_>) -> Vec<Advice> {
    let clock = context.clock_offset_seconds.filter(|offset| clock::is_off(*offset)).map(|offset| {
        Advice::new(
            "clock-offset",
            clock::describe(offset),
            "synchronise the clock of the node (NTP, chrony)",
        )
    });
    environment::observe(context).into_iter().chain(clock).collect()
}

/// A missing label shows as "no credential" or as a managed identity that is not there.
fn explains_itself_by_the_environment(kind: AuthErrorKind) -> bool {
    match kind {
        AuthErrorKind::NoCredential | AuthErrorKind::Configuration | AuthErrorKind::Refused => true,
        AuthErrorKind::ClaimsChallenge | AuthErrorKind::Transient | AuthErrorKind::Expired => false,
    }
}

fn by_kind(error: &AuthError) -> Advice {
    let (id, fix) = match error.kind {
        AuthErrorKind::NoCredential => (
            "no-credential",
            "in a pod: workload identity (label `azure.workload.identity/use: \"true\"` on the pod template, \
             annotation `azure.workload.identity/client-id` on its ServiceAccount); elsewhere: `az login`, or \
             AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        ),
        AuthErrorKind::Configuration => ("configuration", "correct the setting that the message names"),
        AuthErrorKind::Refused => ("refused", "check tenant, client and secret of this identity"),
        AuthErrorKind::ClaimsChallenge => (
            "claims-challenge",
            "a workload can not answer a claims challenge; exclude this identity from the policy, or let the \
             policy accept it",
        ),
        AuthErrorKind::Transient => return transient(error),
        AuthErrorKind::Expired => (
            "static-token-expired",
            "set a new token, or remove `azure_ad_token` and AZURE_AD_TOKEN so that the credential chain is used",
        ),
    };
    Advice::new(id, error.message.clone(), fix)
}

/// Entra, or the way to it, failed.
fn transient(error: &AuthError) -> Advice {
    Advice::new(
        "authority-unreachable",
        error.message.clone(),
        "try again; if it stays: is login.microsoftonline.com:443 (or the host in AZURE_AUTHORITY_HOST) \
         reachable from here, and does the network want a proxy (HTTPS_PROXY)?",
    )
}

#[cfg(test)]
mod tests;
