//! Secrets the host itself holds, searched for as they are, in base64 and URL-encoded.

use std::{borrow::Cow, fmt::Write as _};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

use super::Redactor;

/// Shorter values would be found inside ordinary words.
const SHORTEST: usize = 6;

/// The spellings to look for, longest first, each with the secret it stands for.
#[derive(Default)]
pub(super) struct Known(Vec<(String, String)>);

impl Known {
    pub(super) fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut spellings = Vec::new();
        for secret in secrets {
            let secret = secret.as_ref().trim();
            if secret.len() < SHORTEST {
                continue;
            }
            for spelling in [
                secret.to_owned(),
                STANDARD_NO_PAD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
                url_encoded(secret),
                url_encoded(secret).to_lowercase(),
            ] {
                spellings.push((spelling, secret.to_owned()));
            }
        }
        spellings.sort_by(|left, right| right.0.len().cmp(&left.0.len()).then_with(|| left.cmp(right)));
        spellings.dedup();
        Self(spellings)
    }

    pub(super) fn replace<'t>(&self, redactor: &Redactor, text: &'t str) -> (Cow<'t, str>, usize) {
        let mut text = Cow::Borrowed(text);
        let mut count = 0_usize;
        for (spelling, secret) in &self.0 {
            let found = text.matches(spelling.as_str()).count();
            if found > 0 {
                let placeholder = redactor.placeholder("host", secret.as_bytes());
                text = Cow::Owned(text.replace(spelling.as_str(), &placeholder));
                count = count.saturating_add(found);
            }
        }
        (text, count)
    }
}

fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
