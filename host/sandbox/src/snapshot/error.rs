//! Why there is no recording.

use std::io;
use std::path::PathBuf;

/// Why there is no recording. Nothing of the cluster's content is in here.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Somebody's file would be lost.
    #[error("`{}` exists already; name another place, or remove it first", .0.display())]
    Exists(PathBuf),
    /// A compressed form that is not written.
    #[error("`{}` is neither a folder nor a `.tar.gz`; name it one or the other", .0.display())]
    Form(PathBuf),
    /// The disk.
    #[error("`{}` can not be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The credential was refused in the middle of it.
    #[error("the cluster refused the credential (401); log in again or renew the kubeconfig")]
    Unauthorized,
    /// No kinds, no recording.
    #[error("the cluster's kinds can not be listed: {0}")]
    Discovery(String),
    /// A typing error would otherwise leave a kind in, or everything out.
    #[error("the cluster serves no kind `{0}` that can be listed; name it as in `kubectl api-resources`")]
    UnknownKind(String),
    /// Every kind was forbidden.
    #[error("the account is not permitted to list anything that was asked for")]
    NothingPermitted,
    /// Every kind failed.
    #[error("nothing could be read: {0}")]
    NothingRead(String),
    /// Logs can be left out, objects can not.
    #[error(
        "the objects alone have more than {limit} bytes; raise --max-size, or leave kinds out with --exclude"
    )]
    TooLarge {
        /// Bytes that were permitted.
        limit: u64,
    },
}
