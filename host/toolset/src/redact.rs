//! Replaces secrets by placeholders in which equal values stay recognisable, and nothing else does.
//!
//! A [`Redactor`] belongs to one conversation: its key is random, so a placeholder says nothing about the
//! value outside of it. The rules that find secrets are below `redact/`; this file owns the key.

mod encoded;
mod known;
mod names;
mod pairs;
mod patch;
mod shapes;
mod structured;
mod text;
mod urls;
mod value;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use known::Known;

/// Text without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text, with placeholders.
    pub text: String,
    /// Values that were replaced.
    pub count: usize,
}

/// Finds secrets and replaces them by placeholders.
pub struct Redactor {
    mac: Option<Hmac<Sha256>>,
    known: Known,
}

impl Redactor {
    /// A redactor with a random key of its own.
    pub fn new() -> Self {
        Self { mac: random_mac(), known: Known::default() }
    }

    /// One that also knows secrets the host itself holds: they are replaced wherever they appear, plain,
    /// base64 or URL-encoded. Values under six bytes are left out: they would damage ordinary text.
    pub fn with_known<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self { mac: random_mac(), known: Known::new(secrets) }
    }

    /// One whose placeholders carry no digest, so that the same text is masked alike in every run. What it masks
    /// can be compared from one run to the next; equal values are not told from different ones.
    pub fn without_digests<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self { mac: None, known: Known::new(secrets) }
    }

    /// `<redacted:KIND:xxxxxxxx>`: equal values have equal placeholders within the conversation.
    pub fn placeholder(&self, kind: &str, value: &[u8]) -> String {
        let Some(mut mac) = self.mac.clone() else {
            return format!("<redacted:{kind}:00000000>");
        };
        mac.update(value);
        let mut text = format!("<redacted:{kind}:");
        for byte in mac.finalize().into_bytes().iter().take(4) {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text.push('>');
        text
    }

    /// Replaces what looks like a secret in free text: YAML, JSON, environment files, logs, URLs.
    pub fn redact_text(&self, text: &str) -> Redacted {
        let (text, known) = self.known.replace(self, text);
        let (text, found) = text::redact(self, text.into_owned(), 0);
        Redacted { text, count: known.saturating_add(found) }
    }

    /// Replaces secrets in structured data, by key names and by content; returns how many.
    pub fn redact_value(&self, value: &mut Value) -> usize {
        structured::redact(self, value)
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor(…)")
    }
}

/// None when the system has no randomness: placeholders then carry no digest, which tells less, not more.
fn random_mac() -> Option<Hmac<Sha256>> {
    let mut key = [0_u8; 64];
    getrandom::fill(&mut key).ok()?;
    Some(Hmac::new(&key.into()))
}

#[cfg(test)]
mod tests;
