//! Secrets in free text, found by their shape, by the name before them, or inside base64.

use super::{Redactor, encoded, pairs, shapes, urls};

/// Text that holds a secret in base64 which holds a secret in base64 is looked into once.
const DEEPEST: u8 = 1;

/// Replaces what looks like a secret. Every pass is linear; a pass that can not match costs one search.
pub(super) fn redact(redactor: &Redactor, text: String, depth: u8) -> (String, usize) {
    let mut count = 0_usize;
    let mut text = text;
    for pass in [shapes::private_keys, urls::redact, shapes::redact, pairs::redact] {
        if let Some((redacted, found)) = pass(redactor, &text) {
            text = redacted;
            count = count.saturating_add(found);
        }
    }
    if depth < DEEPEST
        && let Some((redacted, found)) = encoded::redact(redactor, &text, depth)
    {
        text = redacted;
        count = count.saturating_add(found);
    }
    (text, count)
}

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
