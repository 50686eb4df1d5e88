//! The only holder of credentials. Floor 1.
//!
//! Whoever needs a cluster gets a [`Cluster`] that signs by itself; no method here returns a token, and
//! nothing above this crate links a client that could.

mod error;
mod kubernetes;

pub use error::{ClusterError, ConnectError};
pub use kubernetes::{Cluster, ClusterSource};
