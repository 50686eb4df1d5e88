//! Keeps credentials and control characters out of what a finding quotes.
//!
//! The host redacts as well; this is the second lock, for text that a rule chooses to quote.

/// Longest text that a finding quotes.
const LONGEST_QUOTE: usize = 1500;

const MASK: &str = "<redacted>";

/// Names whose value is masked, in lower case. They are matched before `=` or `:`.
const SECRET_NAMES: [&str; 16] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "accountkey",
    "apikey",
    "api_key",
    "sig",
    "credential",
    "sharedaccesskey",
    "authorization",
    "access_key",
    "private_key",
    "sas",
    "dsn",
];

/// The text as a finding may quote it: one line, bounded, without credentials.
pub(crate) fn quote(text: &str) -> String {
    let clean: String = text
        .chars()
        .take(LONGEST_QUOTE)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let mut masked: Vec<String> = Vec::new();
    let mut announced = false;
    for word in clean.split(' ') {
        masked.push(if announced && !word.is_empty() { MASK.to_owned() } else { mask_word(word) });
        announced = announces_a_secret(word);
    }
    masked.join(" ")
}

/// `"password":` and `Bearer`: the credential is the next word.
fn announces_a_secret(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let name = lower.trim_end_matches([':', '=']);
    let bare = name.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    bare == "bearer" || (name.len() < lower.len() && SECRET_NAMES.iter().any(|secret| bare.ends_with(secret)))
}

/// Is the name of a setting one whose value is a credential?
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
        || name.ends_with("_key")
        || name.contains("connection")
}

fn mask_word(word: &str) -> String {
    if word.starts_with("eyJ") {
        return MASK.to_owned();
    }
    let parts: Vec<String> = word.split(';').map(mask_pair).collect();
    parts.join(";")
}

fn mask_pair(pair: &str) -> String {
    if let Some((scheme, rest)) = pair.split_once("://")
        && let Some((user, host)) = rest.rsplit_once('@')
        && user.contains(':')
    {
        return format!("{scheme}://{MASK}@{host}");
    }
    let Some(at) = pair.find(['=', ':']) else { return pair.to_owned() };
    let (name, value) = pair.split_at(at);
    let bare = name.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    let last = bare.rsplit(['?', '&', '"', '{', ',']).next().unwrap_or(bare).to_ascii_lowercase();
    let is_secret = SECRET_NAMES.iter().any(|secret| last.ends_with(secret));
    // A bare `token:` at the end of a word is prose, not a pair.
    if is_secret && value.len() > 1 {
        return format!("{name}{}{MASK}", value.chars().next().unwrap_or('='));
    }
    pair.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_lose_their_secrets() {
        assert_eq!(quote("dsn postgres://app:hunter2@db:5432/app"), "dsn postgres://<redacted>@db:5432/app");
        assert!(!quote("Server=db;Password=hunter2;Port=1").contains("hunter2"));
        assert!(!quote("AccountKey=abc==").contains("abc"));
    }

    #[test]
    fn ordinary_errors_stay_readable() {
        assert_eq!(quote("{\"password\": \"hunter2\"}"), "{\"password\": <redacted>");
        let line = "password authentication failed for user \"app\"";
        assert_eq!(quote(line), line);
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(quote("a\u{1b}[31mb\n"), "a [31mb ");
    }
}
