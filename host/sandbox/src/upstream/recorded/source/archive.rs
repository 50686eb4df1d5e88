//! Reads a `.tar` or `.tar.gz` as a stream. A compressed or plain file that is no archive is one file.

use std::fs::File as Opened;
use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::ahead::Ahead;
use super::{Content, Reader, RecordingError, Stop, head, safe_path};

/// Where a tar header says that it is one.
const MAGIC_OFFSET: usize = 257;
/// What is read of an entry at once.
const BUFFER: usize = 256 << 10;
/// Text compresses to a twentieth, and logs that repeat themselves to a hundredth. What becomes so much more is
/// made to fill disks.
const MOST_EXPANSION: u64 = 250;
/// Below this nobody is harmed.
const HARMLESS: u64 = 1 << 30;

pub(super) fn read_compressed(into: &mut Reader<'_>, name: &str, file: Opened) -> Result<(), RecordingError> {
    let length = file.metadata().map_err(|source| into.unreadable(source))?.len();
    into.limits.total_bytes =
        into.limits.total_bytes.min(HARMLESS.max(length.saturating_mul(MOST_EXPANSION)));
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
    let mut stream = Ahead::start(decoder).map_err(|source| into.unreadable(source))?;
    let head = head(&mut stream).map_err(|source| broken(into, source))?;
    read_plain(into, name.strip_suffix(".gz").unwrap_or(name), head, stream)
}

/// `head` was read from the stream already.
pub(super) fn read_plain(
    into: &mut Reader<'_>,
    name: &str,
    head: Vec<u8>,
    rest: impl Read,
) -> Result<(), RecordingError> {
    let tar = head.get(MAGIC_OFFSET..).is_some_and(|rest| rest.starts_with(b"ustar"));
    // Names and padding count too: the stream itself ends at the limit.
    let total = into.limits.total_bytes;
    let left = if tar { total } else { total.min(into.limits.file_bytes) };
    let mut stream = Metered { inner: Cursor::new(head).chain(rest), left, exceeded: false };
    let result = if tar {
        entries(into, &mut stream)
    } else {
        let mut content = BufReader::with_capacity(BUFFER, &mut stream);
        into.file(name.to_owned(), &mut Content { reader: &mut content, stays: false })
    };
    if stream.exceeded {
        return Err(into.too_large(format!("{left} bytes in total")));
    }
    match result {
        Ok(()) => Ok(()),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Broken(source)) if into.files == 0 || !tar => Err(broken(into, source)),
        Err(Stop::Broken(_)) => {
            let files = into.files;
            into.warn(
                name,
                format!("the archive is cut off or damaged after {files} files; the rest is missing"),
            );
            into.incomplete = true;
            Ok(())
        }
    }
}

fn broken(into: &Reader<'_>, source: io::Error) -> RecordingError {
    RecordingError::BrokenArchive { path: into.root.clone(), source }
}

fn entries(into: &mut Reader<'_>, stream: impl Read) -> Result<(), Stop> {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().map_err(Stop::Broken)? {
        let mut entry = entry.map_err(Stop::Broken)?;
        into.count().map_err(Stop::Refused)?;
        let name = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&name).into_owned();
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::Regular | EntryType::Continuous) {
            match safe_path(&name) {
                Ok(path) if entry.size() > into.limits.file_bytes => into.left_out(&path),
                Ok(path) => {
                    let mut whole = Whole { left: entry.size(), inner: &mut entry };
                    let mut content = BufReader::with_capacity(BUFFER, &mut whole);
                    into.file(path, &mut Content { reader: &mut content, stays: false })?;
                }
                Err(problem) => into.warn(&shown, problem),
            }
        } else if matches!(kind, EntryType::Symlink | EntryType::Link) {
            // Support bundles link a pod's log from each collector's folder; the log itself is there as well.
            into.warn(&shown, "a link, refused");
        } else if !matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
            into.warn(&shown, "not a regular file, refused");
        }
    }
    Ok(())
}

/// Fails where an entry ends before its header says.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
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
