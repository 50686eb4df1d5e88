//! Reads a recording's files one after another, within limits. Nothing is kept here, and nothing outside is opened.

mod ahead;
mod archive;
mod folder;

use std::fs::{self, File as Opened};
use std::io::{self, BufRead, Read, Seek as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::error::{RecordingError, Warning};

pub(super) use folder::Root;

/// What a recording may hold.
#[derive(Debug, Clone, Copy)]
pub(in crate::upstream) struct Limits {
    pub(in crate::upstream) total_bytes: u64,
    pub(in crate::upstream) file_bytes: u64,
    pub(in crate::upstream) entries: usize,
    /// Each takes some hundred bytes of memory, however small it is.
    pub(in crate::upstream) objects: usize,
}

impl Limits {
    /// For what is held in memory whole.
    pub(in crate::upstream) const DEFAULT: Self =
        Self { total_bytes: 1 << 30, file_bytes: 256 << 20, entries: 200_000, objects: 200_000 };
    /// For what streams by. Must-gathers of large clusters have some GiB, mostly logs, and a file for every log.
    pub(super) const STREAMED: Self =
        Self { total_bytes: 64 << 30, file_bytes: 16 << 30, entries: 4_000_000, objects: 5_000_000 };
}

/// One regular file, with a relative path of plain segments.
#[derive(Debug)]
pub(in crate::upstream) struct File {
    pub(in crate::upstream) path: String,
    pub(in crate::upstream) bytes: Bytes,
}

/// Files that were read whole.
pub(in crate::upstream) struct Collected {
    pub(in crate::upstream) files: Vec<File>,
    pub(in crate::upstream) warnings: Vec<Warning>,
}

/// A file's content, as it streams by.
pub(super) struct Content<'a> {
    pub(super) reader: &'a mut dyn BufRead,
    /// It lies in a folder, so that it can be read again later.
    pub(super) stays: bool,
}

/// What one file is for. It may read all, some or nothing of it.
pub(super) type Visit<'a> = dyn FnMut(String, &mut Content<'_>) -> Result<(), Stop> + 'a;

/// Why reading one entry stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The whole recording is refused.
    Refused(RecordingError),
    /// The stream is broken; what was read before it stands.
    Broken(io::Error),
}

/// What was met on the way.
pub(super) struct Outcome {
    pub(super) warnings: Vec<Warning>,
    /// The archive ended before its end.
    pub(super) incomplete: bool,
    /// The folder, for what stays in it.
    pub(super) root: Option<Root>,
}

/// Reads a folder, an archive, or one file into memory.
pub(in crate::upstream) fn collect(path: &Path, limits: Limits) -> Result<Collected, RecordingError> {
    let mut files = Vec::new();
    let outcome = visit(path, limits, &mut |path, content| {
        let mut bytes = Vec::new();
        content.reader.read_to_end(&mut bytes).map_err(Stop::Broken)?;
        files.push(File { path, bytes: bytes.into() });
        Ok(())
    })?;
    Ok(Collected { files, warnings: outcome.warnings })
}

/// Visits every file of a folder or an archive, or one file.
pub(super) fn visit(path: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<Outcome, RecordingError> {
    let mut reader = Reader {
        visit,
        warnings: Vec::new(),
        root: path.to_owned(),
        limits,
        entries: 0,
        bytes: 0,
        files: 0,
        incomplete: false,
    };
    let metadata = fs::metadata(path).map_err(|source| reader.unreadable(source))?;
    let mut root = None;
    if metadata.is_dir() {
        root = Some(folder::read(&mut reader, path)?);
    } else if metadata.is_file() {
        let mut file = Opened::open(path).map_err(|source| reader.unreadable(source))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let head = head(&mut file).map_err(|source| reader.unreadable(source))?;
        if head.starts_with(&[0x1f, 0x8b]) {
            file.rewind().map_err(|source| reader.unreadable(source))?;
            archive::read_compressed(&mut reader, &name, file)?;
        } else {
            archive::read_plain(&mut reader, &name, head, file)?;
        }
    } else {
        return Err(RecordingError::NotAFile(path.to_owned()));
    }
    Ok(Outcome { warnings: reader.warnings, incomplete: reader.incomplete, root })
}

/// The first 512 bytes: what tells a tar archive from text.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(512).read_to_end(&mut head)?;
    Ok(head)
}

/// What was read so far, and what may still be.
struct Reader<'a> {
    visit: &'a mut Visit<'a>,
    warnings: Vec<Warning>,
    root: PathBuf,
    limits: Limits,
    entries: usize,
    bytes: u64,
    files: usize,
    incomplete: bool,
}

impl Reader<'_> {
    fn too_large(&self, limit: String) -> RecordingError {
        RecordingError::TooLarge { path: self.root.clone(), limit }
    }

    fn unreadable(&self, source: io::Error) -> RecordingError {
        RecordingError::Read { path: self.root.clone(), source }
    }

    fn warn(&mut self, path: &str, problem: impl Into<String>) {
        self.warnings.push(Warning::new(path, problem));
    }

    fn left_out(&mut self, path: &str) {
        self.warn(path, format!("larger than {} bytes, left out", self.limits.file_bytes));
    }

    /// Counts an entry, whatever it is.
    fn count(&mut self) -> Result<(), RecordingError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.too_large(format!("{} entries", self.limits.entries)));
        }
        Ok(())
    }

    /// Counts the bytes of a file in a folder.
    fn measure(&mut self, bytes: u64) -> Result<(), Stop> {
        self.bytes += bytes;
        if self.bytes > self.limits.total_bytes {
            let limit = format!("{} bytes in total", self.limits.total_bytes);
            return Err(Stop::Refused(self.too_large(limit)));
        }
        Ok(())
    }

    fn file(&mut self, path: String, content: &mut Content<'_>) -> Result<(), Stop> {
        (self.visit)(path, content)?;
        self.files += 1;
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
