//! Why a cluster can not be reached.

/// Why there is no connection to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Neither a kubeconfig nor a service account was found, or what was found does not parse.
    #[error("no cluster is configured: {0}")]
    Config(String),
    /// The client can not be built from the configuration.
    #[error("the cluster's configuration can not be used: {0}")]
    Client(String),
    /// The API server did not answer.
    #[error("the cluster `{name}` is not reachable: {reason}")]
    Unreachable {
        /// The context's or cluster's name.
        name: String,
        /// What happened.
        reason: String,
    },
    /// The API server refused the credential.
    #[error("the cluster `{name}` refused the credential (401); log in again or renew the kubeconfig")]
    Unauthorized {
        /// The context's or cluster's name.
        name: String,
    },
}

/// Why one request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The credential could not be obtained.
    #[error("{0}")]
    Credential(String),
    /// No connection, or it broke.
    #[error("{0}")]
    Unavailable(String),
}
