//! Entra for the rest of the program: authorizers that share one cache, and an examination for the doctor.

use std::{fmt, sync::Arc, time::SystemTime};

use tokio::time::Instant;

use super::{
    Acquired, Config, Identity,
    cache::{Cache, Source},
    chain::Chain,
    examination::{self, Examination, examine},
    signer::Signer,
    statistics::Statistics,
};
use crate::{AuthError, Authorizer};

/// Microsoft Entra: the chain of credentials and the tokens it gave. A clone shares both.
#[derive(Clone)]
pub struct Entra {
    cache: Arc<Cache<Advised>>,
}

impl Entra {
    /// Nothing is asked of anybody yet.
    ///
    /// # Errors
    /// Says which value of the environment can not be right.
    pub fn new(config: Config) -> Result<Self, AuthError> {
        let chain = Chain::new(config.clone())?;
        Ok(Self { cache: Arc::new(Cache::new(Advised { chain, config })) })
    }

    /// What signs requests on behalf of `who` to the receivers of `scope`
    /// (`https://cognitiveservices.azure.com/.default`). Authorizers for the same two share their token.
    pub fn authorizer(&self, who: Identity, scope: impl Into<String>) -> Arc<dyn Authorizer> {
        Arc::new(Signer::new(self.cache.slot(who, scope.into())))
    }

    /// Obtains a token beside the cache and says what there was to see on the way. The token is dropped.
    pub async fn examine(&self, who: &Identity, scope: &str) -> Examination {
        let started = Instant::now();
        let Advised { chain, config } = self.cache.source();
        let outcome = chain.acquire(who, scope).await;
        examine(config, who, scope, &outcome, started.elapsed(), SystemTime::now())
    }

    /// Which cloud `AZURE_AUTHORITY_HOST` names, by the end that the names of its services have: `com`, `us`
    /// (US Government) or `cn` (China, as in `https://cognitiveservices.azure.cn/.default`). None: the variable
    /// is unset, so that the receiver's own name decides, or names an authority that is not one of Microsoft's.
    pub fn suffix(&self) -> Option<&'static str> {
        let Advised { chain, config } = self.cache.source();
        let given = config.authority_host.as_deref().unwrap_or_default();
        if given.trim().is_empty() {
            return None;
        }
        chain.authority().suffix()
    }

    /// What the cache has done so far.
    pub fn statistics(&self) -> Statistics {
        self.cache.statistics()
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entra").finish_non_exhaustive()
    }
}

/// The chain, with the remedy in every failure: whoever signs has no doctor at hand.
struct Advised {
    chain: Chain,
    config: Config,
}

impl Source for Advised {
    async fn acquire(&self, who: &Identity, scope: &str) -> Result<Acquired, AuthError> {
        self.chain.acquire(who, scope).await.map_err(|mut error| {
            if let Some(fix) = examination::remedy(&self.config, who, &error, SystemTime::now()) {
                let fix = fix.replace('\n', "; ");
                error.message = format!("{}; {fix}", error.message.trim_end_matches('.'));
            }
            error
        })
    }

    fn fingerprint(&self, who: &Identity) -> u64 {
        self.chain.fingerprint(who)
    }
}

#[cfg(test)]
mod tests;
