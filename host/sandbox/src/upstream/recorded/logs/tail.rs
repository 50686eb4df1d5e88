//! A log on disk, of any size: where its last lines begin is found from the end.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::super::Recording;
use super::super::spool::{Span, Store};

/// Bytes that are looked through at once.
const BLOCK: u64 = 64 << 10;

/// Where a log lies.
#[derive(Debug)]
pub(in crate::upstream::recorded) enum Log {
    /// In the store.
    Stored(Span),
    /// In the recording's folder, where it stays.
    Beside(Box<str>),
}

/// A log that is being read.
pub(super) enum Opened<'a> {
    Stored(&'a Store, Span),
    File(File, u64),
}

impl<'a> Opened<'a> {
    pub(super) fn new(log: &Log, recording: &'a Recording) -> io::Result<Self> {
        match log {
            Log::Stored(span) => Ok(Self::Stored(&recording.store, *span)),
            Log::Beside(path) => {
                let root = recording.root.as_ref().ok_or(io::ErrorKind::NotFound)?;
                let file = root.open(path)?;
                let metadata = file.metadata()?;
                // It was one when the recording was opened.
                if !metadata.is_file() {
                    return Err(io::ErrorKind::NotFound.into());
                }
                Ok(Self::File(file, metadata.len()))
            }
        }
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Stored(_, span) => span.length,
            Self::File(_, length) => *length,
        }
    }

    pub(super) fn read(&self, start: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        match self {
            Self::Stored(store, span) => store.read_at(span.start + start, &mut bytes)?,
            Self::File(file, _) => file.read_exact_at(&mut bytes, start)?,
        }
        Ok(bytes)
    }

    /// Where the last lines begin. A last line without an end counts too.
    pub(super) fn tail(&self, lines: usize) -> io::Result<u64> {
        let mut end = self.length();
        if lines == 0 || end == 0 {
            return Ok(end);
        }
        // The end of the last line separates it from nothing.
        end -= 1;
        let mut left = lines;
        while end > 0 {
            let start = end.saturating_sub(BLOCK);
            let block = self.read(start, end - start)?;
            for (index, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
                left -= 1;
                if left == 0 {
                    return Ok(start + index as u64 + 1);
                }
            }
            end = start;
        }
        Ok(0)
    }
}
