//! Decompresses on a thread of its own, a little ahead of whoever reads.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes of one piece; with the pieces that may wait, 4 MiB.
const PIECE: usize = 256 << 10;
const WAITING: usize = 16;

/// The pieces, in order. The thread ends when this is dropped, or with the stream.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Ahead {
    pub(super) fn start(stream: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        thread::Builder::new().name("recording".into()).spawn(move || pump(stream, &sender))?;
        Ok(Self { pieces, piece: Vec::new(), at: 0 })
    }
}

fn pump(mut stream: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = stream.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let ended = piece.is_empty();
        if !ended && sender.send(Ok(piece)).is_err() || ended && read.is_ok() {
            return;
        }
        // What was read before the stream broke has been sent.
        if let Err(error) = read {
            let _ = sender.send(Err(error));
            return;
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.fill_buf()?;
        let read = rest.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.piece.len() {
            self.at = 0;
            // A closed channel is the stream's end.
            self.piece = self.pieces.recv().unwrap_or(Ok(Vec::new()))?;
        }
        Ok(self.piece.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}
