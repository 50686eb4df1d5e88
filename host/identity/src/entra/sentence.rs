//! Text from outside, fit for one sentence of an error: one line, bounded, without credentials.

use secrecy::{ExposeSecret, SecretString};

/// Entra's descriptions fit; a proxy's page does not need more.
const LONGEST: usize = 400;
const MASK: &str = "[redacted]";
/// Keys of JSON whose value is a token, as command line tools print it.
const TOKEN_KEYS: [&str; 4] = ["\"accessToken\"", "\"access_token\"", "\"token\"", "\"refresh_token\""];

/// The first line that says something, without control characters, known secrets and what looks like a token.
pub(super) fn first_line(text: &str, secrets: &[&SecretString]) -> String {
    let plain = without_escapes(text);
    let masked = mask(&plain, secrets);
    let line = masked.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    // Entra appends what the error has fields for.
    let line = line.split(" Trace ID:").next().unwrap_or_default().trim_end();
    bounded(line)
}

/// Everything on one line, cleaned in the same way.
pub(super) fn one_line(text: &str, secrets: &[&SecretString]) -> String {
    let masked = mask(&without_escapes(text), secrets);
    bounded(&masked.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn bounded(line: &str) -> String {
    let mut kept: String = line.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
    if line.chars().count() > LONGEST {
        kept.push('…');
    }
    kept
}

/// Without the sequences by which terminals are coloured.
pub(super) fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
        } else if characters.next_if_eq(&'[').is_some() {
            // A sequence ends with its first letter or sign after the parameters.
            for parameter in characters.by_ref() {
                if ('@'..='~').contains(&parameter) {
                    break;
                }
            }
        }
    }
    plain
}

fn mask(text: &str, secrets: &[&SecretString]) -> String {
    let known = secrets.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty());
    let text = known.fold(text.to_owned(), |text, secret| text.replace(secret, MASK));
    mask_assertions(&TOKEN_KEYS.iter().fold(text, |text, key| mask_value(&text, key)))
}

/// Masks the string that follows a key of JSON; up to the end where the string has none.
fn mask_value(text: &str, key: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(key) {
        masked.push_str(before);
        masked.push_str(key);
        rest = after;
        let value =
            after.trim_start().strip_prefix(':').and_then(|value| value.trim_start().strip_prefix('"'));
        if let Some(value) = value {
            masked.push_str(": \"");
            masked.push_str(MASK);
            rest = value.find('"').and_then(|end| value.get(end..)).unwrap_or_default();
        }
    }
    masked.push_str(rest);
    masked
}

/// Masks what begins as every JSON Web Token does.
fn mask_assertions(text: &str) -> String {
    let belongs = |character: char| character.is_ascii_alphanumeric() || "-_.+/=".contains(character);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("eyJ") {
        masked.push_str(before);
        let end = after.find(|character| !belongs(character)).unwrap_or(after.len());
        masked.push_str(if end > 20 { MASK } else { "eyJ" });
        rest = if end > 20 { after.get(end..).unwrap_or_default() } else { after };
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_that_says_something_is_kept() {
        let text =
            "\r\n \u{1b}[31mAADSTS1: wrong\u{1b}[0m\u{7} here. Trace ID: 1 Correlation ID: 2\r\nTimestamp: 3";
        assert_eq!(first_line(text, &[]), "AADSTS1: wrong here.");
        assert_eq!(one_line("a\n\n b\t c", &[]), "a b c");
        assert_eq!(first_line("", &[]), "");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let cut = first_line(&"ü".repeat(5000), &[]);
        assert_eq!(cut.chars().count(), LONGEST + 1);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn secrets_and_tokens_are_masked() {
        let secret = SecretString::from("hunter2~x");
        let text = r#"sent hunter2~x and {"accessToken" : "EwAQ opaque"} and eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln, done"#;
        let masked = first_line(text, &[&secret]);
        for hidden in ["hunter2", "EwAQ", "opaque", "eyJhbG", "c2ln"] {
            assert!(!masked.contains(hidden), "{masked}");
        }
        assert!(masked.ends_with(", done"), "{masked}");
        assert!(!one_line(r#""token": "EwAQ unfinished"#, &[]).contains("EwAQ"));
        assert_eq!(one_line("keyJ is a word", &[]), "keyJ is a word");
    }
}
