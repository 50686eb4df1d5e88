//! Where plugins come from: a folder now; other sources implement the same trait.

mod directory;

pub use directory::Directory;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{LoadError, SandboxError};

/// A component's bytes and what they are called. From here on the bytes are the identity.
#[derive(Clone)]
pub struct Artifact {
    /// For messages: the file's name.
    pub origin: String,
    /// The component.
    pub bytes: Vec<u8>,
    /// `sha256:…` of the bytes.
    pub digest: String,
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Artifact")
            .field("origin", &self.origin)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Artifact {
    /// Names bytes by their digest.
    pub fn new(origin: impl Into<String>, bytes: Vec<u8>) -> Self {
        let mut digest = "sha256:".to_owned();
        for byte in Sha256::digest(&bytes) {
            // Writing into a string cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        Self { origin: origin.into(), bytes, digest }
    }
}

/// A plugin that was read, or the name of its file and why it could not be.
pub type Found = Result<Artifact, (String, LoadError)>;

/// A place that plugins are read from.
pub trait PluginSource {
    /// Every plugin of the place, in a stable order; one that can not be read is an error of its own.
    ///
    /// # Errors
    /// When the place itself can not be read, or is empty.
    fn artifacts(&self) -> Result<Vec<Found>, SandboxError>;
}
