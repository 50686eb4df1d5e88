//! What signs a request. The credential goes from here onto the request's headers and nowhere else.

use std::fmt;

use futures::future::BoxFuture;
use http::HeaderMap;

use crate::AuthError;

/// Signs requests to one receiver. No method returns a credential.
pub trait Authorizer: Send + Sync + fmt::Debug {
    /// Puts the credential on a request. It may have to be obtained first.
    ///
    /// # Errors
    /// Says why there is no credential, and what to do about it.
    fn sign<'a>(&'a self, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<Stamp, AuthError>>;

    /// The receiver refused the credential that `stamp` stands for (401, and not for want of a role).
    /// True: the next [`Authorizer::sign`] uses another one, so the request is worth one more try.
    fn refused(&self, stamp: Stamp) -> bool;

    /// Takes every credential of this authorizer out of a text that came from outside.
    fn redact(&self, text: &str) -> String;

    /// Whether a request could be signed, as far as is known without asking anybody.
    fn readiness(&self) -> Readiness;
}

/// Which of an authorizer's credentials signed a request; says nothing about the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(pub(crate) u64);

/// Whether a request could be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It could, or nothing is known against it.
    Ready,
    /// The last attempt to obtain a credential failed.
    Failing,
    /// The credential is fixed and its time is over.
    Expired,
}
