//! Who may ask. With a key: whoever has it. Without one: only this machine, and no foreign web page.
//!
//! The key itself is not kept, only its digest, so that nothing here can leak it. A web page that resolves
//! its own name to 127.0.0.1 (DNS rebinding) is known by its `Host` and `Origin` headers.

mod local;

use std::{fmt, hint::black_box, net::SocketAddr};

use axum::{
    extract::{self, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::{State, error::ApiError};

pub(crate) const HEALTHZ: &str = "/healthz";
pub(crate) const READYZ: &str = "/readyz";

/// The digest of the API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Vec<u8>);

impl ApiKey {
    /// Remembers a key by its digest.
    pub fn new(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).to_vec())
    }

    /// Takes the same time wherever the difference is; digests have one length.
    fn admits(&self, presented: &[u8]) -> bool {
        let presented = Sha256::digest(presented);
        let difference = self.0.iter().zip(presented.iter()).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        black_box(difference) == 0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// Who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Whoever presents the key.
    Key(ApiKey),
    /// Whoever is on this machine and no foreign web page.
    Loopback,
    /// Everybody, because the operator said so.
    Open,
}

/// Whether a server may listen beyond this machine without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unauthenticated {
    /// No.
    #[default]
    Refused,
    /// Yes: the operator set `HOLMES_UNSAFE_ALLOW_UNAUTHENTICATED`.
    Allowed,
}

/// A server that everybody on the network could use was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on `{address}` without an API key; set `HOLMES_API_KEY`, listen on `127.0.0.1`, \
     or set `HOLMES_UNSAFE_ALLOW_UNAUTHENTICATED=true`"
)]
pub struct BindError {
    address: SocketAddr,
}

/// Decides who may ask a server that listens on `address`. An empty key is no key.
pub fn check_bind(
    address: SocketAddr,
    key: Option<&str>,
    unauthenticated: Unauthenticated,
) -> Result<Access, BindError> {
    match key.filter(|key| !key.is_empty()) {
        Some(key) => Ok(Access::Key(ApiKey::new(key))),
        None if address.ip().to_canonical().is_loopback() => Ok(Access::Loopback),
        None if unauthenticated == Unauthenticated::Allowed => Ok(Access::Open),
        None => Err(BindError { address }),
    }
}

/// Defence in depth: whoever listens beyond loopback has gone through [`check_bind`].
pub(crate) fn check_listener(address: SocketAddr, access: &Access) -> Result<(), BindError> {
    match access {
        Access::Key(_) | Access::Open => Ok(()),
        Access::Loopback => check_bind(address, None, Unauthenticated::Refused).map(drop),
    }
}

/// Lets a request through, or answers it.
pub(crate) async fn guard(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let is_probe = matches!(request.uri().path(), HEALTHZ | READYZ);
    let verdict = if is_probe { Ok(()) } else { check(&state.config().access, &request) };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(access: &Access, request: &Request) -> Result<(), ApiError> {
    match access {
        Access::Open => Ok(()),
        Access::Key(key) if presented(request.headers()).is_some_and(|presented| key.admits(presented)) => {
            Ok(())
        }
        Access::Key(_) => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "an API key is required, as `X-API-Key` or `Authorization: Bearer`",
        )),
        Access::Loopback if local::is_local(request.uri(), request.headers()) => Ok(()),
        Access::Loopback => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "without an API key this server answers only programs on its own machine: \
             `Host` and `Origin` have to name it",
        )),
    }
}

/// The first key of a request: `X-API-Key`, then the bearer token, whatever the case of its scheme.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) =
        headers.get("x-api-key").map(header::HeaderValue::as_bytes).filter(|key| !key.is_empty())
    {
        return Some(key);
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().as_bytes())
}
