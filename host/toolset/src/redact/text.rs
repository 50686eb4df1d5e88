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
