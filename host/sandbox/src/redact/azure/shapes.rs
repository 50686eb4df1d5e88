//! Credentials that are known by their shape, whatever they stand under: signed URLs, connection strings, URLs with
//! a password, tokens, private keys.

use std::ops::Range;

use crate::redact::Placeholder;

use super::KIND;

/// How the names end that stand before `=` and a credential.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "accountkey",
    "accesskey",
    "sharedkey",
    "sharedaccesskey",
    "sharedaccesssignature",
    "apikey",
    "clientsecret",
    "secretkey",
];

/// Names of a URL's parameters. Elsewhere they are harmless: `exit code=1`.
const PARAMETERS: [&str; 4] = ["sig", "code", "access_token", "client_secret"];

/// The longest of the names above is looked for in this many letters before the `=`.
const LONGEST: usize = 48;

/// Whether a text has a credential in it.
pub(super) fn is_in(text: &str) -> bool {
    spans(text).next().is_some()
}

/// The text without its credentials; none if it has none.
pub(super) fn without(text: &str, placeholder: &Placeholder<'_>) -> Option<String> {
    let mut masked = String::new();
    let mut kept = 0;
    for span in spans(text) {
        masked.push_str(text.get(kept..span.start).unwrap_or_default());
        masked.push_str(&placeholder(KIND, text.get(span.clone()).unwrap_or_default().as_bytes()));
        kept = span.end;
    }
    (kept > 0).then(|| masked + text.get(kept..).unwrap_or_default())
}

/// Where credentials are, in order and apart from one another. Each letter is looked at a few times at most: what
/// lies ahead is found once and remembered.
fn spans(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut marks = text.match_indices(['=', ':', 'e', '-']);
    let mut end = 0;
    let mut next_at = 0;
    std::iter::from_fn(move || {
        for (at, mark) in marks.by_ref() {
            if at < end {
                continue;
            }
            let span = match mark {
                "=" => assigned(text, at),
                ":" => in_url(text, at, &mut next_at),
                "e" => token(text, at),
                _ => private_key(text, at),
            };
            if let Some(span) = span.filter(|span| !span.is_empty()) {
                end = span.end;
                return Some(span);
            }
        }
        None
    })
}

/// `password=…` and `?sig=…`: up to the `;` or the end of the line, and in a URL up to its end.
fn assigned(text: &str, at: usize) -> Option<Range<usize>> {
    let head = text.get(..at)?.trim_end_matches(' ');
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let name: String = head.chars().rev().take(LONGEST).take_while(|letter| plain(*letter)).collect();
    let name: String = name.chars().rev().map(|letter| letter.to_ascii_lowercase()).collect();
    let start = at + 1;
    let rest = text.get(start..)?;
    // An ampersand may be written as a number.
    let (escaped, bare) = name.strip_prefix("u0026").map_or((false, name.as_str()), |bare| (true, bare));
    if PARAMETERS.contains(&bare) {
        let before = head.len().checked_sub(name.len()).and_then(|before| text.get(..before))?;
        let in_url =
            escaped || before.ends_with(['?', '&', ';', '#']) || (before.is_empty() && bare == "sig");
        let length = rest.find(|letter: char| letter.is_whitespace() || "\"<>".contains(letter));
        let span = start..start + length.unwrap_or(rest.len());
        return (in_url && !is_masked(rest)).then_some(span);
    }
    let spoken = NAMES.iter().any(|known| name.replace('_', "").ends_with(known));
    let value = rest.trim_start_matches(' ');
    if !spoken || value.is_empty() || value.starts_with([';', '&', '\n']) || is_masked(value) {
        return None;
    }
    let quote = value.chars().next().filter(|first| "'\"".contains(*first));
    let closed = quote.and_then(|quote| value.get(1..)?.find(quote)).map(|length| length + 2);
    let length = closed.or_else(|| value.find([';', '\n'])).unwrap_or(value.len());
    let start = start + rest.len() - value.len();
    Some(start..start + length)
}

/// `://user:password@host`: from the password to the end of the URL.
fn in_url(text: &str, colon: usize, next_at: &mut usize) -> Option<Range<usize>> {
    let start = colon + 3;
    let rest = text.get(colon..)?.strip_prefix("://")?;
    if *next_at < start {
        *next_at = rest.find('@').map_or(text.len(), |at| start + at);
    }
    let before = text.get(start..*next_at)?;
    let after = text.get(*next_at..)?.strip_prefix('@')?;
    let name = before
        .find([':', '/', '?', '[', ' ', '"'])
        .filter(|at| before.get(*at..).is_some_and(|at| at.starts_with(':')))?;
    let password = before.get(name + 1..)?;
    let number = password.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let port = !password.starts_with(number) && number.starts_with(['/', '?', '"', ',', '\'']);
    // A page has no password before its `@`, and an image's digest is no host.
    if password.is_empty() || port || after.starts_with("sha256:") || is_masked(password) {
        return None;
    }
    if password.contains(|letter: char| letter.is_whitespace() || letter == '"') {
        return None;
    }
    let start = start + name + 1;
    let length = text.get(start..)?.find(|letter: char| letter.is_whitespace() || letter == '"');
    Some(start..length.map_or(text.len(), |length| start + length))
}

/// Three parts of base64url or more, the first of which begins as JSON does. It begins where a word does, so that
/// no word is read more than three times.
fn token(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    rest.strip_prefix("eyJ")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let before = text.get(..at)?;
    // `Bearer%20eyJ…`
    let escaped = before
        .len()
        .checked_sub(3)
        .and_then(|sign| before.get(sign..))
        .is_some_and(|sign| sign.starts_with('%'));
    if before.ends_with(plain) && !escaped {
        return None;
    }
    let mut end = at;
    for (index, least) in [6, 4, 4].into_iter().enumerate() {
        if index > 0 {
            text.get(end..)?.strip_prefix('.')?;
            end += 1;
        }
        let part = text.get(end..)?;
        let length = part.find(|letter| !plain(letter)).unwrap_or(part.len());
        if length < least {
            return None;
        }
        end += length;
    }
    let more = text.get(end..)?.find(|letter| !plain(letter) && letter != '.');
    Some(at..more.map_or(text.len(), |more| end + more))
}

/// From `-----BEGIN … PRIVATE KEY-----` on, all of it.
fn private_key(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?.strip_prefix("-----BEGIN ")?;
    let (kind, _) = rest.split_once("-----")?;
    kind.ends_with("PRIVATE KEY").then_some(at..text.len())
}

fn is_masked(value: &str) -> bool {
    value.starts_with("<redacted:")
}
