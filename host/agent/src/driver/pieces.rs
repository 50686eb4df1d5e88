//! Cuts a stream of text at line ends, so that no secret is told in two halves that no rule recognises.

/// A line this long is told without waiting for its end.
const LONGEST: usize = 4096;

/// Text that waits for its line end.
#[derive(Default)]
pub(super) struct Pieces {
    waiting: String,
}

impl Pieces {
    /// The whole lines there are now.
    pub(super) fn push(&mut self, text: &str) -> Option<String> {
        self.waiting.push_str(text);
        let end = match self.waiting.rfind('\n') {
            Some(end) => end.saturating_add(1),
            None if self.waiting.len() > LONGEST => self.waiting.rfind(' ')?.saturating_add(1),
            None => return None,
        };
        let rest = self.waiting.split_off(end);
        Some(std::mem::replace(&mut self.waiting, rest))
    }

    /// What is left at the end.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.waiting.is_empty()).then(|| std::mem::take(&mut self.waiting))
    }
}
