//! The recording while it grows: a private folder beside its destination, removed unless it is finished.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::RecordError;

/// A file or folder that is removed when nobody keeps it.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    kept: bool,
}

impl Partial {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it where it belongs.
    pub(super) fn keep(mut self, destination: &Path) -> Result<(), RecordError> {
        fs::rename(&self.path, destination).map_err(failed(destination))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // Nobody is left to tell, and the name says what it was.
        let _ = if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
    }
}

/// The files of a recording.
#[derive(Debug)]
pub(super) struct Files(Partial);

/// One file that is being written.
pub(super) struct Entry {
    path: PathBuf,
    writer: BufWriter<File>,
    bytes: u64,
}

impl Files {
    /// Begins an empty folder that nobody else may read.
    pub(super) fn create(path: PathBuf) -> Result<Self, RecordError> {
        DirBuilder::new().mode(0o700).create(&path).map_err(failed(&path))?;
        Ok(Self(Partial::new(path)))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn keep(self, destination: &Path) -> Result<(), RecordError> {
        self.0.keep(destination)
    }

    /// Begins a file. Its name is of plain segments.
    pub(super) fn entry(&self, name: &str) -> Result<Entry, RecordError> {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        Ok(Entry { writer: BufWriter::new(file.map_err(failed(&path))?), path, bytes: 0 })
    }

    /// Writes a file at once.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), RecordError> {
        let mut entry = self.entry(name)?;
        entry.write(content)?;
        entry.finish()
    }

    pub(super) fn write_json(&self, name: &str, content: &impl Serialize) -> Result<(), RecordError> {
        let unwritten = |error: serde_json::Error| failed(&self.path().join(name))(error.into());
        self.write(name, &serde_json::to_vec_pretty(content).map_err(unwritten)?)
    }
}

impl Entry {
    pub(super) fn write(&mut self, content: &[u8]) -> Result<(), RecordError> {
        self.bytes += content.len() as u64;
        self.writer.write_all(content).map_err(failed(&self.path))
    }

    /// Where the next byte goes.
    pub(super) fn mark(&self) -> u64 {
        self.bytes
    }

    /// Throws away what was written since a mark; gives the number of bytes.
    pub(super) fn cut(&mut self, mark: u64) -> Result<u64, RecordError> {
        let cut = self.bytes.saturating_sub(mark);
        self.writer.flush().map_err(failed(&self.path))?;
        self.writer.get_ref().set_len(mark).map_err(failed(&self.path))?;
        self.writer.seek(SeekFrom::Start(mark)).map_err(failed(&self.path))?;
        self.bytes = mark;
        Ok(cut)
    }

    pub(super) fn finish(mut self) -> Result<(), RecordError> {
        self.writer.flush().map_err(failed(&self.path))
    }

    pub(super) fn discard(self) -> Result<(), RecordError> {
        fs::remove_file(&self.path).map_err(failed(&self.path))
    }
}

/// The error of a path.
pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError::Write { path: path.clone(), source }
}
