//! Reads a `.tar` or `.tar.gz` as a stream. A compressed or plain file that is no archive is one file.

use std::fs::File as Opened;
use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::{Collected, RecordingError, Stop, head, safe_path};

/// Where a tar header says that it is one.
const MAGIC_OFFSET: usize = 257;

pub(super) fn read_compressed(into: &mut Collected, name: &str, file: Opened) -> Result<(), RecordingError> {
    let mut decoder = MultiGzDecoder::new(BufReader::new(file));
    let head = head(&mut decoder).map_err(|source| broken(into, source))?;
    read_plain(into, name.strip_suffix(".gz").unwrap_or(name), head, decoder)
}

/// `head` was read from the stream already.
pub(super) fn read_plain(
    into: &mut Collected,
    name: &str,
    head: Vec<u8>,
    rest: impl Read,
) -> Result<(), RecordingError> {
    let tar = head.get(MAGIC_OFFSET..).is_some_and(|rest| rest.starts_with(b"ustar"));
    let stream = Cursor::new(head).chain(rest);
    if !tar {
        return match into.read(name.to_owned(), stream) {
            Ok(()) => Ok(()),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Broken(source)) => Err(broken(into, source)),
        };
    }
    // Names and padding count too: the stream itself ends at the limit.
    let mut stream = Metered { inner: stream, left: into.limits.total_bytes, exceeded: false };
    let result = entries(into, &mut stream);
    if stream.exceeded {
        return Err(into.too_large(format!("{} bytes in total", into.limits.total_bytes)));
    }
    match result {
        Ok(()) => Ok(()),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Broken(source)) if into.files.is_empty() => Err(broken(into, source)),
        Err(Stop::Broken(_)) => {
            let files = into.files.len();
            into.warn(
                name,
                format!("the archive is cut off or damaged after {files} files; the rest is missing"),
            );
            Ok(())
        }
    }
}

fn broken(into: &Collected, source: io::Error) -> RecordingError {
    RecordingError::BrokenArchive { path: into.root.clone(), source }
}

fn entries(into: &mut Collected, stream: impl Read) -> Result<(), Stop> {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().map_err(Stop::Broken)? {
        let entry = entry.map_err(Stop::Broken)?;
        into.count().map_err(Stop::Refused)?;
        let name = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&name).into_owned();
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Regular | EntryType::Continuous) {
            match safe_path(&name) {
                Ok(path) => into.read(path, entry)?,
                Err(problem) => into.warn(&shown, problem),
            }
        } else if matches!(kind, EntryType::Symlink | EntryType::Link) {
            into.warn(&shown, "a link, refused");
        } else if !matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            into.warn(&shown, "not a regular file, refused");
        }
    }
    Ok(())
}

/// Fails once more bytes were read than are allowed.
struct Metered<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            self.exceeded = true;
            return Err(io::Error::other("the archive's limit is reached"));
        };
        self.left = left;
        Ok(read)
    }
}
