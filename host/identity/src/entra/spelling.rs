//! What ids and scopes may consist of: they reach addresses, command lines and a script.

use crate::{AuthError, AuthErrorKind};

/// Checks the characters of a tenant or client id; none is fine.
///
/// # Errors
/// Shows the value if it holds anything but letters, digits, `.` and `-`, or is empty.
pub(super) fn check_id(what: &str, value: Option<&str>) -> Result<(), AuthError> {
    value.map_or(Ok(()), |value| check(what, value, ".-"))
}

/// Checks the characters of a scope such as `https://cognitiveservices.azure.com/.default`. Every acquisition
/// does it too; whoever reads a configuration can say it at once.
///
/// # Errors
/// Shows the scope if it holds anything but letters, digits and `.-:/`, or is empty.
pub fn check_scope(scope: &str) -> Result<(), AuthError> {
    check("scope", scope, ".-:/")
}

fn check(what: &str, value: &str, also: &str) -> Result<(), AuthError> {
    let valid = |character: char| character.is_ascii_alphanumeric() || also.contains(character);
    // A hyphen at the beginning would be an option of a command.
    if !value.is_empty() && !value.starts_with('-') && value.chars().all(valid) {
        return Ok(());
    }
    let shown: String = value.chars().filter(|character| !character.is_control()).take(80).collect();
    let message = format!("the {what} `{shown}` is malformed; it has letters, digits and `{also}` only");
    Err(AuthError::new(AuthErrorKind::Configuration, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_all_clouds_and_of_applications_are_well_formed() {
        for scope in [
            "https://cognitiveservices.azure.com/.default",
            "https://cognitiveservices.azure.us/.default",
            "api://11111111-2222-3333-4444-555555555555/.default",
            "https://gateway.example:8443/.default",
        ] {
            assert_eq!(check_scope(scope), Ok(()), "{scope}");
        }
    }

    #[test]
    fn a_scope_that_a_command_line_would_read_otherwise_is_refused() {
        for scope in ["", " ", "-o", "https://a/.default https://b/.default", "a'b", "$(id)", "a;b", "a\nb"] {
            let error = check_scope(scope).unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::Configuration, "{scope}");
            assert!(error.message.contains("scope") && !error.message.contains('\n'), "{error}");
        }
    }

    #[test]
    fn an_id_has_no_slash_and_may_be_missing() {
        assert_eq!(check_id("tenant id", None), Ok(()));
        assert_eq!(check_id("tenant id", Some("contoso.onmicrosoft.com")), Ok(()));
        assert!(check_id("tenant id", Some("a/b")).is_err());
    }
}
