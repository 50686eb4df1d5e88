//! Reads a folder through descriptors: no link is followed, and no path is resolved twice.

use std::fs::File as Opened;
use std::io::{self, BufReader};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, Dir, FileType, Mode, OFlags};

use super::{Content, Reader, RecordingError, Stop, safe_path};

/// Recordings are three folders deep; a must-gather's logs lie in the tenth.
const MAX_DEPTH: usize = 12;
/// What is read of a file at once.
const BUFFER: usize = 256 << 10;

/// A folder whose files can be read again.
#[derive(Debug)]
pub(in crate::upstream::recorded) struct Root(OwnedFd);

impl Root {
    /// Opens a file that was visited. It may be another one by now, but never one outside the folder.
    pub(in crate::upstream::recorded) fn open(&self, path: &str) -> io::Result<Opened> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = self.0.try_clone()?;
        for segment in folders.split('/').filter(|segment| !segment.is_empty()) {
            folder = fs::openat(&folder, segment, flags | OFlags::DIRECTORY, Mode::empty())?;
        }
        Ok(fs::openat(&folder, name, flags, Mode::empty())?.into())
    }
}

pub(super) fn read(into: &mut Reader<'_>, path: &Path) -> Result<Root, RecordingError> {
    // The folder itself was named by the user, so that it may be a link.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = fs::open(path, flags, Mode::empty()).map_err(|error| unreadable(path, error.into()))?;
    walk(into, &opened, "", MAX_DEPTH)?;
    Ok(Root(opened))
}

fn unreadable(path: &Path, source: io::Error) -> RecordingError {
    RecordingError::Read { path: path.to_owned(), source }
}

fn walk(into: &mut Reader<'_>, folder: &OwnedFd, prefix: &str, depth: usize) -> Result<(), RecordingError> {
    let mut names = Vec::new();
    let entries = Dir::read_from(folder).map_err(|error| unreadable(Path::new(prefix), error.into()))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(Path::new(prefix), error.into()))?;
        let name = entry.file_name().to_bytes();
        // Hidden files are the file manager's or the editor's, never a recording's.
        if !name.starts_with(b".") {
            into.count()?;
            names.push(name.to_owned());
        }
    }
    names.sort();
    for name in names {
        let shown = format!("{prefix}{}", String::from_utf8_lossy(&name));
        match safe_path(&name) {
            Ok(name) => file_or_folder(into, folder, &name, &shown, depth)?,
            Err(problem) => into.warn(&shown, problem),
        }
    }
    Ok(())
}

fn file_or_folder(
    into: &mut Reader<'_>,
    folder: &OwnedFd,
    name: &str,
    path: &str,
    depth: usize,
) -> Result<(), RecordingError> {
    // Without NONBLOCK a named pipe would hang here until somebody writes to it.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = match fs::openat(folder, name, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(rustix::io::Errno::LOOP) => {
            into.warn(path, "a link, refused");
            return Ok(());
        }
        Err(error) => {
            into.warn(path, format!("cannot be opened: {error}"));
            return Ok(());
        }
    };
    let kind = fs::fstat(&opened).map(|stat| FileType::from_raw_mode(stat.st_mode));
    match kind {
        Ok(FileType::Directory) if depth == 0 => into.warn(path, "nested too deeply, left out"),
        Ok(FileType::Directory) => walk(into, &opened, &format!("{path}/"), depth - 1)?,
        Ok(FileType::RegularFile) => match regular(into, path, opened.into()) {
            Ok(()) => {}
            Err(Stop::Refused(error)) => return Err(error),
            Err(Stop::Broken(error)) => into.warn(path, format!("cannot be read: {error}")),
        },
        _ => into.warn(path, "not a regular file, refused"),
    }
    Ok(())
}

fn regular(into: &mut Reader<'_>, path: &str, file: Opened) -> Result<(), Stop> {
    let length = file.metadata().map_err(Stop::Broken)?.len();
    if length > into.limits.file_bytes {
        into.left_out(path);
        return Ok(());
    }
    into.measure(length)?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    into.file(path.to_owned(), &mut Content { reader: &mut reader, stays: true })
}
