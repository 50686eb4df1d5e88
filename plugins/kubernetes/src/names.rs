//! Names that a model gave, checked before a path is built from them.

use holmes_plugin::ToolError;

/// Words that people use for "every namespace".
const EVERYWHERE: &[&str] = &["", "*", "all", "all-namespaces", "-A", "none", "null"];

/// A namespace, or none for all of them.
pub(crate) fn namespace(given: Option<&str>) -> Result<Option<String>, ToolError> {
    let Some(given) = given.map(str::trim).filter(|given| !EVERYWHERE.contains(given)) else {
        return Ok(None);
    };
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let well_formed =
        given.len() <= 63 && given.chars().all(allowed) && !given.starts_with('-') && !given.ends_with('-');
    if well_formed {
        return Ok(Some(given.to_owned()));
    }
    Err(ToolError::invalid(format!(
        "`{}` is not a namespace name: expected at most 63 lower-case letters, digits and `-`",
        given.escape_debug()
    )))
}

/// A namespace that must be there.
pub(crate) fn one_namespace(given: &str) -> Result<String, ToolError> {
    namespace(Some(given))?.ok_or_else(|| {
        ToolError::invalid("one namespace is needed here; for all of them use kubectl_get_by_kind_in_cluster")
    })
}

/// An object's name.
pub(crate) fn object(given: &str) -> Result<String, ToolError> {
    let given = given.trim();
    // RBAC objects have colons in their names, a few CRDs underscores and upper case.
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | ':' | '_');
    let well_formed = !given.is_empty()
        && given.len() <= 253
        && given.chars().all(allowed)
        && given.chars().any(|letter| letter.is_ascii_alphanumeric())
        && !given.contains("..");
    if well_formed {
        return Ok(given.to_owned());
    }
    Err(ToolError::invalid(format!(
        "`{}` is not an object name: expected letters, digits, `-` and `.`, without the kind",
        given.escape_debug()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_change_the_path_is_refused() {
        for bad in ["", "a/b", "..", "a b", "a?x=1", "%2e%2e", "."] {
            assert!(object(bad).is_err(), "{bad}");
        }
        assert_eq!(object(" system:node ").unwrap(), "system:node");
    }

    #[test]
    fn an_invalid_namespace_is_refused_and_an_empty_one_means_all() {
        for bad in ["kube/system", "UPPER", "-a", "a-", "../x"] {
            assert!(namespace(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(namespace(Some("")).unwrap(), None);
        assert_eq!(namespace(Some("billing")).unwrap(), Some("billing".to_owned()));
        assert!(one_namespace("*").is_err());
    }
}
