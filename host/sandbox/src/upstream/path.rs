//! Normalises the path of a guest's request: after this, no segment can leave the upstream's origin.
//!
//! The invariant: what [`encode`] builds starts with exactly one slash, has no `.` or `..` segment, and
//! holds nothing but unreserved characters, percent-encoded bytes and the slashes between segments.

use std::fmt::Write as _;

/// Longer than any path that Kubernetes or ARM makes (names are at most 253 bytes, ARM ids about 2,000),
/// and shorter than the 8 KiB at which servers start to refuse request lines in words of their own.
const MAX_PATH_BYTES: usize = 4096;

/// Why a path is not one that a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is relative, or has a scheme or an authority.
    #[error("a path must start with `/`")]
    NotAbsolute,
    /// It is longer than the limit.
    #[error("a path may have at most {MAX_PATH_BYTES} bytes")]
    TooLong,
    /// Two slashes in a row, or one at the end.
    #[error("a path may not have an empty segment")]
    EmptySegment,
    /// `.` or `..`.
    #[error("a path may not have a `.` or `..` segment")]
    DotSegment,
    /// A backslash, a control character, `?` or `#`.
    #[error("a path may not hold a backslash, a control character, `?` or `#`")]
    ForbiddenCharacter,
}

/// The segments of an absolute path that is not encoded.
pub(crate) fn normalise(path: &str) -> Result<Vec<String>, PathError> {
    if path.len() > MAX_PATH_BYTES {
        return Err(PathError::TooLong);
    }
    let relative = path.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
    if relative.contains(|character: char| matches!(character, '\\' | '?' | '#') || character.is_control()) {
        return Err(PathError::ForbiddenCharacter);
    }
    relative.split('/').map(segment).collect()
}

/// The path of a URL: every segment percent-encoded, so that a guest's own `%2e%2e` arrives as `%252e%252e`.
pub(crate) fn encode<S: AsRef<str>>(segments: &[S]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        for byte in segment.as_ref().bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                path.push(char::from(byte));
            } else {
                // Writing into a string cannot fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}

fn segment(text: &str) -> Result<String, PathError> {
    match text {
        "" => Err(PathError::EmptySegment),
        "." | ".." => Err(PathError::DotSegment),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_that_could_leave_its_origin_is_refused_or_encoded() {
        let long = format!("/{}", "a".repeat(8 * 1024));
        for (path, expected) in [
            ("//evil", Err(PathError::EmptySegment)),
            ("/../", Err(PathError::DotSegment)),
            ("/a/./b", Err(PathError::DotSegment)),
            ("/a\\b", Err(PathError::ForbiddenCharacter)),
            ("/a\r\nhost: evil", Err(PathError::ForbiddenCharacter)),
            ("/a?b", Err(PathError::ForbiddenCharacter)),
            ("/a#b", Err(PathError::ForbiddenCharacter)),
            ("http://evil/a", Err(PathError::NotAbsolute)),
            ("user@evil", Err(PathError::NotAbsolute)),
            ("", Err(PathError::NotAbsolute)),
            ("/", Err(PathError::EmptySegment)),
            ("/a/", Err(PathError::EmptySegment)),
            (long.as_str(), Err(PathError::TooLong)),
            ("/@evil", Ok("/%40evil")),
            ("/%2e%2e/a", Ok("/%252e%252e/a")),
            ("/api/v1/nodes/a:b", Ok("/api/v1/nodes/a%3Ab")),
            ("/ü\u{202e}", Ok("/%C3%BC%E2%80%AE")),
        ] {
            let built = normalise(path).map(|segments| encode(&segments));
            assert_eq!(built.as_deref().map_err(|error| *error), expected, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn no_input_leaves_the_origin(path in "(/|[./%@:\\\\?#a-z0-9]|\\PC|\\r|\\n){0,60}") {
            if let Ok(segments) = normalise(&path) {
                let encoded = encode(&segments);
                let url: http::Uri = format!("https://origin.example/base{encoded}").parse().unwrap();
                prop_assert_eq!(url.host(), Some("origin.example"));
                prop_assert_eq!(url.port(), None);
                prop_assert_eq!(url.query(), None);
                let prefix = format!("/base{encoded}");
                prop_assert_eq!(url.path(), prefix.as_str());
                prop_assert!(encoded.split('/').skip(1).all(|part| !part.is_empty() && part != "." && part != ".."));
            }
        }

        #[test]
        fn segments_survive_encoding(segments in proptest::collection::vec("[^/]{1,20}", 1..5)) {
            let encoded = encode(&segments);
            prop_assert_eq!(encoded.matches('/').count(), segments.len());
        }
    }
}
