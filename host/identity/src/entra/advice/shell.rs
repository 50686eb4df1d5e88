//! Values from outside inside a command that a person will paste.

/// A word for a POSIX shell that stands for exactly this text. Control characters, which a terminal would obey,
/// become `?`.
pub(super) fn quote(text: &str) -> String {
    let text: String = plain(text);
    let is_safe = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_safe) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text from outside, without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stay_as_they_are() {
        for text in
            ["system:serviceaccount:holmes:agent", "https://oidc.example/id/", "api://AzureADTokenExchange"]
        {
            assert_eq!(quote(text), text);
        }
    }

    #[test]
    fn what_a_shell_would_read_is_quoted() {
        for (text, quoted) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("$(id)", "'$(id)'"),
            ("a;id", "'a;id'"),
            ("`id`", "'`id`'"),
            ("it's", r"'it'\''s'"),
            ("--yes", "'--yes'"),
            ("a\n\u{1b}[2J", "'a??[2J'"),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
