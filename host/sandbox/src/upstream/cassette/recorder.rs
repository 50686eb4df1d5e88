//! Writes exchanges down as they happen: what the guest saw, masked as the guest saw it, and no request header.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    CassetteError, Folder, HEAD, Head, VERSION,
    exchange::{Exchange, Key, Query, Request, Response, parsed},
};
use crate::upstream::{Allowed, Kind, target::ServiceRequest};

/// Letters of a file's name that tell people what is in it.
const NAME: usize = 40;

/// Writes a cassette.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    kind: Kind,
    now: Timestamp,
}

impl Recorder {
    /// Begins a cassette in a folder, or goes on with the one that is there, at its moment. Several kinds may share
    /// one.
    ///
    /// # Errors
    /// When the folder can not be written, or holds something else under that name.
    pub fn open(folder: &Path, kind: Kind) -> Result<Self, CassetteError> {
        let failed = |error: &dyn std::fmt::Display| CassetteError::Write {
            path: folder.to_owned(),
            reason: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let file = folder.join(HEAD);
        match fs::read(&file) {
            Ok(bytes) => {
                let now = Folder::read("", &file.display().to_string(), &bytes)?.now;
                Ok(Self { folder: folder.to_owned(), kind, now })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
                let now = Timestamp::from_second(seconds).map_err(|error| failed(&error))?;
                let head = Head { version: VERSION, kind: None, recorded_at: now };
                let text = serde_json::to_vec_pretty(&head).map_err(|error| failed(&error))?;
                write(&file, &text).map_err(|error| failed(&error))?;
                Ok(Self { folder: folder.to_owned(), kind, now })
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// The recording's moment, in milliseconds since 1970.
    pub(crate) fn now_unix_ms(&self) -> u64 {
        u64::try_from(self.now.as_millisecond()).unwrap_or(0)
    }

    /// Writes one exchange. The same request again replaces the earlier answer. A disk that is full spoils the
    /// recording, not the call.
    pub(crate) async fn write(
        &self,
        request: &ServiceRequest,
        allowed: &Allowed<'_>,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) {
        let exchange = Exchange {
            kind: Some(self.kind.to_string()),
            request: Request {
                method: request.method.to_string(),
                path: request.path(),
                query: Query::of(allowed.query),
                body: allowed.body.map(parsed),
            },
            response: Response::new(status, headers.iter().cloned().collect(), body),
        };
        let file = self.folder.join(name(request, allowed));
        let written = tokio::task::spawn_blocking(move || {
            let text = serde_json::to_vec_pretty(&exchange).map_err(io::Error::other)?;
            write(&file, &text)
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, folder = %self.folder.display(), "an exchange could not be recorded");
        }
    }
}

/// `get-managedclusters-1f2e3d4c5b6a7988.json`: readable, and one for each request.
fn name(request: &ServiceRequest, allowed: &Allowed<'_>) -> String {
    let mut digest = Sha256::new();
    digest.update(Key::of(request, allowed.query).to_string());
    digest.update([0]);
    digest.update(allowed.body.map(|body| parsed(body).to_string()).unwrap_or_default());
    let digest = digest.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let last = request.segments.last().map(String::as_str).unwrap_or_default().to_lowercase();
    let last: String =
        last.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(NAME).collect();
    format!("{}-{last}-{digest:016x}.json", request.method.as_str().to_lowercase())
}

/// For its owner alone: a recording tells much about somebody's cloud. Whole or not at all: the same request may
/// be answered twice at once.
fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let draft = file.with_extension(format!("{}-{number}.draft", std::process::id()));
    let mut opened = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    let written = opened.write_all(text).and_then(|()| fs::rename(&draft, file));
    if written.is_err() {
        // What is left of it would be taken for a part of the recording by people.
        let _ = fs::remove_file(&draft);
    }
    written
}
