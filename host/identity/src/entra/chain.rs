//! The chain: the links in `DefaultAzureCredential`'s order, and when the next one is asked.
//!
//! A link that has nothing to offer is passed over. One that is set up and fails ends the walk if it is one of
//! the first three: a wrong secret must not end as somebody's `az login`. A person's tools pass each other by.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::Read,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use crate::{AuthError, AuthErrorKind};

use super::{
    Acquired, Config, Identity, Link, LinkOutcome, LinkReport,
    attempt::{Asked, Attempt, Obtained, Refusal},
    authority::Authority,
    azure_cli, azure_developer_cli, azure_powershell,
    command::Runner,
    environment, imds, managed_identity,
    members::Members,
    spelling::{self, check_scope},
    wire::Wires,
    workload,
};

/// All links together: three tools of ten seconds are the longest way to nothing.
const TOTAL: Duration = Duration::from_secs(35);
/// Managed identity alone may have to wait out a renewal of its service.
const TOTAL_PINNED: Duration = Duration::from_secs(75);
/// Of a file that is not a token or a certificate, the beginning tells changes well enough.
const FINGERPRINTED: u64 = 64 * 1024;

/// Whom the chain has answered for: client, tenant, and the only link if one is named.
type Asker = (Option<String>, Option<String>, Option<Link>);

/// Obtains tokens; keeps none.
#[derive(Debug)]
pub(crate) struct Chain {
    config: Config,
    authority: Authority,
    members: Members,
    wires: Wires,
    metadata_service: imds::Presence,
    /// The link that answered first stays while it is there: who a process is does not change under it.
    settled: Mutex<HashMap<Asker, Link>>,
}

impl Chain {
    /// # Errors
    /// When `AZURE_TOKEN_CREDENTIALS` or `AZURE_AUTHORITY_HOST` says nothing that can be done.
    pub(crate) fn new(config: Config) -> Result<Self, AuthError> {
        Self::over(config, Wires::system())
    }

    /// The same over another network.
    pub(super) fn over(config: Config, wires: Wires) -> Result<Self, AuthError> {
        Ok(Self {
            authority: Authority::parse(config.authority_host.as_deref())?,
            members: Members::parse(config.token_credentials.as_deref())?,
            config,
            wires,
            metadata_service: imds::Presence::default(),
            settled: Mutex::new(HashMap::new()),
        })
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Obtains a token. It takes half a minute at most (75 s for managed identity alone).
    ///
    /// # Errors
    /// The failure of the link that ended the walk, or that no link has a credential; with all links either way.
    pub(crate) async fn acquire(&self, who: &Identity, scope: &str) -> Result<Acquired, AuthError> {
        let asked = self.asked(who, scope)?;
        if let Some(secret) = &who.client_secret {
            let attempt = environment::own_principal(secret, &self.authority, &self.wires, asked).await;
            let mut walk = Walk::default();
            return walk.note(Link::Environment, attempt).unwrap_or_else(|| Err(walk.nothing()));
        }
        let key = (who.client_id.clone(), who.tenant_id.clone(), who.only);
        let deadline = Instant::now() + if asked.pinned { TOTAL_PINNED } else { TOTAL };
        let settled = self.settled().get(&key).copied();
        let mut result = self.walk(asked, who.only, settled, deadline).await;
        if let (Err(error), Some(link), false) = (&result, settled, asked.pinned)
            && gone(error, link)
        {
            tracing::warn!(
                link = link.as_str(),
                "a credential of Entra's chain is gone; the others are tried"
            );
            self.settled().remove(&key);
            result = self.walk(asked, who.only, None, deadline).await;
        }
        if let Ok(acquired) = &result {
            self.settled().insert(key, acquired.link);
        }
        result
    }

    fn settled(&self) -> MutexGuard<'_, HashMap<Asker, Link>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes when another try may end in another way: the description or one of its files changed.
    pub(crate) fn fingerprint(&self, who: &Identity) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&who.tenant_id, &who.client_id, who.only).hash(&mut hasher);
        who.client_secret.as_ref().map(ExposeSecret::expose_secret).hash(&mut hasher);
        for path in [&self.config.federated_token_file, &self.config.certificate_path].into_iter().flatten() {
            state_of(path).hash(&mut hasher);
        }
        hasher.finish()
    }

    async fn walk(
        &self,
        asked: Asked<'_>,
        only: Option<Link>,
        settled: Option<Link>,
        deadline: Instant,
    ) -> Result<Acquired, AuthError> {
        let mut walk = Walk::default();
        for link in Link::ALL {
            if let Some(reason) = self.left_out(link, only, settled) {
                walk.report(link, LinkOutcome::Skipped, reason);
                continue;
            }
            let attempt = timeout_at(deadline, self.attempt(link, asked)).await.unwrap_or_else(|_| {
                Err(Refusal::failed(
                    AuthErrorKind::Transient,
                    "the time for all credentials together is over",
                ))
            });
            if let Some(result) = walk.note(link, attempt) {
                return result;
            }
        }
        Err(walk.nothing())
    }

    /// Why a link is not tried.
    fn left_out(&self, link: Link, only: Option<Link>, settled: Option<Link>) -> Option<String> {
        match (only, settled) {
            (Some(only), _) if only != link => {
                Some(format!("the model entry asks for {} alone", only.as_str()))
            }
            (None, Some(settled)) if settled != link => {
                Some(format!("{} has answered before and stays", settled.as_str()))
            }
            (None, _) if !self.members.contains(link) => {
                Some("AZURE_TOKEN_CREDENTIALS leaves it out".to_owned())
            }
            _ => None,
        }
    }

    async fn attempt(&self, link: Link, asked: Asked<'_>) -> Attempt {
        let (config, authority, wires) = (&self.config, &self.authority, &self.wires);
        match link {
            Link::Environment => environment::attempt(config, authority, wires, asked).await,
            Link::WorkloadIdentity => workload::attempt(config, authority, wires, asked).await,
            Link::ManagedIdentity => {
                managed_identity::attempt(config, authority, wires, &self.metadata_service, asked).await
            }
            Link::VisualStudioCode => {
                Err(Refusal::unavailable("its sign-in is not supported here; use `az login`"))
            }
            Link::AzureCli => azure_cli::attempt(self.runner(), asked).await,
            Link::AzurePowerShell => azure_powershell::attempt(self.runner(), asked).await,
            Link::AzureDeveloperCli => azure_developer_cli::attempt(self.runner(), asked).await,
        }
    }

    fn runner(&self) -> Arc<Runner> {
        Arc::new(Runner::new(self.config.path.as_deref().unwrap_or_default()))
    }

    /// Fills in the environment's values and checks all of them: they reach addresses and command lines.
    fn asked<'a>(&'a self, who: &'a Identity, scope: &'a str) -> Result<Asked<'a>, AuthError> {
        let asked = Asked {
            tenant: who.tenant_id.as_deref().or(self.config.tenant_id.as_deref()),
            client: who.client_id.as_deref().or(self.config.client_id.as_deref()),
            scope,
            pinned: who.only.is_some() || self.members.pinned(),
        };
        spelling::check_id("tenant id", asked.tenant)?;
        spelling::check_id("client id", asked.client)?;
        check_scope(scope)?;
        Ok(asked)
    }
}

/// Whether a link that was tried has nothing to offer any more.
fn gone(error: &AuthError, link: Link) -> bool {
    error.links.iter().any(|report| report.link == link && report.outcome == LinkOutcome::Unavailable)
}

/// Size, time and content of a file, or that it can not be read.
fn state_of(path: &Path) -> Option<(u64, Option<std::time::SystemTime>, Vec<u8>)> {
    let file = std::fs::File::open(path).ok()?;
    let found = file.metadata().ok()?;
    let mut content = Vec::new();
    file.take(FINGERPRINTED).read_to_end(&mut content).ok()?;
    Some((found.len(), found.modified().ok(), content))
}

/// What has been learnt on the way.
#[derive(Default)]
struct Walk {
    reports: Vec<LinkReport>,
    /// The first failure that did not end the walk.
    failed: Option<AuthError>,
}

impl Walk {
    fn report(&mut self, link: Link, outcome: LinkOutcome, detail: impl Into<String>) {
        self.reports.push(LinkReport { link, outcome, detail: detail.into() });
    }

    /// Keeps what became of a link; a result ends the walk.
    fn note(&mut self, link: Link, attempt: Attempt) -> Option<Result<Acquired, AuthError>> {
        match attempt {
            Ok(obtained) => {
                self.report(link, LinkOutcome::Token, obtained.source);
                Some(Ok(self.acquired(link, obtained)))
            }
            Err(Refusal::Unavailable(reason)) => {
                self.report(link, LinkOutcome::Unavailable, reason);
                None
            }
            Err(Refusal::Failed(error)) => {
                self.report(link, LinkOutcome::Failed, error.message.as_str());
                if link <= Link::ManagedIdentity {
                    return Some(Err(self.ended_by(link, *error)));
                }
                self.failed.get_or_insert(*error);
                None
            }
        }
    }

    fn acquired(&mut self, link: Link, obtained: Obtained) -> Acquired {
        Acquired {
            token: obtained.token,
            expires_at: obtained.expires_at,
            refresh_in: obtained.refresh_in,
            link,
            links: std::mem::take(&mut self.reports),
            clock_offset_seconds: obtained.clock_offset_seconds,
        }
    }

    /// A link failed that no other may stand in for.
    fn ended_by(&mut self, link: Link, error: AuthError) -> AuthError {
        for later in Link::ALL.into_iter().filter(|later| *later > link) {
            self.report(
                later,
                LinkOutcome::Skipped,
                format!("{} failed, which ends the chain", link.as_str()),
            );
        }
        AuthError { links: std::mem::take(&mut self.reports), ..error }
    }

    /// No link gave a token.
    fn nothing(&mut self) -> AuthError {
        let reports = std::mem::take(&mut self.reports);
        let tried = reports.iter().filter(|report| report.outcome != LinkOutcome::Skipped);
        let reasons: Vec<_> =
            tried.map(|report| format!("{} ({})", report.link.as_str(), report.detail)).collect();
        let message = format!("no credential gave a token for Entra: {}", reasons.join("; "));
        let error = self.failed.take().unwrap_or_else(|| AuthError::new(AuthErrorKind::NoCredential, ""));
        AuthError { message, links: reports, ..error }
    }
}

#[cfg(test)]
mod tests;
