//! Tokens in memory, by identity and scope: one lock each, renewed ahead of time, one acquisition at a time.
//!
//! [`Slot`] has the rules for one token; here is only who shares which. Nothing is ever written to disk.

mod pause;
mod slot;
mod state;
mod token;

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::ExposeSecret;

use super::{
    Acquired, Identity,
    clock::OffsetWatch,
    statistics::{Counters, Statistics},
};
use crate::AuthError;

pub(super) use slot::Slot;
pub(super) use token::{Token, bearer};

/// Where tokens come from.
pub(super) trait Source: Send + Sync + 'static {
    /// Obtains a token; never answers from a memory of its own.
    fn acquire(
        &self,
        who: &Identity,
        scope: &str,
    ) -> impl Future<Output = Result<Acquired, AuthError>> + Send;

    /// Changes when another try may end differently: another token file, another environment.
    fn fingerprint(&self, who: &Identity) -> u64;
}

/// What all slots of a cache have in common.
#[derive(Debug)]
struct Shared<S> {
    source: S,
    counters: Counters,
    clock: OffsetWatch,
}

/// All tokens of one source.
#[derive(Debug)]
pub(super) struct Cache<S> {
    shared: Arc<Shared<S>>,
    /// A handful, looked at when an authorizer is made and never to sign: a list is enough.
    slots: Mutex<Vec<Arc<Slot<S>>>>,
}

impl<S: Source> Cache<S> {
    pub(super) fn new(source: S) -> Self {
        let shared = Shared { source, counters: Counters::default(), clock: OffsetWatch::default() };
        Self { shared: Arc::new(shared), slots: Mutex::default() }
    }

    pub(super) fn source(&self) -> &S {
        &self.shared.source
    }

    /// The place of one identity's token for one scope, the same for everybody who asks for it.
    pub(super) fn slot(&self, who: Identity, scope: String) -> Arc<Slot<S>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.iter().find(|slot| slot.scope() == scope && same(slot.who(), &who)) {
            return Arc::clone(slot);
        }
        // What a changed configuration left behind goes once its token is over.
        slots.retain(|slot| Arc::strong_count(slot) > 1 || slot.is_usable());
        let slot = Arc::new(Slot::new(Arc::clone(&self.shared), who, scope));
        slots.push(Arc::clone(&slot));
        slot
    }

    pub(super) fn statistics(&self) -> Statistics {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.counters.read(slots.iter().map(|slot| slot.status()).collect())
    }
}

/// Two descriptions of one identity. Another secret is another identity: one of the two may be wrong.
fn same(left: &Identity, right: &Identity) -> bool {
    let secrets =
        [left, right].map(|identity| identity.client_secret.as_ref().map(ExposeSecret::expose_secret));
    left.tenant_id == right.tenant_id
        && left.client_id == right.client_id
        && left.only == right.only
        && secrets.first() == secrets.last()
}

#[cfg(test)]
pub(in crate::entra) mod tests;
