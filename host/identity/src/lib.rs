//! The only holder of credentials. Floor 1.
//!
//! Whoever needs a cluster gets a [`Cluster`] that signs by itself, whoever speaks to a model or to Azure an
//! [`Authorizer`]; no method here returns a token, and nothing above this crate links a client that could.

mod auth_error;
mod authorizer;
pub mod entra;
mod error;
mod fixed;
mod kubernetes;

pub use auth_error::{AuthError, AuthErrorKind};
pub use authorizer::{Authorizer, Readiness, Stamp};
pub use error::{ClusterError, ConnectError};
pub use fixed::Fixed;
pub use kubernetes::{Cluster, ClusterSource};
