//! Reads a recording's files into memory, within limits. Nothing is written, and nothing outside is opened.

mod archive;
mod folder;

use std::fs::{self, File as Opened};
use std::io::{self, Read, Seek as _};
use std::path::Path;

use bytes::Bytes;

use super::error::{RecordingError, Warning};

/// What a recording may hold. The figures are far above the clusters that a person would put into one file
/// (1,000 nodes with every object and log come to about 500 MiB), and within what a workstation has.
#[derive(Debug, Clone, Copy)]
pub(in crate::upstream) struct Limits {
    pub(in crate::upstream) total_bytes: u64,
    pub(in crate::upstream) file_bytes: u64,
    pub(in crate::upstream) entries: usize,
}

impl Limits {
    pub(in crate::upstream) const DEFAULT: Self =
        Self { total_bytes: 1 << 30, file_bytes: 256 << 20, entries: 200_000 };
}

/// One regular file, with a relative path of plain segments.
#[derive(Debug)]
pub(in crate::upstream) struct File {
    pub(in crate::upstream) path: String,
    pub(in crate::upstream) bytes: Bytes,
}

/// What was read so far, and what may still be.
pub(in crate::upstream) struct Collected {
    pub(in crate::upstream) files: Vec<File>,
    pub(in crate::upstream) warnings: Vec<Warning>,
    root: std::path::PathBuf,
    limits: Limits,
    entries: usize,
    bytes: u64,
}

/// Reads a folder, an archive, or one file.
pub(in crate::upstream) fn collect(path: &Path, limits: Limits) -> Result<Collected, RecordingError> {
    let unreadable = |source| RecordingError::Read { path: path.to_owned(), source };
    let mut collected =
        Collected { files: vec![], warnings: vec![], root: path.to_owned(), limits, entries: 0, bytes: 0 };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        folder::read(&mut collected, path)?;
    } else if metadata.is_file() {
        let mut file = Opened::open(path).map_err(unreadable)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let head = head(&mut file).map_err(unreadable)?;
        if head.starts_with(&[0x1f, 0x8b]) {
            file.rewind().map_err(unreadable)?;
            archive::read_compressed(&mut collected, &name, file)?;
        } else {
            archive::read_plain(&mut collected, &name, head, file)?;
        }
    } else {
        return Err(RecordingError::NotAFile(path.to_owned()));
    }
    Ok(collected)
}

/// The first 512 bytes: what tells a tar archive from text.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(512).read_to_end(&mut head)?;
    Ok(head)
}

/// Why reading one entry stopped.
enum Stop {
    /// The whole recording is refused.
    Refused(RecordingError),
    /// The stream is broken; what was read before it stands.
    Broken(io::Error),
}

impl Collected {
    fn too_large(&self, limit: String) -> RecordingError {
        RecordingError::TooLarge { path: self.root.clone(), limit }
    }

    fn warn(&mut self, path: &str, problem: impl Into<String>) {
        self.warnings.push(Warning::new(path, problem));
    }

    /// Counts an entry, whatever it is.
    fn count(&mut self) -> Result<(), RecordingError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.too_large(format!("{} entries", self.limits.entries)));
        }
        Ok(())
    }

    /// Reads one file whole, or warns that it is too large.
    fn read(&mut self, path: String, reader: impl Read) -> Result<(), Stop> {
        let left = self.limits.total_bytes.saturating_sub(self.bytes);
        let limit = self.limits.file_bytes.min(left);
        let mut bytes = Vec::new();
        let result = reader.take(limit + 1).read_to_end(&mut bytes);
        self.bytes += bytes.len() as u64;
        result.map_err(Stop::Broken)?;
        if bytes.len() as u64 <= limit {
            self.files.push(File { path, bytes: bytes.into() });
        } else if limit < self.limits.file_bytes {
            return Err(Stop::Refused(self.too_large(format!("{} bytes in total", self.limits.total_bytes))));
        } else {
            self.warn(&path, format!("larger than {} bytes, left out", self.limits.file_bytes));
        }
        Ok(())
    }
}

/// A relative path of plain segments, or why it is refused.
fn safe_path(bytes: &[u8]) -> Result<String, &'static str> {
    let path = std::str::from_utf8(bytes).map_err(|_| "its name is not UTF-8, refused")?;
    if path.starts_with('/') || path.contains('\\') || path.chars().any(char::is_control) {
        return Err("its name is absolute or not plain, refused");
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => return Err("its name leads out of the recording, refused"),
            _ => segments.push(segment),
        }
    }
    Ok(segments.join("/"))
}
