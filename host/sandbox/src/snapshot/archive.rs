//! Packs the finished folder: the few files that describe it first, then everything by name.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use tar::{Builder, Header};

use super::RecordError;
use super::files::failed;

/// One file of the folder.
pub(super) struct Content {
    path: PathBuf,
    pub(super) bytes: u64,
}

/// Writes the archive; gives its size in bytes.
pub(super) fn pack(folder: &Path, archive: &Path, now: Timestamp) -> Result<u64, RecordError> {
    let unwritten = failed(archive);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(archive);
    let mut builder = Builder::new(GzEncoder::new(file.map_err(&unwritten)?, Compression::default()));
    for Content { path, bytes } in contents(folder)? {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o644);
        header.set_mtime(u64::try_from(now.as_second()).unwrap_or_default());
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let file = File::open(&path).map_err(failed(&path))?;
        builder.append_data(&mut header, name, file).map_err(&unwritten)?;
    }
    let mut file = builder.into_inner().and_then(GzEncoder::finish).map_err(&unwritten)?;
    file.flush().and_then(|()| file.sync_all()).map_err(&unwritten)?;
    Ok(file.metadata().map_err(&unwritten)?.len())
}

/// Every file, those at the top first.
pub(super) fn contents(folder: &Path) -> Result<Vec<Content>, RecordError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let unread = failed(&next);
        for entry in fs::read_dir(&next).map_err(&unread)? {
            let entry = entry.map_err(&unread)?;
            let metadata = entry.metadata().map_err(&unread)?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(Content { path: entry.path(), bytes: metadata.len() });
            }
        }
    }
    let top = |file: &Content| file.path.parent() == Some(folder);
    found.sort_by(|left, right| top(right).cmp(&top(left)).then_with(|| left.path.cmp(&right.path)));
    Ok(found)
}
