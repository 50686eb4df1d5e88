//! One line on a terminal that says how far the recording is, and is gone at the end. A pipe sees nothing of it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use holmes_sandbox::snapshot::Progress;

/// Blocks of the bar.
const WIDTH: usize = 24;

/// Faster than this nobody reads.
const EVERY: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub(crate) struct Bar {
    /// When it was drawn last; none: it is not shown at all.
    drawn: Option<Mutex<Option<Instant>>>,
}

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        Self { drawn: shown.then(Mutex::default) }
    }

    pub(crate) fn show(&self, progress: Progress) {
        let Some(mut drawn) = self.drawn.as_ref().and_then(|drawn| drawn.lock().ok()) else { return };
        let last = matches!(progress, Progress::Packing);
        if !last && drawn.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        *drawn = Some(Instant::now());
        draw(&line(progress));
    }

    pub(crate) fn clear(&self) {
        if self.drawn.is_some() {
            draw("");
        }
    }
}

/// Nobody is left to tell when stderr can not be written.
fn draw(line: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "\r\u{1b}[2K{line}").and_then(|()| stderr.flush());
}

/// Fits into 60 columns.
fn line(progress: Progress) -> String {
    match progress {
        Progress::Kinds { done, total, objects } => {
            format!("{} {done}/{total} kinds, {objects} objects", blocks(done, total))
        }
        Progress::Logs { done, total } => format!("{} {done}/{total} logs", blocks(done, total)),
        Progress::Packing => format!("{} packing", blocks(1, 1)),
    }
}

fn blocks(done: usize, total: usize) -> String {
    let filled = done.saturating_mul(WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
    format!("[{}{}]", "#".repeat(filled), "-".repeat(WIDTH.saturating_sub(filled)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_fits_a_narrow_terminal() {
        let half = line(Progress::Kinds { done: 30, total: 60, objects: 1_234_567 });
        assert_eq!(half, "[############------------] 30/60 kinds, 1234567 objects");
        assert!(half.len() <= 60);
        assert_eq!(line(Progress::Logs { done: 0, total: 0 }), "[########################] 0/0 logs");
    }
}
