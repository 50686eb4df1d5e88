//! User names with passwords in URLs: `scheme://user:password@host`. User, host and path stay.

use super::{Redactor, patch::Patch};

/// A user part this long without a password is a token: `https://<token>@host`.
const TOKEN_LENGTH: usize = 16;

/// No authority is longer; the search ahead is bounded.
const LONGEST: usize = 2048;

/// Replaces passwords in the authority of URLs.
pub(super) fn redact(redactor: &Redactor, text: &str) -> Option<(String, usize)> {
    if !text.contains("://") || !text.contains('@') {
        return None;
    }
    let mut patch = Patch::new(text);
    for (at, _) in text.match_indices("://") {
        let start = at.saturating_add(3);
        let rest =
            text.get(start..text.floor_char_boundary(start.saturating_add(LONGEST))).unwrap_or_default();
        let end = rest.find(ends_url).unwrap_or(rest.len());
        let Some((from, to)) = rest.get(..end).and_then(password) else { continue };
        let value = rest.get(from..to).unwrap_or_default();
        patch.replace(
            start.saturating_add(from),
            start.saturating_add(to),
            &redactor.placeholder("conn", value.as_bytes()),
        );
    }
    patch.finish()
}

fn ends_url(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>' | '`' | '\\')
}

/// Where the password is. A password may hold `/`, `?`, `#` and `@` that should have been encoded.
fn password(url: &str) -> Option<(usize, usize)> {
    let url = url.split("://").next()?;
    let slash = url.find(['/', '?', '#']).unwrap_or(url.len());
    let authority = url.get(..slash)?;
    let at = if let Some(at) = authority.rfind('@') {
        at
    } else {
        let (_, port) = authority.split_once(':')?;
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        url.find('@')?
    };
    let user = url.get(..at)?;
    match user.find(':') {
        Some(colon) if colon.saturating_add(1) < at => Some((colon.saturating_add(1), at)),
        Some(_) => None,
        None => (user.len() >= TOKEN_LENGTH).then_some((0, at)),
    }
}
