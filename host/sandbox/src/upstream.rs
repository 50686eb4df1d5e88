//! Named upstreams: what a guest may send requests to, and what each is bound to.

pub mod kubernetes;
mod live;
pub mod path;
pub mod recorded;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream::BoxStream;
use holmes_identity::Cluster;

use kubernetes::Resolved;
use recorded::Recording;

/// What a name of an upstream is bound to.
#[derive(Debug, Clone)]
pub enum Backend {
    /// A cluster behind its API server.
    Live(Arc<Cluster>),
    /// A recorded cluster, served with the API server's semantics.
    Recorded(Arc<Recording>),
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
    #[error("the cluster's credential can not be used: {0}")]
    Unauthorized(String),
    /// No connection, or it broke.
    #[error("the cluster does not answer: {0}")]
    Unavailable(String),
    /// The request did not finish in time.
    #[error("the cluster did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// An answer that holds Secrets and can not be masked is withheld.
    #[error("the answer is withheld because it can not be masked: {0}")]
    Withheld(String),
}

/// A request that was allowed.
pub(crate) struct Allowed<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(String, String)],
    pub(crate) headers: &'a [(String, String)],
    /// Makes the placeholder of a secret value of some kind.
    pub(crate) placeholder: &'a (dyn Fn(&str, &[u8]) -> String + Send + Sync),
    /// Bytes that a response which must be masked as a whole may have.
    pub(crate) largest: u64,
}

impl Backend {
    /// Now, for whoever reads the cluster's times: frozen for a recording.
    pub(crate) fn now_unix_ms(&self) -> Option<u64> {
        match self {
            Self::Live(_) => None,
            Self::Recorded(recording) => Some(recording.now_unix_ms()),
        }
    }

    /// Sends a request that policy has allowed. Secrets are masked before anybody sees the answer.
    pub(crate) async fn send(&self, request: &Allowed<'_>) -> Result<Answer, SendError> {
        match self {
            Self::Live(cluster) => live::send(cluster, request).await,
            Self::Recorded(recording) => {
                let answer = recording.answer(request.resolved, request.query, request.placeholder);
                let body = answer.body;
                Ok(Answer {
                    held: body.len() as u64,
                    status: answer.status,
                    headers: vec![("content-type".to_owned(), answer.content_type.to_owned())],
                    body: Box::pin(futures::stream::once(async move { Ok(body) })),
                })
            }
        }
    }
}
