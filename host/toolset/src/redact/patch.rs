//! Text in which pieces of another text are replaced.

/// Collects text in which pieces of another are replaced, in ascending order.
pub(super) struct Patch<'t> {
    text: &'t str,
    copied: usize,
    result: String,
    count: usize,
}

impl<'t> Patch<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, copied: 0, result: String::new(), count: 0 }
    }

    /// Replaces `start..end`; a range before the last replacement is ignored.
    pub(super) fn replace(&mut self, start: usize, end: usize, with: &str) {
        if start < self.copied || end < start {
            return;
        }
        self.result.push_str(self.text.get(self.copied..start).unwrap_or_default());
        self.result.push_str(with);
        self.copied = end;
        self.count = self.count.saturating_add(1);
    }

    /// The patched text, if anything was replaced.
    pub(super) fn finish(mut self) -> Option<(String, usize)> {
        if self.count == 0 {
            return None;
        }
        self.result.push_str(self.text.get(self.copied..).unwrap_or_default());
        Some((self.result, self.count))
    }
}
