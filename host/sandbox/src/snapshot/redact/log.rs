//! Logs: patterns over the whole text, and a private key that lost its beginning.

use holmes_toolset::redact::Redactor;

/// A line of a PEM block has 64 letters of base64; its last one may be short.
const SHORTEST: usize = 4;

/// Redacts the text; gives the number of replaced values.
pub(super) fn redact(redactor: &Redactor, text: &str) -> (String, usize) {
    let (text, headless) = headless_key(redactor, text);
    let redacted = redactor.redact_text(&text);
    (redacted.text, redacted.count.saturating_add(headless))
}

/// A tail may begin inside of a private key: lines of base64 before an end that has no beginning.
fn headless_key(redactor: &Redactor, text: &str) -> (String, usize) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_end = |line: &&str| line.contains("-----END ") && line.contains("PRIVATE KEY");
    let Some(end) = lines.iter().position(is_end) else { return (text.to_owned(), 0) };
    let (before, rest) = lines.split_at(end);
    let begins = before.iter().any(|line| line.contains("-----BEGIN "));
    let body = before.iter().rev().take_while(|line| is_base64(line.trim())).count();
    if begins || body == 0 {
        return (text.to_owned(), 0);
    }
    let (kept, hidden) = before.split_at(before.len().saturating_sub(body));
    let placeholder = redactor.placeholder("pem", hidden.concat().as_bytes());
    (format!("{}{placeholder}\n{}", kept.concat(), rest.concat()), 1)
}

fn is_base64(text: &str) -> bool {
    text.len() >= SHORTEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}
