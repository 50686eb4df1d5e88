//! The authorizer over one token of the cache.

use std::{fmt, sync::Arc};

use futures::future::{BoxFuture, ready};
use http::{HeaderMap, header::AUTHORIZATION};

use super::cache::{Slot, Source, Token};
use crate::{AuthError, Authorizer, Readiness, Stamp};

/// Signs with the token of one slot.
pub(super) struct Signer<S> {
    slot: Arc<Slot<S>>,
}

impl<S> Signer<S> {
    pub(super) fn new(slot: Arc<Slot<S>>) -> Self {
        Self { slot }
    }
}

impl<S: Source> fmt::Debug for Signer<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").field("scope", &self.slot.scope()).finish_non_exhaustive()
    }
}

impl<S: Source> Authorizer for Signer<S> {
    fn sign<'a>(&'a self, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<Stamp, AuthError>> {
        // Nearly every request; it does not have to be polled.
        if let Some(token) = self.slot.fresh() {
            return Box::pin(ready(Ok(put(&token, headers))));
        }
        Box::pin(async move { self.slot.token().await.map(|token| put(&token, headers)) })
    }

    fn refused(&self, stamp: Stamp) -> bool {
        self.slot.refused(stamp.0)
    }

    fn redact(&self, text: &str) -> String {
        self.slot.redact(text)
    }

    fn readiness(&self) -> Readiness {
        self.slot.readiness()
    }
}

fn put(token: &Token, headers: &mut HeaderMap) -> Stamp {
    headers.insert(AUTHORIZATION, token.header());
    Stamp(token.generation())
}

#[cfg(test)]
mod tests;
