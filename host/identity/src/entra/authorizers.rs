//! Entra for the rest of the program: authorizers that share one cache, and an examination for the doctor.

use std::{fmt, sync::Arc, time::SystemTime};

use tokio::time::Instant;

use super::{
    Acquired, Config, Identity,
    cache::{Cache, Source},
    chain::Chain,
    examination::{Examination, examine},
    signer::Signer,
    statistics::Statistics,
};
use crate::{AuthError, Authorizer};

/// Microsoft Entra: the chain of credentials and the tokens it gave. A clone shares both.
#[derive(Clone)]
pub struct Entra {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    cache: Cache<Chain>,
}

impl Entra {
    /// Nothing is asked of anybody yet.
    ///
    /// # Errors
    /// Says which value of the environment can not be right.
    pub fn new(config: Config) -> Result<Self, AuthError> {
        let cache = Cache::new(Chain::new(config.clone())?);
        Ok(Self { inner: Arc::new(Inner { config, cache }) })
    }

    /// What signs requests on behalf of `who` to the receivers of `scope`
    /// (`https://cognitiveservices.azure.com/.default`). Authorizers for the same two share their token.
    pub fn authorizer(&self, who: Identity, scope: impl Into<String>) -> Arc<dyn Authorizer> {
        Arc::new(Signer::new(self.inner.cache.slot(who, scope.into())))
    }

    /// Obtains a token beside the cache and says what there was to see on the way. The token is dropped.
    pub async fn examine(&self, who: &Identity, scope: &str) -> Examination {
        let started = Instant::now();
        let outcome = self.inner.cache.source().acquire(who, scope).await;
        examine(&self.inner.config, who, scope, &outcome, started.elapsed(), SystemTime::now())
    }

    /// What the cache has done so far.
    pub fn statistics(&self) -> Statistics {
        self.inner.cache.statistics()
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entra").finish_non_exhaustive()
    }
}

impl Source for Chain {
    async fn acquire(&self, who: &Identity, scope: &str) -> Result<Acquired, AuthError> {
        self.acquire(who, scope).await
    }

    fn fingerprint(&self, who: &Identity) -> u64 {
        self.fingerprint(who)
    }
}

#[cfg(test)]
mod tests;
