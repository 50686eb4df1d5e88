//! What one acquisition looked like, for the doctor: every link, the token file, the claims. Never a token.

use std::{path::Path, time::Duration, time::SystemTime};

use secrecy::ExposeSecret;
use serde::Serialize;

use super::{
    Acquired, Config, Identity, Link, LinkOutcome, LinkReport,
    advice::{Advice, Context, advise, observe},
    jwt::Claims,
    token_file::{self, TokenFacts, TokenFileError},
};
use crate::{AuthError, AuthErrorKind};

/// One acquisition, seen from all sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examination {
    /// The scope that was asked for.
    pub scope: String,
    /// The link that gave the token; none: there is none.
    pub source: Option<&'static str>,
    /// Why there is no token.
    pub failure: Option<Failure>,
    /// Every link, tried or skipped, and why.
    pub links: Vec<ExaminedLink>,
    /// The projected token, where the environment names one.
    pub token_file: Option<ExaminedFile>,
    /// What the access token says.
    pub claims: Option<AccessClaims>,
    /// How much Entra's clock is ahead of the local one, in seconds.
    pub clock_offset_seconds: Option<i64>,
    /// How long the acquisition took, in milliseconds.
    pub duration_milliseconds: u64,
    /// What to do: about the failure first, then what else was noticed.
    pub advice: Vec<Advice>,
}

/// An [`AuthError`] in plain values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// `AuthErrorKind`'s name in kebab case.
    pub kind: &'static str,
    /// For people.
    pub message: String,
    /// The number behind `AADSTS`.
    pub aadsts: Option<u32>,
    /// OAuth's `error`.
    pub oauth_error: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// For Microsoft's support.
    pub trace_id: Option<String>,
    /// For Microsoft's support.
    pub correlation_id: Option<String>,
}

/// A [`LinkReport`] in plain values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExaminedLink {
    /// The name that `AZURE_TOKEN_CREDENTIALS` has for it.
    pub link: &'static str,
    /// `token`, `unavailable`, `failed` or `skipped`.
    pub outcome: &'static str,
    /// Why.
    pub detail: String,
}

/// The projected token's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExaminedFile {
    /// From `AZURE_FEDERATED_TOKEN_FILE`.
    pub path: String,
    /// What the token says, if there is one.
    pub facts: Option<TokenFacts>,
    /// Why there is none.
    pub error: Option<String>,
}

/// What an access token says; read without trust.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AccessClaims {
    /// Whom it is for.
    pub aud: Option<String>,
    /// The principal that role assignments name.
    pub oid: Option<String>,
    /// The client: `appid`, or `azp` in newer tokens.
    pub app_id: Option<String>,
    /// The tenant.
    pub tid: Option<String>,
    /// Its end, in seconds since 1970.
    pub exp: Option<u64>,
    /// `app` or `user`.
    pub idtyp: Option<String>,
}

/// What repairs a failure, in one sentence or command.
pub(super) fn remedy(config: &Config, who: &Identity, error: &AuthError, now: SystemTime) -> Option<String> {
    let file = config.federated_token_file.as_deref().map(token_file::read);
    let facts = file.map(|read| read.map(|file| file.facts));
    let context =
        Context { config, identity: who, token_file: facts.as_ref(), clock_offset_seconds: None, now };
    advise(error, &context).fix
}

/// Puts together what an acquisition showed.
pub(super) fn examine(
    config: &Config,
    who: &Identity,
    scope: &str,
    outcome: &Result<Acquired, AuthError>,
    took: Duration,
    now: SystemTime,
) -> Examination {
    let file = config.federated_token_file.as_deref().map(|path| (path, token_file::read(path)));
    let facts =
        file.as_ref().map(|(_, read)| read.as_ref().map(|file| file.facts.clone()).map_err(Clone::clone));
    let offset = outcome.as_ref().ok().and_then(|acquired| acquired.clock_offset_seconds);
    let context =
        Context { config, identity: who, token_file: facts.as_ref(), clock_offset_seconds: offset, now };
    let mut advice: Vec<Advice> =
        outcome.as_ref().err().map(|error| advise(error, &context)).into_iter().collect();
    for seen in observe(&context) {
        if advice.iter().all(|known| known.id != seen.id) {
            advice.push(seen);
        }
    }
    let (links, source, claims, failure) = match outcome {
        Ok(acquired) => (&acquired.links, Some(acquired.link.as_str()), Some(claims(acquired)), None),
        Err(error) => (&error.links, None, None, Some(Failure::from(error))),
    };
    Examination {
        scope: scope.to_owned(),
        source,
        failure,
        links: links.iter().map(ExaminedLink::from).collect(),
        token_file: file.map(|(path, read)| examined_file(path, read.map(|file| file.facts))),
        claims,
        clock_offset_seconds: offset,
        duration_milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        advice,
    }
}

fn examined_file(path: &Path, read: Result<TokenFacts, TokenFileError>) -> ExaminedFile {
    let (facts, error) = match read {
        Ok(facts) => (Some(facts), None),
        Err(error) => (None, Some(error.to_string())),
    };
    ExaminedFile { path: path.display().to_string(), facts, error }
}

/// An opaque token has no claims, which is no failure.
fn claims(acquired: &Acquired) -> AccessClaims {
    let Some(claims) = Claims::peek(acquired.token.expose_secret()) else { return AccessClaims::default() };
    AccessClaims {
        aud: claims.text("aud"),
        oid: claims.text("oid"),
        app_id: claims.text("appid").or_else(|| claims.text("azp")),
        tid: claims.text("tid"),
        exp: claims.seconds("exp"),
        idtyp: claims.text("idtyp"),
    }
}

fn kind_name(kind: AuthErrorKind) -> &'static str {
    match kind {
        AuthErrorKind::NoCredential => "no-credential",
        AuthErrorKind::Configuration => "configuration",
        AuthErrorKind::Refused => "refused",
        AuthErrorKind::ClaimsChallenge => "claims-challenge",
        AuthErrorKind::Transient => "transient",
        AuthErrorKind::Expired => "expired",
    }
}

impl From<&AuthError> for Failure {
    fn from(error: &AuthError) -> Self {
        Self {
            kind: kind_name(error.kind),
            message: error.message.clone(),
            aadsts: error.aadsts,
            oauth_error: error.oauth_error.clone(),
            status: error.status,
            trace_id: error.trace_id.clone(),
            correlation_id: error.correlation_id.clone(),
        }
    }
}

impl From<&LinkReport> for ExaminedLink {
    fn from(report: &LinkReport) -> Self {
        let outcome = match report.outcome {
            LinkOutcome::Token => "token",
            LinkOutcome::Unavailable => "unavailable",
            LinkOutcome::Failed => "failed",
            LinkOutcome::Skipped => "skipped",
        };
        Self { link: Link::as_str(report.link), outcome, detail: report.detail.clone() }
    }
}

#[cfg(test)]
mod tests;
