//! Secrets inside base64: a run that decodes to text with a secret in it is replaced as a whole.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Redactor, patch::Patch, text};

/// Shorter runs hold no credential together with something that gives it away.
const SHORTEST: usize = 24;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Looks one level deeper.
pub(super) fn redact(redactor: &Redactor, text: &str, depth: u8) -> Option<(String, usize)> {
    let mut patch = Patch::new(text);
    let mut start = None;
    let ends = text.bytes().chain(std::iter::once(b' ')).enumerate();
    for (at, byte) in ends {
        let inside = byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                if at.saturating_sub(from) >= SHORTEST {
                    look(redactor, text, (from, at), depth, &mut patch);
                }
            }
            _ => {}
        }
    }
    patch.finish()
}

fn look(redactor: &Redactor, text: &str, (from, to): (usize, usize), depth: u8, patch: &mut Patch<'_>) {
    let run = text.get(from..to).unwrap_or_default();
    // An escaped line end in front leaves its letter at the start of the run.
    let escaped = text.get(..from).is_some_and(|head| head.ends_with('\\'));
    let from = if escaped { from.saturating_add(1) } else { from };
    let run = if escaped { run.get(1..).unwrap_or_default() } else { run };
    let Some(kind) = decode(run).and_then(|decoded| secret_kind(redactor, &decoded, depth)) else { return };
    let padding = text.get(to..).unwrap_or_default().bytes().take_while(|byte| *byte == b'=').count();
    patch.replace(from, to.saturating_add(padding.min(2)), &redactor.placeholder(&kind, run.as_bytes()));
}

fn decode(run: &str) -> Option<String> {
    let bytes = if run.bytes().any(|byte| byte == b'-' || byte == b'_') {
        URL_SAFE.decode(run).ok()?
    } else {
        STANDARD.decode(run).ok()?
    };
    let decoded = String::from_utf8(bytes).ok()?;
    let odd = decoded.chars().filter(|letter| letter.is_control() && !letter.is_ascii_whitespace()).count();
    (odd.saturating_mul(10) <= decoded.len()).then_some(decoded)
}

/// The kind of the first secret in the decoded text.
fn secret_kind(redactor: &Redactor, decoded: &str, depth: u8) -> Option<String> {
    let (known, host) = redactor.known.replace(redactor, decoded);
    if host > 0 {
        return Some("host".to_owned());
    }
    let (redacted, count) = text::redact(redactor, known.into_owned(), depth.saturating_add(1));
    let marked = (count > 0).then(|| redacted.split_once("<redacted:"))?;
    let kind = marked.and_then(|(_, rest)| rest.split_once(':')).map(|(kind, _)| kind.to_owned());
    Some(kind.unwrap_or_else(|| "secret".to_owned()))
}
