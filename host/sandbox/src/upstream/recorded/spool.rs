//! Where a recording's bytes lie once they were read: in memory while they are few, then in a file that has no name
//! and that nobody else can open. Secrets are never put here.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;

/// What a usual cluster has stays in memory; 1,000 pods with all that belongs to them come to about 25 MiB.
const IN_MEMORY: usize = 32 << 20;
/// Bytes of one write.
const BLOCK: usize = 1 << 20;

/// A piece of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) length: u64,
}

/// The store while it is written.
#[derive(Default)]
pub(super) struct Spool {
    file: Option<File>,
    /// What is not in the file yet.
    pending: Vec<u8>,
    written: u64,
}

impl Spool {
    /// Where the next byte will lie.
    pub(super) fn position(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<Span> {
        let span = Span { start: self.position(), length: bytes.len() as u64 };
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= if self.file.is_some() { BLOCK } else { IN_MEMORY } {
            self.flush()?;
        }
        Ok(span)
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        // Not the 32 MiB that it was before there was a file.
        self.pending.shrink_to(2 * BLOCK);
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Store> {
        if self.file.is_some() {
            self.flush()?;
        }
        Ok(match self.file {
            Some(file) => Store::File(file),
            None => Store::Memory(self.pending.into_boxed_slice()),
        })
    }
}

/// The store, read only.
pub(super) enum Store {
    Memory(Box<[u8]>),
    File(File),
}

impl Store {
    /// Adds a piece to a buffer.
    pub(super) fn read(&self, span: Span, into: &mut Vec<u8>) -> io::Result<()> {
        let length = usize::try_from(span.length).map_err(io::Error::other)?;
        let start = into.len();
        into.resize(start + length, 0);
        self.read_at(span.start, into.get_mut(start..).unwrap_or_default())
    }

    /// Fills a buffer.
    pub(super) fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(start).map_err(io::Error::other)?;
                let piece = bytes.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
                buffer.copy_from_slice(piece);
                Ok(())
            }
            Self::File(file) => file.read_exact_at(buffer, start),
        }
    }
}

/// Its content is a cluster's, and no business of a log.
impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Store")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_same_in_memory_and_in_the_file() {
        for pieces in [3, 70] {
            let mut spool = Spool::default();
            let block = vec![b'x'; 1 << 20];
            let spans: Vec<(Span, u8)> = (0..pieces)
                .map(|index| {
                    let mut piece = block.clone();
                    piece.push(index);
                    (spool.append(&piece).unwrap(), index)
                })
                .collect();
            let store = spool.finish().unwrap();
            assert_eq!(matches!(store, Store::File(_)), pieces == 70);
            for (span, index) in spans {
                let mut bytes = b"before".to_vec();
                store.read(span, &mut bytes).unwrap();
                assert_eq!((bytes.len(), bytes.last()), (block.len() + 7, Some(&index)));
            }
        }
    }
}
