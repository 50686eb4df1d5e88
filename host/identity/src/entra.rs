//! Microsoft Entra: who asks, for which audience, and the authorizers that sign with its tokens.
//!
//! `chain` walks the credentials in `DefaultAzureCredential`'s order, each obtained through
//! `azure_identity`; `cache` keeps what they return. No token leaves this module but on a header.

pub mod advice;
mod attempt;
mod authority;
mod authorizers;
mod azure_cli;
mod azure_developer_cli;
mod azure_powershell;
mod cache;
mod certificate;
mod chain;
mod clock;
mod command;
mod dialect;
mod environment;
mod examination;
mod exchange;
mod failure;
#[cfg(test)]
mod fake;
mod imds;
mod jwt;
mod managed_identity;
mod members;
mod sentence;
mod signer;
mod spelling;
mod static_token;
mod statistics;
mod token_file;
mod tool;
mod transport;
mod wire;
mod workload;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use secrecy::SecretString;

pub use advice::Advice;
pub use authorizers::Entra;
pub use examination::{AccessClaims, Examination, ExaminedFile, ExaminedLink, Failure};
pub use spelling::check_scope;
pub use static_token::StaticToken;
pub use statistics::{Refreshes, Statistics, TokenStatus};
pub use token_file::{TokenFacts, TokenFileError};

/// What the environment says about Entra. Read once from the process, in `cli`; an empty value is `None`.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<SecretString>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`: PEM with certificate and private key.
    pub certificate_path: Option<PathBuf>,
    /// `AZURE_CLIENT_CERTIFICATE_PASSWORD`.
    pub certificate_password: Option<SecretString>,
    /// `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN`: send `x5c` for subject-name/issuer authentication.
    pub send_certificate_chain: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`: the only thing that names the projected token.
    pub federated_token_file: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`, as it was given.
    pub authority_host: Option<String>,
    /// `AZURE_TOKEN_CREDENTIALS`, as it was given.
    pub token_credentials: Option<String>,
    /// `IDENTITY_ENDPOINT` of App Service.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER` of App Service.
    pub identity_header: Option<SecretString>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: replaces the host of the instance metadata service.
    pub imds_host: Option<String>,
    /// Variables of identity bindings that are set (`AZURE_KUBERNETES_TOKEN_PROXY`, …): not supported, said so.
    pub identity_binding: Vec<String>,
    /// `PATH`, in which `az`, `azd` and `pwsh` are looked for.
    pub path: Option<std::ffi::OsString>,
    /// In a pod (`KUBERNETES_SERVICE_HOST` is set): what is missing there has other causes.
    pub in_pod: bool,
}

/// On whose behalf a token is asked for: what a model entry says over the environment.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Over `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// Over `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// With it, tenant and client are a service principal of their own and no chain is walked.
    pub client_secret: Option<SecretString>,
    /// Only this link is tried (`oidc/azure/…` of an entry means workload identity).
    pub only: Option<Link>,
}

/// A link of the chain, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Link {
    /// A service principal of the environment: secret or certificate.
    Environment,
    /// A projected service account token, exchanged.
    WorkloadIdentity,
    /// The machine's or the app's own identity.
    ManagedIdentity,
    /// Never available here; listed because the order has it.
    VisualStudioCode,
    /// `az`.
    AzureCli,
    /// `pwsh` with Az.Accounts.
    AzurePowerShell,
    /// `azd`.
    AzureDeveloperCli,
}

impl Link {
    /// All links in their order.
    pub const ALL: [Self; 7] = [
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::VisualStudioCode,
        Self::AzureCli,
        Self::AzurePowerShell,
        Self::AzureDeveloperCli,
    ];

    /// The name that `AZURE_TOKEN_CREDENTIALS` has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "EnvironmentCredential",
            Self::WorkloadIdentity => "WorkloadIdentityCredential",
            Self::ManagedIdentity => "ManagedIdentityCredential",
            Self::VisualStudioCode => "VisualStudioCodeCredential",
            Self::AzureCli => "AzureCliCredential",
            Self::AzurePowerShell => "AzurePowerShellCredential",
            Self::AzureDeveloperCli => "AzureDeveloperCliCredential",
        }
    }
}

/// What became of one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkReport {
    /// The link.
    pub link: Link,
    /// What became of it.
    pub outcome: LinkOutcome,
    /// Why, in one sentence for people; for a token, where it came from (`client secret`, `projected token`).
    pub detail: String,
}

/// What became of one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It gave the token.
    Token,
    /// It has nothing to offer here.
    Unavailable,
    /// It tried and failed.
    Failed,
    /// `AZURE_TOKEN_CREDENTIALS`, or an earlier link, left it out.
    Skipped,
}

/// A token as it was obtained. `Debug` shows no token.
#[derive(Debug, Clone)]
pub(crate) struct Acquired {
    pub(crate) token: SecretString,
    /// From the answer: `expires_in`, or `expires_on`.
    pub(crate) expires_at: SystemTime,
    /// `refresh_in` of the answer.
    pub(crate) refresh_in: Option<Duration>,
    /// Who gave it.
    pub(crate) link: Link,
    /// Everything that was tried before, and the link that gave the token.
    pub(crate) links: Vec<LinkReport>,
    /// How much the provider's `Date` is ahead of the local clock (negative: behind), in seconds.
    pub(crate) clock_offset_seconds: Option<i64>,
}
