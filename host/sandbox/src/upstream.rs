//! Named upstreams: what a guest may send requests to, and what each is bound to.

mod answers;
mod azure;
mod cassette;
mod cloud;
mod endpoint;
mod kind;
pub mod kubernetes;
mod live;
pub mod path;
pub mod recorded;
mod service;
pub(crate) mod target;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream::BoxStream;
use holmes_identity::{Cluster, Readiness};

use recorded::Recording;
use target::Target;

pub use cassette::{Cassette, CassetteError, Recorder};
pub use cloud::Cloud;
pub use endpoint::{Endpoint, EndpointError};
pub use kind::Kind;
pub use service::Service;

/// What a name of an upstream is bound to.
#[derive(Debug, Clone)]
pub enum Backend {
    /// A cluster behind its API server.
    Live(Arc<Cluster>),
    /// A recorded cluster, served with the API server's semantics.
    Recorded(Arc<Recording>),
    /// A live service, signed for by an authorizer.
    Service(Arc<Service>),
    /// Recorded exchanges with a service.
    Cassette(Arc<Cassette>),
}

/// An answer whose body is still to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: BoxStream<'static, Result<Bytes, BodyError>>,
    /// Bytes of the body that are here already; 0 for one that is still on its way.
    pub(crate) held: u64,
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BodyError(pub(crate) String);

/// Why there is no answer at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The credential could not be obtained, or was refused before the request.
    #[error("{0}")]
    Unauthorized(String),
    /// No connection, or it broke.
    #[error("{0}")]
    Unavailable(String),
    /// The request did not finish in time.
    #[error("the upstream did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// An answer that may hold secrets and can not be masked is withheld.
    #[error("the answer is withheld because it can not be masked: {0}")]
    Withheld(String),
    /// An answer that has to be read whole has more bytes than a response may have.
    #[error("the answer has more than {0} bytes; ask for less: a filter, fewer columns, `$top`")]
    TooLarge(u64),
    /// A cassette that was not asked this when it was recorded.
    #[error("the cassette has no answer to {0}")]
    NotRecorded(String),
}

/// A request that was allowed.
pub(crate) struct Allowed<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(String, String)],
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: Option<&'a [u8]>,
    /// Makes the placeholder of a secret value of some kind.
    pub(crate) placeholder: &'a (dyn Fn(&str, &[u8]) -> String + Send + Sync),
    /// Bytes that a response which must be masked as a whole may have.
    pub(crate) largest: u64,
}

impl Answer {
    /// An answer that is here already.
    fn held(status: u16, headers: Vec<(String, String)>, body: Bytes) -> Self {
        let held = body.len() as u64;
        Self { status, headers, body: Box::pin(futures::stream::once(async move { Ok(body) })), held }
    }
}

impl Backend {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Live(_) | Self::Recorded(_) => Kind::Kubernetes,
            Self::Service(service) => service.kind(),
            Self::Cassette(cassette) => cassette.kind(),
        }
    }

    /// Now, for whoever reads the upstream's times: frozen for a recording, and while one is made.
    pub(crate) fn now_unix_ms(&self) -> Option<u64> {
        match self {
            Self::Live(_) => None,
            Self::Recorded(recording) => Some(recording.now_unix_ms()),
            Self::Service(service) => service.now_unix_ms(),
            Self::Cassette(cassette) => Some(cassette.now_unix_ms()),
        }
    }

    /// Whether requests could be signed, as far as is known without sending one.
    pub(crate) fn readiness(&self) -> Readiness {
        match self {
            Self::Live(_) | Self::Recorded(_) | Self::Cassette(_) => Readiness::Ready,
            Self::Service(service) => service.readiness(),
        }
    }

    /// Sends a request that policy has allowed. Secrets are masked before anybody sees the answer.
    pub(crate) async fn send(&self, target: &Target, request: &Allowed<'_>) -> Result<Answer, SendError> {
        match (self, target) {
            (Self::Live(cluster), Target::Kubernetes(resolved)) => {
                live::send(cluster, resolved, request).await
            }
            (Self::Recorded(recording), Target::Kubernetes(resolved)) => {
                let answer = recording.answer(resolved, request.query, request.placeholder);
                let headers = vec![("content-type".to_owned(), answer.content_type.to_owned())];
                Ok(Answer::held(answer.status, headers, answer.body))
            }
            (Self::Service(service), Target::Service(target)) => service.send(target, request).await,
            (Self::Cassette(cassette), Target::Service(target)) => cassette.answer(target, request),
            (Self::Live(_) | Self::Recorded(_), Target::Service(_))
            | (Self::Service(_) | Self::Cassette(_), Target::Kubernetes(_)) => {
                let kind = self.kind();
                Err(SendError::Unavailable(format!("the upstream is bound to one of kind `{kind}`")))
            }
        }
    }
}
