//! Why a recording cannot be opened, and what of it was left out.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Longer than any path of a recording; names come from the archive, so they may be anything.
const MAX_NAME_SHOWN: usize = 200;

/// Nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It does not exist, or may not be read.
    #[error("cannot read the recording `{}`", path.display())]
    Read {
        /// What was asked for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A device, a pipe or a socket.
    #[error("the recording `{}` is neither a folder nor a file", .0.display())]
    NotAFile(PathBuf),
    /// The archive is broken before its first file ended.
    #[error("the archive `{}` cannot be read: it is cut off or damaged before its first file ends", path.display())]
    BrokenArchive {
        /// What was asked for.
        path: PathBuf,
        /// Where reading stopped.
        #[source]
        source: io::Error,
    },
    /// What does not fit into memory has no place.
    #[error("the recording does not fit into the temporary folder; set TMPDIR to one with more room")]
    NoRoom(#[source] io::Error),
    /// A limit was reached; which one.
    #[error("the recording `{}` holds more than {limit}", path.display())]
    TooLarge {
        /// What was asked for.
        path: PathBuf,
        /// The limit, in words.
        limit: String,
    },
    /// There is nothing to serve.
    #[error(
        "`{}` holds no Kubernetes objects: expected a recorded cluster (`snapshot.json`, `resources/`), \
         files of `kubectl get -o json` or `-o yaml`, \
         a `kubectl cluster-info dump`, a must-gather or a support bundle",
        .0.display()
    )]
    Empty(PathBuf),
}

/// One thing that was left out; the rest is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file, escaped and shortened: names in an archive are hostile text.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Warning {
    pub(in crate::upstream) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self {
            path: path.chars().take(MAX_NAME_SHOWN).flat_map(char::escape_default).collect(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: {}", self.path, self.problem)
    }
}
